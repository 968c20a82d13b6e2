//! `lossnet run --plan`

use std::collections::HashMap;

use serde_json::Value;

use super::slurm;
use crate::cli::args::RunArguments;
use crate::context::Context;
use crate::engine::Request;
use crate::estimate::{OwnData, Speed, Speeds, estimate};
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_core::engine_protocol::SpeedAnswer;
use lossnet_core::folders;
use lossnet_core::model::{Cell, CellState, Plan};
use lossnet_core::store::{ExperimentFolder, Store};

/// Prints a plan with what is done and what the rest will take; `submission` is what would be submitted, if that is asked for.
#[expect(clippy::too_many_arguments, reason = "each is another thing that a plan shows")]
pub(super) fn show(
    plan: &Plan,
    store: &Store,
    experiment: &ExperimentFolder,
    states: &HashMap<&str, CellState>,
    submission: Option<Value>,
    own_data: &OwnData,
    arguments: &RunArguments,
    context: &Context,
) -> Result<(), Failure> {
    if arguments.calibrate {
        calibrate(plan, context)?;
    }
    let state = |cell: &Cell| states.get(cell.id.as_str()).copied().unwrap_or(CellState::ToDo);
    let speeds = folders::cache().map(|folder| Speeds::read(&folder)).unwrap_or_default();
    let to_do = |cell: &Cell| state(cell) != CellState::Done;
    let estimates = estimate(plan, store, experiment, context.index()?, &speeds, own_data, to_do);
    if !arguments.json {
        let mut text = plan.to_text(state, &|group| estimates.group_text(group));
        if let Some(total) = estimates.total_text() {
            text.push('\n');
            text.push_str(&total);
            text.push('\n');
        }
        text.push_str(&submission.as_ref().map(slurm::picture_text).unwrap_or_default());
        return output::print(&text);
    }
    let mut json = plan.to_json(state);
    for (number, group) in json["groups"].as_array_mut().into_iter().flatten().enumerate() {
        group["estimate"] = estimates.group_json(number);
    }
    json["estimate"] = estimates.total_json();
    if let Some(submission) = submission {
        json["slurm"] = submission;
    }
    output::print_json(&json)
}

/// Measures the devices that the plan's cells want, each with each precision, and keeps the speeds.
fn calibrate(plan: &Plan, context: &Context) -> Result<(), Failure> {
    let folder = folders::cache().ok_or_else(|| {
        Failure::usage("there is no folder to keep a measurement in: set HOME or XDG_CACHE_HOME")
    })?;
    let mut speeds = Speeds::read(&folder);
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for cell in &plan.cells {
        let run = &cell.config.run;
        if !wanted.contains(&(&run.device, &run.precision)) {
            wanted.push((&run.device, &run.precision));
        }
    }
    for (device, precision) in wanted {
        let engine = context.engine_for(device, precision)?;
        let request = Request::Speed { device: device.to_owned(), precision: precision.to_owned() };
        let answer: SpeedAnswer =
            serde_json::from_value(context.call(engine, &request)?).map_err(|error| Failure::run(&error))?;
        speeds.insert(&answer.device, precision, Speed { flops_per_second: answer.flops_per_second });
        context.display.say(&format!(
            "measured {:.1} GFLOP/s on {} in {precision}",
            answer.flops_per_second / 1e9,
            answer.device
        ));
    }
    speeds.write(&folder)?;
    Ok(())
}
