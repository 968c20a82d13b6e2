//! What results depend on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::report::data::Provenance;
use crate::results::CompleteCell;

/// So many kinds of provenance are shown; with their configs they take about 3 KB each.
const MOST: usize = 300;

/// Groups cells by all that they depend on, the experiments in their order and the larger groups first.
pub(super) fn of(cells: &[Arc<CompleteCell>], told: &mut Vec<String>) -> Vec<Provenance> {
    let mut found: Vec<Provenance> = Vec::new();
    let mut known: HashMap<(String, BTreeMap<String, String>), usize> = HashMap::new();
    for cell in cells {
        let facts = facts(cell);
        let position = *known.entry((cell.experiment.clone(), facts.clone())).or_insert(found.len());
        if position == found.len() {
            let config = cell.result.cell.config.to_toml().unwrap_or_else(|error| {
                told.push(format!(
                    "the config of the cell {} can't be written: {error}",
                    cell.result.cell.id
                ));
                String::new()
            });
            let (experiment, signature) = (cell.experiment.clone(), cell.result.signature.clone());
            found.push(Provenance { experiment, cells: 0, facts, config, signature });
        }
        found[position].cells += 1;
    }
    found.sort_by(|a, b| a.experiment.cmp(&b.experiment).then(b.cells.cmp(&a.cells)));
    if found.len() > MOST {
        let left_out = found.len() - MOST;
        told.push(format!("{left_out} of {} kinds of provenance are not shown", found.len()));
        found.truncate(MOST);
    }
    found
}

fn facts(cell: &CompleteCell) -> BTreeMap<String, String> {
    let result = &cell.result;
    let config = &result.cell.config;
    let plugins = result.versions.plugins.iter().map(|(name, version)| format!("{name} {version}"));
    let facts = [
        ("task", config.task.name.clone()),
        ("dataset", config.data.dataset.name.clone()),
        ("backbone", config.loss_network.backbone.name.clone()),
        ("weights", config.loss_network.weights.clone()),
        ("weights_sha256", result.weights.clone()),
        ("protocol_version", result.cell.protocol_version.to_string()),
        ("lossnet", result.versions.lossnet.clone()),
        ("libtorch", result.versions.libtorch.clone()),
        ("plugins", plugins.collect::<Vec<_>>().join(", ")),
        ("device", result.device.clone()),
        ("precision", config.run.precision.clone()),
        ("deterministic", config.run.deterministic.to_string()),
        ("seed", config.run.seed.to_string()),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
