//! A run in memory whose cell has a config, and samples that are not evaluated.

use std::path::Path;

use lossnet_plugin_api::component::{LossNetwork, Run, Samples, Services};
use lossnet_plugin_api::prelude::PluginError;
use lossnet_plugin_api::protocol::report::{Progress, Report, RunContext, SampleRows};
use lossnet_plugin_api::protocol::sample::FetchRequest;
use lossnet_plugin_kit::testing::MemoryRun;
use serde_json::Value;

pub(crate) struct Configured {
    pub(crate) memory: MemoryRun,
    /// Where further splits come from.
    pub(crate) other: Option<MemoryRun>,
    pub(crate) context: RunContext,
}

impl Configured {
    /// The run with this config for its cell.
    pub(crate) fn new(memory: MemoryRun, config: Value) -> Configured {
        let mut context = memory.context().clone();
        let Value::Object(config) = config else { panic!("a config is a table") };
        context.cells[0].config = config;
        Configured { memory, other: None, context }
    }

    /// The same with the samples of another run, which are not evaluated.
    pub(crate) fn also(self, other: MemoryRun) -> Configured {
        Configured { other: Some(other), ..self }
    }
}

impl Run for Configured {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        match &self.other {
            Some(other) => other.samples(split).or_else(|_| self.memory.samples(split)),
            None => self.memory.samples(split),
        }
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        self.memory.loss_network()
    }

    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError> {
        self.memory.trainable_network(random)
    }

    fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError> {
        self.memory.report(cell, report)
    }

    fn recorded(&self, cell: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError> {
        self.memory.recorded(cell, split, first, count)
    }
}

impl Services for Configured {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.memory.fetch(request)
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        self.memory.unpack(archive, into)
    }

    fn notice(&self, message: &str) {
        self.memory.notice(message);
    }

    fn progress(&self, progress: &Progress) {
        self.memory.progress(progress);
    }

    fn cancelled(&self) -> bool {
        self.memory.cancelled()
    }
}
