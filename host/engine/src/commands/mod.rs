//! What the binary can ask the engine to do, one file each.

mod check;
mod compare;
mod describe;
mod doctor;
mod features;
mod fetch;
mod index;
mod run;
mod speed;

use std::sync::Arc;

use lossnet_core::engine_protocol::Request;
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde::Serialize;
use serde_json::Value;

use crate::caller::Caller;

/// Does what is asked for.
pub(crate) fn answer(request: Request, caller: &Arc<Caller>) -> Result<Value, PluginError> {
    match request {
        Request::Index { plugins } => value(&index::index(&plugins)),
        Request::Describe { backbone, config } => value(&describe::describe(backbone, config)?),
        Request::Features(request) => value(&features::features(&request, caller).map_err(advise_on_memory)?),
        Request::Compare(request) => value(&compare::compare(&request, caller).map_err(advise_on_memory)?),
        Request::Run(request) => value(&run::run(&request, caller)?),
        Request::FetchDataset(request) => value(&fetch::fetch(&request, caller)?),
        Request::CheckDatasets { datasets } => value(&check::check(&datasets, caller)),
        Request::Doctor => value(&doctor::doctor()?),
        Request::Speed { device, precision } => value(&speed::measure(&device, &precision)?),
    }
}

/// Says what helps where images were too large for the memory.
fn advise_on_memory(error: PluginError) -> PluginError {
    match error.kind {
        ErrorKind::OutOfMemory => error.with_help(
            "make the images smaller (--size), ask for fewer or later layers, or take a device with more memory",
        ),
        _ => error,
    }
}

fn value(answer: &impl Serialize) -> Result<Value, PluginError> {
    serde_json::to_value(answer)
        .map_err(|error| PluginError::run("the engine can't write its answer").with_source(&error))
}
