//! What results depend on.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use crate::leaderboards::weights_name;
use crate::report::data::Provenance;
use crate::results::CompleteCell;
use lossnet_core::model::ResolvedConfig;

/// So many kinds of provenance are shown; with their configs they take about 3 KB each.
const MOST: usize = 300;

/// Groups cells by all that they depend on, the experiments in their order and the larger groups first.
///
/// What can't be written is told, what is left out is noted.
pub(super) fn of(
    cells: &[Arc<CompleteCell>],
    told: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Vec<Provenance> {
    let mut found: Vec<Provenance> = Vec::new();
    let mut known: HashMap<(String, BTreeMap<String, String>), usize> = HashMap::new();
    for cell in cells {
        let facts = facts(cell);
        let position = *known.entry((cell.experiment.clone(), facts.clone())).or_insert(found.len());
        if position == found.len() {
            let config = without_folders(&cell.result.cell.config).to_toml().unwrap_or_else(|error| {
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
        notes.push(format!("{left_out} of {} kinds of provenance omitted (limit: {MOST}).", found.len()));
        found.truncate(MOST);
    }
    found
}

/// The config with files by their names alone: where they lie on this machine is nothing for those a report is shown to.
fn without_folders(config: &ResolvedConfig) -> ResolvedConfig {
    fn shorten(path: &mut String) {
        let name = Path::new(path.as_str()).file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|_| path.contains('/')) {
            *path = name.to_owned();
        }
    }
    let mut config = config.clone();
    let network = &mut config.loss_network;
    shorten(&mut network.weights);
    network.calibration.as_mut().into_iter().for_each(shorten);
    let tests = config.data.test.values_mut().filter_map(|data| data.folder.as_mut());
    tests.chain(config.data.folder.as_mut()).for_each(shorten);
    config
}

fn facts(cell: &CompleteCell) -> BTreeMap<String, String> {
    let result = &cell.result;
    let config = &result.cell.config;
    let plugins = result.versions.plugins.iter().map(|(name, version)| format!("{name} {version}"));
    let facts = [
        ("task", config.task.name.clone()),
        ("dataset", config.data.dataset.name.clone()),
        ("backbone", config.loss_network.backbone.name.clone()),
        ("weights", weights_name(&result.cell).to_owned()),
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
