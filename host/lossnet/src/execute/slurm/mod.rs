//! The executor for clusters: an array job of Slurm's, each task of which runs groups as the local executor does.
//!
//! Nothing of lossnet's has to stay running. `lossnet run` writes a batch script and hands it to `sbatch`; each task of the
//! array, `lossnet slurm-task`, runs its groups with a worker and puts itself into the queue again when its time is nearly
//! over; `status` then asks Slurm ([`Placements`]). A submission keeps the plan that it was
//! made from ([`SubmissionFolder`]).

mod attempts;
mod placement;
mod programs;
mod script;
mod state;
mod submission;
mod submit;
mod tail;
mod task;

pub(crate) use placement::{CellStatus, Placements};
pub(crate) use programs::{JobId, SlurmError, most_tasks, scancel};
pub(crate) use submission::{SubmissionFolder, SubmitLock};
pub(crate) use submit::{Draft, SubmitError, Wanted};
pub(crate) use task::run as run_task;
