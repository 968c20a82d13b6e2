//! Runs a group of cells in one pass.

mod cells;
mod host;
mod network;
mod trackers;

use std::sync::Arc;
use std::time::Instant;

use lossnet::engine::protocol::{CellOutcome, RunRequest};
use lossnet::store::{Store, Versions};
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde_json::Value;

use crate::entry::Caller;
use crate::registry;
use crate::source::{Backbone, Purpose, device_name, layers};
use cells::Cells;
use host::Host;

/// Runs those cells of the group that nobody else is at, and stores what they find.
///
/// Fails only if results can't be stored; everything else is an outcome of the cells.
pub(super) fn run(request: &RunRequest, caller: &Arc<Caller>) -> Result<Vec<CellOutcome>, PluginError> {
    let store = Store::new(&request.logs);
    let (mut cells, mine) = Cells::begin(&store.experiment(&request.experiment), request)?;
    let mut outcomes = vec![CellOutcome::Elsewhere; request.cells.len()];
    if mine.is_empty() {
        return Ok(outcomes);
    }
    let started = Instant::now();
    let ended = attempt(request, &mine, &mut cells, caller);
    for (&position, outcome) in mine.iter().zip(cells.end(&ended, started.elapsed(), caller)?) {
        outcomes[position] = outcome;
    }
    Ok(outcomes)
}

/// What a complete cell's result says beside its metrics.
#[derive(Debug)]
struct Provenance {
    signatures: Vec<String>,
    weights: String,
    device: String,
    versions: Versions,
}

/// One attempt at all cells of the group that are this process's.
fn attempt(
    request: &RunRequest,
    mine: &[usize],
    cells: &mut Cells,
    caller: &Arc<Caller>,
) -> Result<Provenance, PluginError> {
    let requests: Vec<_> = mine.iter().map(|&position| &request.cells[position]).collect();
    let union = requests.iter().flat_map(|cell| layers(&cell.layers));
    let backbone = Backbone::open(&request.backbone, union, Purpose::Evaluation, caller)?;
    if request.deterministic && backbone.session.device() != tch::Device::Cpu {
        return Err(PluginError::input(
            "`run.deterministic` was asked for, and on CUDA lossnet can't promise the same bits every time: set \
             `run.device` to cpu, or leave it out",
        ));
    }
    let mut specs = Vec::new();
    let mut signatures = Vec::new();
    for cell in &requests {
        let layers = layers(&cell.layers);
        let spec = backbone.loss_network(&layers, &cell.comparison)?;
        let protocol = format!("{}.{}", request.task.component.name, cell.cell.protocol_version);
        signatures.push(backbone.signature(&layers, Some((&cell.comparison, &spec)), &protocol).to_string());
        specs.push(spec);
    }
    let provenance = Provenance {
        signatures,
        weights: backbone.weights.clone(),
        device: device_name(backbone.session.device()),
        versions: versions(request)?,
    };
    let context = cells.context(request, mine, &provenance.device)?;
    let plugin = registry::task(&request.task.component)?;
    let host = Arc::new(Host::new(request, context, cells.share(), backbone, specs, caller)?);
    let settings = Value::Object(request.task.config.clone());
    plugin.run_task(&request.task.component.name, &settings, host)?;
    if caller.stopped() {
        return Err(PluginError::new(ErrorKind::Interrupted, "interrupted"));
    }
    Ok(provenance)
}

/// The plugins that take part, with their versions.
fn versions(request: &RunRequest) -> Result<Versions, PluginError> {
    let mut components = vec![&request.task, &request.data.dataset, &request.backbone.backbone];
    components.extend(request.test.iter().map(|(_, data)| &data.dataset));
    components.extend(request.cells.iter().flat_map(|cell| &cell.comparison.terms));
    let mut versions = Versions {
        lossnet: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: lossnet_plugin_api::LIBTORCH_VERSION.to_owned(),
        ..Versions::default()
    };
    for component in components {
        let plugin = registry::plugin(&component.component.plugin)?;
        let manifest = plugin.manifest();
        versions.plugins.insert(manifest.name.clone(), manifest.version.clone());
    }
    Ok(versions)
}
