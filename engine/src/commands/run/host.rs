//! The run as a task sees it.

use std::path::Path;
use std::sync::Arc;

use lossnet::engine::protocol::RunRequest;
use lossnet_plugin_api::component::{LossNetwork, Run, Samples, Services};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::{Progress, Report, RunContext, SampleRows};
use lossnet_plugin_protocol::sample::{FetchRequest, OpenSplit, Sample};

use super::cells::SharedCells;
use super::network::GroupNetwork;
use crate::entry::Caller;
use crate::registry;
use crate::services::EngineServices;
use crate::session::LossNetworkSpec;
use crate::source::Backbone;

/// One group at work.
pub(super) struct Host {
    request: RunRequest,
    context: RunContext,
    cells: Arc<SharedCells>,
    network: GroupNetwork,
    services: Arc<EngineServices>,
    /// What progress is shown under.
    label: String,
}

impl Host {
    pub(super) fn new(
        request: &RunRequest,
        context: RunContext,
        cells: Arc<SharedCells>,
        backbone: Backbone,
        specs: Vec<LossNetworkSpec>,
        caller: &Arc<Caller>,
    ) -> Host {
        Host {
            label: request.backbone.backbone.component.name.clone(),
            context,
            cells,
            network: GroupNetwork::new(backbone, specs),
            services: Arc::new(EngineServices::new(caller, request.backbone.files.offline)),
            request: request.clone(),
        }
    }
}

impl Run for Host {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        let open = OpenSplit {
            split: split.to_owned(),
            folder: self.request.dataset_folder.clone(),
            offline: self.request.backbone.files.offline,
            seed: 0,
        };
        let services: Arc<dyn Services> = Arc::clone(&self.services) as Arc<dyn Services>;
        let samples = registry::open_dataset(&self.request.dataset, &open, services)?;
        Ok(match self.request.limit {
            Some(limit) if limit < samples.len() => Box::new(First { samples, count: limit }),
            _ => samples,
        })
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        Ok(Box::new(self.network.clone()))
    }

    fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError> {
        self.cells.report(cell, report)
    }

    fn recorded(&self, cell: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError> {
        self.cells.read(cell, split, first, count)
    }
}

impl Services for Host {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.services.fetch(request)
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        self.services.unpack(archive, into)
    }

    fn notice(&self, message: &str) {
        self.services.notice(message);
    }

    fn progress(&self, progress: &Progress) {
        let stage = format!("{} {}", self.label, progress.stage);
        self.services.progress(&Progress { stage, ..progress.clone() });
    }

    fn cancelled(&self) -> bool {
        self.services.cancelled()
    }
}

/// The first samples of a split.
struct First {
    samples: Box<dyn Samples>,
    count: usize,
}

impl Samples for First {
    fn len(&self) -> usize {
        self.count
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        self.samples.sample(index)
    }
}
