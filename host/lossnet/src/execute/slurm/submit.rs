//! From a plan to an array job.

use std::ffi::OsString;
use std::path::Path;

use super::placement::Placements;
use super::programs::{self, JobId, SlurmError};
use super::script::{Script, UnfitPath};
use super::submission::{Submission, SubmissionFolder, SubmitLock};
use lossnet_core::model::{CellState, Plan};
use lossnet_core::store::{ExperimentFolder, StoreError};
use lossnet_plan::config::{NoTimeToWork, SlurmSettings};

/// Why nothing was submitted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    /// Settings that don't fit together.
    #[error(transparent)]
    Settings(#[from] NoTimeToWork),
    /// A path that can't stand in a batch script.
    #[error(transparent)]
    Path(#[from] UnfitPath),
    /// Slurm is not there, or refused.
    #[error(transparent)]
    Slurm(#[from] SlurmError),
    /// The submission can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of the experiment can't be found from the root.
    #[error("cannot make {what} absolute")]
    Lost {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What there is to submit of a plan.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The cells that are neither done nor at work, in their groups.
    pub(crate) plan: Plan,
    /// Cells that are done.
    pub(crate) done: usize,
    /// Cells that tasks have which wait or run, or another process.
    pub(crate) at_work: usize,
}

impl Wanted {
    /// What is neither done nor given to a task that waits or runs.
    pub(crate) fn of(plan: &Plan, experiment: &ExperimentFolder, placements: &Placements) -> Wanted {
        let mut wanted = Wanted { plan: plan.without_cells(), done: 0, at_work: 0 };
        for group in &plan.groups {
            let mut cells = Vec::new();
            for cell in plan.group_cells(group) {
                match experiment.state(&cell.id) {
                    CellState::Done => wanted.done += 1,
                    CellState::Running => wanted.at_work += 1,
                    _ if placements.is_live(&cell.id) => wanted.at_work += 1,
                    _ => cells.push(cell.clone()),
                }
            }
            wanted.plan.add_group(group, cells);
        }
        wanted
    }
}

/// An array job before it is submitted.
#[derive(Debug)]
pub(crate) struct Draft {
    settings: SlurmSettings,
    submission: Submission,
    /// What the user should know of how groups were put together.
    pub(crate) note: Option<String>,
}

impl Draft {
    /// Puts groups into tasks: as many a task as is set, and more if the cluster does not allow arrays of that many.
    pub(crate) fn new(plan: &Plan, most_tasks: usize) -> Result<Draft, NoTimeToWork> {
        let section = plan.surroundings.executors.get("slurm");
        let settings = SlurmSettings::new(section.unwrap_or(&serde_json::Map::new()))?;
        let least = plan.groups.len().div_ceil(most_tasks.max(1)).max(1);
        let groups_per_task = settings.groups_per_task.max(least);
        let note = (groups_per_task > settings.groups_per_task).then(|| {
            format!(
                "each task runs up to {groups_per_task} groups, one after the other, since this cluster's arrays have at \
                 most {most_tasks} tasks"
            )
        });
        Ok(Draft { submission: Submission::new(plan, groups_per_task), settings, note })
    }

    /// How many tasks the array has.
    pub(crate) fn tasks(&self) -> usize {
        self.submission.tasks.len()
    }

    /// The batch script, for a submission in this folder; `options` are those of the command line.
    pub(crate) fn script(
        &self,
        experiment: &ExperimentFolder,
        folder: &Path,
        options: &[OsString],
    ) -> Result<String, SubmitError> {
        let lost = |what| move |source| SubmitError::Lost { what, source };
        let work = std::env::current_dir().map_err(lost("the working folder"))?;
        let program = std::env::current_exe().map_err(lost("where lossnet is"))?;
        let folder = std::path::absolute(folder).map_err(lost("the folder of the results"))?;
        let logs = experiment.path().parent().unwrap_or(Path::new("."));
        let logs = std::path::absolute(logs).map_err(lost("the folder of the results"))?;
        let mut command: Vec<OsString> = vec![program.into(), "slurm-task".into()];
        command.extend(["--submission".into(), folder.clone().into(), "--logs".into(), logs.into()]);
        command.extend_from_slice(options);
        let script = Script {
            settings: &self.settings,
            experiment: experiment.name(),
            tasks: self.tasks(),
            folder: &folder,
            work: &work,
            command: &command,
        };
        Ok(script.text()?)
    }

    /// Submits it. Nothing of it stays behind if Slurm refuses.
    pub(crate) fn submit(
        mut self,
        plan: &Plan,
        experiment: &ExperimentFolder,
        options: &[OsString],
        _lock: &SubmitLock,
    ) -> Result<(JobId, SubmissionFolder), SubmitError> {
        let folder = SubmissionFolder::create(experiment)?;
        let submitted = self.fill(plan, experiment, &folder, options);
        match submitted {
            Ok(job) => Ok((job, folder)),
            Err(error) => {
                folder.discard()?;
                Err(error)
            }
        }
    }

    fn fill(
        &mut self,
        plan: &Plan,
        experiment: &ExperimentFolder,
        folder: &SubmissionFolder,
        options: &[OsString],
    ) -> Result<JobId, SubmitError> {
        folder.write_plan(plan)?;
        let script = self.script(experiment, folder.path(), options)?;
        lossnet_core::atomic::write(&folder.script(), script.as_bytes()).map_err(StoreError::Write)?;
        // Before the job begins: its tasks read it.
        folder.write(&self.submission)?;
        let job = programs::sbatch(&folder.script())?;
        self.submission.job = Some(job.clone());
        if let Err(error) = folder.write(&self.submission) {
            // A job that nobody knows of must not run.
            programs::scancel(&job)?;
            return Err(error.into());
        }
        Ok(job)
    }
}
