//! The run as a task sees it.

use std::path::Path;
use std::sync::Arc;

use lossnet_core::engine_protocol::{DatasetRequest, RunRequest};
use lossnet_plugin_api::component::{LossNetwork, Run, Samples, Services};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::{Progress, Report, RunContext, SampleRows};
use lossnet_plugin_protocol::sample::{FetchRequest, OpenSplit, Sample};

use super::cells::SharedCells;
use super::network::GroupNetwork;
use crate::caller::Caller;
use crate::registry;
use crate::services::EngineServices;
use crate::source::{Backbone, Purpose, layers};

/// One group at work.
pub(super) struct Host {
    request: RunRequest,
    context: RunContext,
    cells: Arc<SharedCells>,
    network: GroupNetwork,
    caller: Arc<Caller>,
    services: Arc<EngineServices>,
    /// What progress is shown under.
    label: String,
}

impl Host {
    pub(super) fn new(
        request: &RunRequest,
        context: RunContext,
        cells: Arc<SharedCells>,
        network: GroupNetwork,
        caller: &Arc<Caller>,
    ) -> Host {
        Host {
            label: request.backbone.backbone.component.name.clone(),
            context,
            cells,
            network,
            services: Arc::new(EngineServices::new(caller, request.backbone.files.offline)),
            caller: Arc::clone(caller),
            request: request.clone(),
        }
    }

    /// The dataset that a split is of, and the split without the dataset's label.
    fn dataset<'a>(&'a self, split: &'a str) -> Result<(&'a DatasetRequest, &'a str), PluginError> {
        let Some((label, split)) = split.split_once(':') else { return Ok((&self.request.data, split)) };
        let found = self.request.test.iter().find(|(known, _)| known == label);
        found.map(|(_, data)| (data, split)).ok_or_else(|| {
            PluginError::input(format!("the config has no [data.test.{label}], and the task asks for it"))
        })
    }
}

impl Run for Host {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        let (data, split) = self.dataset(split)?;
        let open = OpenSplit {
            split: split.to_owned(),
            folder: data.folder.clone(),
            offline: self.request.backbone.files.offline,
            seed: 0,
        };
        let services: Arc<dyn Services> = Arc::clone(&self.services) as Arc<dyn Services>;
        let samples = registry::open_dataset(&data.dataset, &open, services)?;
        Ok(match data.limit {
            Some(limit) if limit < samples.len() => Box::new(First { samples, count: limit }),
            _ => samples,
        })
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        Ok(Box::new(self.network.clone()))
    }

    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError> {
        let cell = self.request.cells.first().ok_or_else(|| PluginError::run("a run without cells"))?;
        let mut request = self.request.backbone.clone();
        if let Some(seed) = random {
            request.weights = format!("random:{seed}");
        }
        let layers = layers(&cell.layers);
        let backbone = Backbone::open(&request, layers.iter().cloned(), Purpose::Training, &self.caller)?;
        let spec = backbone.loss_network(&layers, &cell.comparison)?;
        Ok(Box::new(GroupNetwork::new(backbone, vec![spec])?))
    }

    fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError> {
        self.cells.report(cell, report)?;
        self.cells.notices().into_iter().for_each(|notice| self.caller.notice(notice));
        Ok(())
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
