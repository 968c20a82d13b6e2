//! Runs one group of cells in this process.

use crate::context::Context;
use crate::engine::Request;
use crate::failure::Failure;
use lossnet_core::engine_protocol::CellOutcome;
use lossnet_core::model::{Cell, Group};

use super::Requests;

/// Runs these cells of a group and says how each ended.
///
/// Fails if libtorch or the engine can't be brought up, or results can't be written.
pub(crate) fn run<'a>(
    group: &Group,
    cells: &[&'a Cell],
    requests: &Requests<'_>,
    context: &Context,
) -> Result<Vec<(&'a Cell, CellOutcome)>, Failure> {
    let request = requests.group(group, cells)?;
    let engine = context.engine_for(&request.backbone.device, &request.backbone.precision)?;
    let answer = context.call(engine, &Request::Run(Box::new(request)))?;
    let outcomes: Vec<CellOutcome> = serde_json::from_value(answer).map_err(|error| Failure::run(&error))?;
    Ok(cells.iter().copied().zip(outcomes).collect())
}
