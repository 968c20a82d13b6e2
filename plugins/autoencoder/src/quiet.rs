//! A run that keeps quiet about single steps.

use lossnet_plugin_api::prelude::*;

/// A run for trainings of very many, very small steps: the losses of single steps, of which there would be hundreds of
/// thousands, are not recorded, those of epochs are.
pub(crate) struct Quiet<'a>(pub(crate) &'a dyn Run);

impl Run for Quiet<'_> {
    fn context(&self) -> &RunContext {
        self.0.context()
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        self.0.samples(split)
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        self.0.loss_network()
    }

    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError> {
        self.0.trainable_network(random)
    }

    fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError> {
        match report {
            Report::Scalar(scalar) if scalar.name.ends_with("/step_loss") => Ok(()),
            _ => self.0.report(cell, report),
        }
    }

    fn recorded(&self, cell: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError> {
        self.0.recorded(cell, split, first, count)
    }
}

impl Services for Quiet<'_> {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.0.fetch(request)
    }

    fn unpack(&self, archive: &std::path::Path, into: &std::path::Path) -> Result<(), PluginError> {
        self.0.unpack(archive, into)
    }

    fn notice(&self, message: &str) {
        self.0.notice(message);
    }

    fn progress(&self, progress: &Progress) {
        self.0.progress(progress);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
