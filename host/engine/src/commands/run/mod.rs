//! Runs a group of cells in one pass.

mod cells;
mod cost;
mod host;
mod inputs;
mod network;
mod trackers;
mod truthful;
mod usage;

use std::sync::{Arc, OnceLock};

use lossnet_core::engine_protocol::{CellOutcome, Configured, RunRequest};
use lossnet_core::inputs::Sums;
use lossnet_core::model::telling;
use lossnet_core::signature::Signature;
use lossnet_core::store::{Cost, Spent, Store, Versions};
use lossnet_plugin_protocol::{ErrorKind, Kind, PluginError};
use serde_json::Value;

use crate::caller::Caller;
use crate::located;
use crate::registry;
use crate::source::{Backbone, Purpose, device_name, layers};
use cells::Cells;
use host::Host;
use network::GroupNetwork;

/// Runs those cells of the group that nobody else is at, and stores what they find.
///
/// Fails only if results can't be stored; everything else is an outcome of the cells.
pub(super) fn run(request: &RunRequest, caller: &Arc<Caller>) -> Result<Vec<CellOutcome>, PluginError> {
    compute_with(request.threads);
    let store = Store::new(&request.logs);
    let (mut cells, mine) = Cells::begin(store.experiment(&request.experiment), request)?;
    let mut outcomes = vec![CellOutcome::Elsewhere; request.cells.len()];
    if mine.is_empty() {
        return Ok(outcomes);
    }
    let ended = match cells.forget_if_new(request).and_then(|()| inputs::check(request)) {
        Ok(()) => {
            let ended = unmixed(attempt_in_memory(request, &mine, &mut cells, caller), request, &mut cells)?;
            ended.and_then(|provenance| cells.check_results().map(|()| provenance))
        }
        Err(error) => Err(error),
    };
    for (&position, outcome) in mine.iter().zip(cells.end(&ended, caller)?) {
        outcomes[position] = outcome;
    }
    Ok(outcomes)
}

/// Throws away what was recorded if a file has changed meanwhile: nobody knows which of the two a score is of. However the
/// attempt has ended, the next one must not go on from there.
fn unmixed(
    ended: Result<Provenance, PluginError>,
    request: &RunRequest,
    cells: &mut Cells,
) -> Result<Result<Provenance, PluginError>, PluginError> {
    let Some(changed) = inputs::changed(request) else { return Ok(ended) };
    let why = format!("{changed} changed while the cells were computed");
    cells.discard(request, &why)?;
    let error = PluginError::input(format!("{why}: what was recorded is thrown away"));
    Ok(Err(error.with_help(inputs::AGAIN)))
}

/// Attempts with smaller and smaller batches as long as memory runs out. Scores that are recorded stay.
///
/// Only what is evaluated is in such batches: its results do not depend on them. A task tells of a training batch that does
/// not fit by another kind of error.
fn attempt_in_memory(
    request: &RunRequest,
    mine: &[usize],
    cells: &mut Cells,
    caller: &Arc<Caller>,
) -> Result<Provenance, PluginError> {
    let mut request = request.clone();
    let mut short = false;
    loop {
        let error = match attempt(&request, mine, cells, short, caller) {
            Err(error) if error.kind == ErrorKind::OutOfMemory => error,
            ended => return ended,
        };
        if request.batch_size <= 1 {
            return Err(error.context("even one sample at a time is too much").with_help(
                "use smaller images or fewer layers at once, or a device with more memory; other programs may use it, too",
            ));
        }
        let smaller = request.batch_size / 2;
        caller.notice(format!(
            "memory ran out while evaluating {} samples at a time: going on with {smaller} (run.batch_size = {smaller} \
             would begin with that)",
            request.batch_size
        ));
        cells.again(&format!("memory ran out: going on with batches of {smaller}"))?;
        request.batch_size = smaller;
        short = true;
    }
}

/// What a complete cell's result says beside its metrics.
#[derive(Debug)]
struct Provenance {
    signatures: Vec<String>,
    weights: String,
    device: String,
    versions: Versions,
    /// What the task has cost in this attempt.
    spent: Spent,
    /// What each cell's loss network costs as a loss.
    costs: Vec<Option<Cost>>,
}

/// One attempt at all cells of the group that are this process's; `short_of_memory` if memory ran out in an earlier one.
fn attempt(
    request: &RunRequest,
    mine: &[usize],
    cells: &mut Cells,
    short_of_memory: bool,
    caller: &Arc<Caller>,
) -> Result<Provenance, PluginError> {
    let requests: Vec<_> = mine.iter().map(|&position| &request.cells[position]).collect();
    let union = requests.iter().flat_map(|cell| layers(&cell.layers));
    let backbone = Backbone::open(&request.backbone, union, Purpose::Evaluation, caller)
        .map_err(|error| does_not_fit(error, &request.backbone.backbone.component.name))?;
    if request.deterministic && backbone.session.device() != tch::Device::Cpu {
        return Err(PluginError::input(
            "`run.deterministic` was asked for, and on CUDA lossnet can't promise the same bits every time: set \
             `run.device` to cpu, or leave it out",
        ));
    }
    let mut specs = Vec::new();
    let mut signatures = Vec::new();
    let protocol = signed(&request.task, Kind::Task)?;
    let data = signed(&request.data.dataset, Kind::Dataset)?;
    for cell in &requests {
        let layers = layers(&cell.layers);
        let spec = backbone.loss_network(&layers, &cell.comparison)?;
        let signature = backbone.signature(&layers, Some((&cell.comparison, &spec)), &protocol);
        signatures.push(Signature { data: data.clone(), ..signature }.to_string());
        specs.push(spec);
    }
    let weights = backbone.weights.clone();
    let device = device_name(backbone.session.device());
    let versions = versions(request)?;
    let context = cells.context(request, mine, &device, short_of_memory)?;
    let plugin = registry::task(&request.task.component)?;
    let network = GroupNetwork::new(backbone, specs)?;
    let host = Arc::new(Host::new(request, context, cells.share(), network.clone(), caller));
    let settings = Value::Object(request.task.config.clone());
    let name = &request.task.component.name;
    plugin
        .run_task(name, &settings, host)
        .map_err(|error| located::located(error, &located::place(Kind::Task, name, &plugin)))?;
    if caller.stopped() {
        return Err(PluginError::new(ErrorKind::Interrupted, "interrupted"));
    }
    let spent = cells.spent();
    let costs = costs(&network, mine.len(), caller);
    Ok(Provenance { signatures, weights, device, versions, spent, costs })
}

/// What the loss networks of the cells cost. Scores do not depend on it: what can't be measured is said, and left out.
fn costs(network: &GroupNetwork, cells: usize, caller: &Caller) -> Vec<Option<Cost>> {
    let measure = |cell| {
        if caller.stopped() {
            return None;
        }
        cost::measure(network, cell).unwrap_or_else(|error| {
            caller.notice(format!("what a loss network costs for one image can't be measured: {error}"));
            None
        })
    };
    (0..cells).map(measure).collect()
}

/// A component with the version of what it computes, and what its settings change, as signatures name it.
fn signed(component: &Configured, kind: Kind) -> Result<String, PluginError> {
    let manifest = registry::manifest(&component.component, kind)?;
    let settings = telling(&manifest.config_schema, &component.config, &manifest.details.measure_settings);
    let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let settings = if settings.is_empty() { String::new() } else { format!("({})", settings.join(",")) };
    let version = manifest.details.protocol_version.unwrap_or(1);
    Ok(format!("{}.{version}{settings}", component.component.name))
}

/// Says of a network that no batch is small enough for it.
fn does_not_fit(error: PluginError, backbone: &str) -> PluginError {
    if error.kind != ErrorKind::OutOfMemory {
        return error;
    }
    let error = error.context(format_args!("the network `{backbone}` itself does not fit into memory"));
    PluginError { kind: ErrorKind::Run, ..error }
        .with_help("use a device with more memory; other programs may use it, too")
}

/// Sets how many threads libtorch computes with; 0: as many as it began with.
fn compute_with(threads: usize) {
    static AT_FIRST: OnceLock<i32> = OnceLock::new();
    let at_first = *AT_FIRST.get_or_init(tch::get_num_threads);
    tch::set_num_threads(if threads == 0 { at_first } else { threads as i32 });
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
    let sums = Sums::new(&[]).once();
    for component in components {
        let plugin = registry::plugin(&component.component.plugin)?;
        let manifest = plugin.manifest();
        versions.plugins.insert(manifest.name.clone(), manifest.version.clone());
        if let Ok(Some(build)) = sums.of(plugin.path(), false) {
            versions.builds.insert(manifest.name.clone(), build);
        }
    }
    Ok(versions)
}
