//! From groups of a plan to requests for the engine.

use std::path::Path;

use lossnet_plugin_protocol::Kind;

use crate::context::Context;
use crate::failure::Failure;
use lossnet_core::engine_protocol::{
    BackboneRequest, CellRequest, ComparisonRequest, Configured, DatasetRequest, Files, RunRequest,
};
use lossnet_core::model::{Cell, Group, Plan};
use lossnet_core::model::{Component, DataSection};

/// What a worker is told that goes before its config.
#[derive(Clone, Debug, Default)]
pub(crate) struct Adjust {
    /// The device.
    pub(crate) device: Option<String>,
    /// Threads to compute with.
    pub(crate) threads: Option<usize>,
}

/// Makes requests of one run.
pub(crate) struct Requests<'a> {
    plan: &'a Plan,
    logs: &'a Path,
    context: &'a Context,
    adjust: Adjust,
}

impl<'a> Requests<'a> {
    /// Checks that every component of these cells of the plan, and every tracker, can be had.
    pub(crate) fn new(
        plan: &'a Plan,
        cells: impl IntoIterator<Item = &'a Cell>,
        logs: &'a Path,
        context: &'a Context,
        adjust: Adjust,
    ) -> Result<Requests<'a>, Failure> {
        let requests = Requests { plan, logs, context, adjust };
        for cell in cells {
            for (kind, component) in cell.config.components() {
                requests.configured(kind, component)?;
            }
        }
        requests.trackers()?;
        Ok(requests)
    }

    /// The request for these cells of a group.
    pub(crate) fn group(&self, group: &Group, cells: &[&Cell]) -> Result<RunRequest, Failure> {
        let first = cells.first().copied().ok_or_else(|| Failure::usage("a group without cells"))?;
        let config = &first.config;
        let network = &config.loss_network;
        let offline = config.run.offline || self.context.offline();
        let test = config.data.test.iter();
        let test = test.map(|(label, data)| Ok((label.clone(), self.data(data)?)));
        Ok(RunRequest {
            logs: self.logs.to_owned(),
            checkpoints: lossnet_core::folders::checkpoints(self.logs),
            experiment: self.plan.experiment.clone(),
            task: self.configured(Kind::Task, &config.task)?,
            data: self.data(&config.data)?,
            test: test.collect::<Result<_, Failure>>()?,
            backbone: BackboneRequest {
                backbone: self.configured(Kind::Backbone, &network.backbone)?,
                weights: network.weights.clone(),
                normalize: network.normalize.clone(),
                check_all_weights: network.check_all_weights,
                exif_orientation: false,
                size: network.size.map(|size| size as usize),
                device: self.adjust.device.clone().unwrap_or_else(|| config.run.device.clone()),
                precision: config.run.precision.clone(),
                files: Files { weights: lossnet_core::folders::weights(), offline },
            },
            cells: cells.iter().map(|cell| self.cell(cell)).collect::<Result<_, _>>()?,
            batch_size: config.run.batch_size as usize,
            threads: self.adjust.threads.unwrap_or(config.run.threads as usize),
            num_workers: config.run.num_workers as usize,
            seed: group.seed,
            deterministic: config.run.deterministic,
            trackers: self.trackers()?,
            varied: self.plan.surroundings.varied.clone(),
        })
    }

    fn trackers(&self) -> Result<Vec<Configured>, Failure> {
        let trackers = &self.plan.surroundings.trackers;
        trackers.iter().map(|tracker| self.configured(Kind::Tracker, tracker)).collect()
    }

    fn data(&self, data: &DataSection) -> Result<DatasetRequest, Failure> {
        let details = &self.context.manifest(Kind::Dataset, &data.dataset.name)?.details;
        Ok(DatasetRequest {
            dataset: self.configured(Kind::Dataset, &data.dataset)?,
            folder: lossnet_core::folders::dataset(data.folder.as_deref(), &data.dataset.name),
            splits: data.splits.clone(),
            known_splits: details.splits.clone(),
            asks_people: details.asks_people,
            limit: data.limit.map(|limit| limit as usize),
        })
    }

    fn cell(&self, cell: &Cell) -> Result<CellRequest, Failure> {
        let network = &cell.config.loss_network;
        let terms = network.comparison.terms.iter().map(|term| self.configured(Kind::Comparison, term));
        Ok(CellRequest {
            cell: cell.clone(),
            layers: network.layers.clone(),
            comparison: ComparisonRequest {
                name: network.comparison.name.clone(),
                terms: terms.collect::<Result<_, _>>()?,
                calibration: network.calibration.clone().map(Into::into),
            },
        })
    }

    fn configured(&self, kind: Kind, component: &Component) -> Result<Configured, Failure> {
        Ok(Configured {
            component: self.context.component(kind, &component.name)?,
            config: component.settings.clone(),
        })
    }
}
