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

use lossnet::engine::protocol::Request;
use lossnet_plugin_protocol::PluginError;
use serde::Serialize;
use serde_json::Value;

use crate::entry::Caller;

/// Does what is asked for.
pub(crate) fn answer(request: Request, caller: &Arc<Caller>) -> Result<Value, PluginError> {
    match request {
        Request::Index { plugins } => value(&index::index(&plugins)),
        Request::Describe { backbone, config } => value(&describe::describe(backbone, config)?),
        Request::Features(request) => value(&features::features(&request, caller)?),
        Request::Compare(request) => value(&compare::compare(&request, caller)?),
        Request::Run(request) => value(&run::run(&request, caller)?),
        Request::FetchDataset(request) => value(&fetch::fetch(&request, caller)?),
        Request::CheckDatasets { datasets } => value(&check::check(&datasets, caller)),
        Request::Doctor => value(&doctor::doctor()?),
        Request::Speed { device, precision } => value(&speed::measure(&device, &precision)?),
    }
}

fn value(answer: &impl Serialize) -> Result<Value, PluginError> {
    serde_json::to_value(answer)
        .map_err(|error| PluginError::run("the engine can't write its answer").with_source(&error))
}
