//! A run that evaluates one of its splits.

use std::path::Path;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::testing::MemoryRun;

use crate::common::Pooled;

/// A [`MemoryRun`] with [`Pooled`] whose split `test` is evaluated, whatever others there are.
pub(crate) struct PooledRun {
    pub(crate) memory: MemoryRun,
    context: RunContext,
}

impl PooledRun {
    pub(crate) fn new(memory: MemoryRun) -> PooledRun {
        let context = RunContext { splits: vec!["test".to_owned()], ..memory.context().clone() };
        PooledRun { memory, context }
    }
}

impl Run for PooledRun {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        self.memory.samples(split)
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        Ok(Box::new(Pooled))
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

impl Services for PooledRun {
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
