//! Whether what a run reads is still what its plan is made for.

use std::collections::BTreeSet;

use lossnet_core::engine_protocol::RunRequest;
use lossnet_core::inputs::{Sums, graph_sum, role_name};
use lossnet_plugin_protocol::PluginError;

use crate::registry;

/// The same command makes a plan of what is there now.
pub(super) const AGAIN: &str =
    "the same command computes the cells with what is there now, as cells of their own";

/// Fails if a file, or the backbone's description, is another one than when the run was planned.
pub(super) fn check(request: &RunRequest) -> Result<(), PluginError> {
    if let Some(changed) = changed(request) {
        let message = format!("{changed} changed since the run was planned");
        return Err(PluginError::input(message).with_help(AGAIN));
    }
    let planned = request.cells.iter().filter_map(|cell| cell.cell.inputs.graph.as_ref());
    let planned: BTreeSet<&String> = planned.collect();
    if planned.is_empty() {
        return Ok(());
    }
    let sum = graph_sum(&registry::describe(&request.backbone.backbone)?);
    if planned.iter().any(|planned| **planned != sum) {
        let name = &request.backbone.backbone.component.name;
        let message = format!("the backbone `{name}` is described otherwise than when the run was planned");
        return Err(PluginError::input(message).with_help(AGAIN));
    }
    Ok(())
}

/// The files and folders that are no longer what they were when the run was planned, in words; none if all are.
pub(super) fn changed(request: &RunRequest) -> Option<String> {
    let sums = Sums::new(&[request.logs.clone(), request.checkpoints.clone()]);
    let files = request.cells.iter().flat_map(|cell| &cell.cell.inputs.files);
    let files: BTreeSet<_> = files.filter(|(_, input)| input.sum.is_some()).collect();
    let changed = files.into_iter().filter(|(_, input)| !input.is_unchanged(&sums));
    let words = changed.map(|(role, input)| format!("the {} {}", role_name(role), input.path.display()));
    let words: BTreeSet<String> = words.collect();
    let verb = if words.len() == 1 { "has" } else { "have" };
    (!words.is_empty()).then(|| format!("{} {verb}", words.into_iter().collect::<Vec<_>>().join(" and ")))
}
