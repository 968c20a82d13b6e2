//! What runs the cells: the arguments' choice, else the config's.

use crate::cli::args::{self, RunArguments};
use crate::execute::{Executor, Local};
use crate::failure::Failure;
use lossnet_core::model::Plan;

/// Who is to run cells.
#[derive(Debug)]
pub(super) enum Chosen {
    /// This machine.
    Here(Executor),
    /// A Slurm cluster, which they are submitted to.
    Slurm,
}

/// Fails if options of another executor are there, too: they would do nothing.
pub(super) fn choose(arguments: &RunArguments, plan: &Plan) -> Result<Chosen, Failure> {
    let asks_for_workers = arguments.workers.is_some() || !arguments.devices.is_empty();
    let kind = arguments.executor.unwrap_or_else(|| {
        let config = plan.cells.first().map(|cell| cell.config.run.executor.as_str());
        match config {
            _ if asks_for_workers => args::Executor::Local,
            Some("local") => args::Executor::Local,
            Some("slurm") => args::Executor::Slurm,
            _ => args::Executor::InProcess,
        }
    });
    match kind {
        args::Executor::Slurm if asks_for_workers => Err(Failure::usage(
            "--workers and --devices are for --executor local; with Slurm, `executor.slurm.max_running_tasks` says how many tasks run at \
             once, and `executor.slurm.gres` which devices they have",
        )),
        args::Executor::InProcess if asks_for_workers => Err(Failure::usage(
            "--workers and --devices are for --executor local; with --executor in-process, cells run in this process, on the \
             device that `run.device` says",
        )),
        args::Executor::InProcess | args::Executor::Local if arguments.wait => Err(Failure::usage(
            "--wait is for --executor slurm; without Slurm the command ends when all cells have",
        )),
        args::Executor::Slurm => Ok(Chosen::Slurm),
        args::Executor::InProcess => Ok(Chosen::Here(Executor::InProcess)),
        args::Executor::Local => {
            let workers = arguments.workers.map(usize::from);
            let given = Local { workers, devices: arguments.devices.clone() };
            let local = given.or(plan.surroundings.executors.get("local"));
            Ok(Chosen::Here(Executor::Local(local)))
        }
    }
}
