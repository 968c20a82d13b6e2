//! How long groups took that are done.

use std::collections::{BTreeMap, BTreeSet};

use lossnet_plugin_protocol::Kind;
use serde_json::{Map, Value};

use lossnet_core::model::Cell;
use lossnet_core::model::{Component, essential};
use lossnet_core::store::{ExperimentFolder, Store};
use lossnet_plan::catalog::Catalog;

/// More results than these are not read: a plan is to be quick.
const MOST_RESULTS: usize = 1000;

/// A pass over the data that served a group.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// What must be equal for its time to tell of another's.
    pub(super) work: String,
    pub(super) backbone: Component,
    /// The layers of all its cells, by their dotted names.
    pub(super) nodes: BTreeSet<String>,
    pub(super) seconds: f64,
    /// The device that computed it, `cpu` or `cuda:N`.
    pub(super) device: String,
}

/// The passes of which results are kept, those of `first` before others. Results that can't be read tell nothing; the command that
/// gathers results says so.
pub(super) fn passes(store: &Store, first: &ExperimentFolder, catalog: &Catalog) -> Vec<Pass> {
    let mut experiments = vec![first.clone()];
    let others = store.experiments().unwrap_or_default();
    experiments.extend(others.into_iter().filter(|other| other.name() != first.name()));
    let mut passes: BTreeMap<(String, u64, u64), Pass> = BTreeMap::new();
    let mut read = 0;
    for experiment in &experiments {
        for (_, folder) in experiment.cells().unwrap_or_default() {
            if read == MOST_RESULTS {
                break;
            }
            let Ok(Some(result)) = folder.result() else { continue };
            read += 1;
            let cell = &result.cell;
            // Cells of one pass have its seed and the time that it took, to the bit; they begin one after the other.
            let key = (experiment.name().to_owned(), cell.seed, result.seconds.to_bits());
            let pass = passes.entry(key).or_insert_with(|| Pass {
                work: work(cell, catalog),
                backbone: cell.config.loss_network.backbone.clone(),
                nodes: BTreeSet::new(),
                seconds: result.seconds,
                device: result.device.clone(),
            });
            pass.nodes.extend(cell.config.loss_network.nodes.iter().cloned());
        }
    }
    passes.into_values().filter(|pass| pass.seconds > 0.0).collect()
}

/// The settings of a cell on which its work depends, beside its loss network: the task's but for seeds, the data's, the
/// precision, and the size of images.
pub(super) fn work(cell: &Cell, catalog: &Catalog) -> String {
    let config = &cell.config;
    let essential = |kind: Kind, component: &Component| match catalog.get(kind, &component.name) {
        Ok(manifest) => essential(&manifest.config_schema, &component.settings),
        Err(_) => component.settings.clone(),
    };
    let mut task: Map<String, Value> = essential(Kind::Task, &config.task);
    task.retain(|key, _| !key.ends_with("seed"));
    let data = essential(Kind::Dataset, &config.data.dataset);
    let test: Vec<Value> = config.data.test.values().map(|data| Value::Object(data.to_map())).collect();
    let parts: [Value; 9] = [
        config.task.name.clone().into(),
        Value::Object(task),
        config.data.dataset.name.clone().into(),
        Value::Object(data),
        config.data.splits.clone().into(),
        config.data.limit.into(),
        Value::Array(test),
        config.run.precision.clone().into(),
        config.loss_network.size.into(),
    ];
    lossnet_core::model::canonical(&Value::Array(parts.into()))
}
