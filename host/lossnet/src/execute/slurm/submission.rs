//! What is kept of a submission, in `logs/<experiment>/slurm/<submission>/`.
//!
//! ```text
//! plan.json          the cells that were submitted: a later plan can't shift the numbers of its groups
//! submission.json    the job, and which groups each of its tasks runs
//! job.sh             the batch script
//! task-<n>.log       what a task printed, all its attempts one after the other
//! task-<n>.json      the attempts of a task, as it notes them itself
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::attempts::Attempts;
use super::programs::JobId;
use super::script::output_name;
use lossnet_core::model::{Group, Plan};
use lossnet_core::store::{ExperimentFolder, Lock, StoreError, now, read_json, read_plan, utc, write_json};

/// Raised when the meaning of `submission.json` changes.
const FORMAT: u32 = 1;

/// An array job that was submitted for an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Submission {
    format: u32,
    /// The job; none while Slurm has not answered.
    pub(crate) job: Option<JobId>,
    /// When, in seconds since 1970.
    pub(crate) submitted: u64,
    /// What each of the array's tasks runs.
    pub(crate) tasks: Vec<Task>,
}

/// What a task of an array runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Positions of its groups in the submission's plan.
    pub(crate) groups: Vec<usize>,
    /// The ids of their cells.
    pub(crate) cells: Vec<String>,
}

/// The folder of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubmissionFolder {
    path: PathBuf,
}

/// Keeps other processes from submitting for the same experiment, as long as it lives.
#[derive(Debug)]
pub(crate) struct SubmitLock {
    _lock: Lock,
}

/// The folder of an experiment's submissions.
fn root(experiment: &ExperimentFolder) -> PathBuf {
    experiment.path().join("slurm")
}

impl SubmitLock {
    /// Waits until nobody else submits for the experiment.
    pub(crate) fn acquire(experiment: &ExperimentFolder) -> Result<SubmitLock, StoreError> {
        let root = root(experiment);
        fs_err::create_dir_all(&root).map_err(StoreError::Write)?;
        Ok(SubmitLock { _lock: Lock::wait(&root.join(".lock"))? })
    }
}

impl Submission {
    /// Groups of a plan, so many a task; not submitted yet.
    pub(crate) fn new(plan: &Plan, groups_per_task: usize) -> Submission {
        let numbers: Vec<usize> = (0..plan.groups.len()).collect();
        let ids = |group: &Group| plan.group_cells(group).map(|cell| cell.id.clone()).collect::<Vec<_>>();
        let task = |groups: &[usize]| Task {
            groups: groups.to_vec(),
            cells: groups.iter().filter_map(|&number| plan.groups.get(number)).flat_map(ids).collect(),
        };
        let tasks = numbers.chunks(groups_per_task.max(1)).map(task).collect();
        Submission { format: FORMAT, job: None, submitted: now(), tasks }
    }
}

impl SubmissionFolder {
    /// The folder at this path, which must be there.
    pub(crate) fn at(path: &Path) -> SubmissionFolder {
        SubmissionFolder { path: path.to_owned() }
    }

    /// A new folder, named by the time.
    pub(crate) fn create(experiment: &ExperimentFolder) -> Result<SubmissionFolder, StoreError> {
        let root = root(experiment);
        fs_err::create_dir_all(&root).map_err(StoreError::Write)?;
        // Names sort by time.
        let time = utc(now()).replace(':', "-");
        for number in 1_u32.. {
            let name = if number == 1 { time.clone() } else { format!("{time}.{number}") };
            match fs_err::create_dir(root.join(&name)) {
                Ok(()) => return Ok(SubmissionFolder { path: root.join(name) }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::Write(error)),
            }
        }
        Err(StoreError::Write(std::io::Error::other("no name is left for a submission")))
    }

    /// All submissions of an experiment, oldest first.
    pub(crate) fn all(experiment: &ExperimentFolder) -> Result<Vec<SubmissionFolder>, StoreError> {
        let root = root(experiment);
        let mut found = Vec::new();
        if root.is_dir() {
            for entry in fs_err::read_dir(&root).map_err(StoreError::Read)? {
                let path = entry.map_err(StoreError::Read)?.path();
                if path.join(SUBMISSION).is_file() {
                    found.push(SubmissionFolder { path });
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its file with the plan.
    pub(crate) fn plan_file(&self) -> PathBuf {
        self.path.join("plan.json")
    }

    /// Its batch script.
    pub(crate) fn script(&self) -> PathBuf {
        self.path.join("job.sh")
    }

    /// The file that a task prints to.
    pub(crate) fn output(&self, task: usize) -> PathBuf {
        self.path.join(output_name(task))
    }

    /// Keeps the plan.
    pub(crate) fn write_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        write_json(&self.plan_file(), plan)
    }

    /// The plan that was submitted.
    pub(crate) fn read_plan(&self) -> Result<Plan, StoreError> {
        let path = self.plan_file();
        read_plan(&path)?
            .ok_or_else(|| StoreError::Damaged { path, reason: "it is not there any more".to_owned() })
    }

    /// Keeps what was submitted.
    pub(crate) fn write(&self, submission: &Submission) -> Result<(), StoreError> {
        write_json(&self.path.join(SUBMISSION), submission)
    }

    /// What was submitted.
    pub(crate) fn read(&self) -> Result<Submission, StoreError> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let path = self.path.join(SUBMISSION);
        let gone =
            || StoreError::Damaged { path: path.clone(), reason: "it is not there any more".to_owned() };
        let header: Header = read_json(&path)?.ok_or_else(gone)?;
        if header.format > FORMAT {
            return Err(StoreError::Newer { path, found: header.format, known: FORMAT });
        }
        let mut submission: Submission = read_json(&path)?.ok_or_else(gone)?;
        if submission.job.is_none() {
            // lossnet was killed before it could note the answer, but tasks know their job.
            submission.job = (0..submission.tasks.len()).find_map(|task| self.attempts(task).ok()?.job);
        }
        Ok(submission)
    }

    /// What a task has noted of its attempts.
    pub(crate) fn attempts(&self, task: usize) -> Result<Attempts, StoreError> {
        Ok(read_json(&self.attempts_file(task))?.unwrap_or_default())
    }

    /// Notes the attempts of a task.
    pub(crate) fn write_attempts(&self, task: usize, attempts: &Attempts) -> Result<(), StoreError> {
        write_json(&self.attempts_file(task), attempts)
    }

    fn attempts_file(&self, task: usize) -> PathBuf {
        self.path.join(format!("task-{task}.json"))
    }

    /// Removes what Slurm did not take.
    pub(crate) fn discard(self) -> Result<(), StoreError> {
        fs_err::remove_dir_all(&self.path).map_err(StoreError::Write)
    }
}

const SUBMISSION: &str = "submission.json";
