//! Which task of which job a cell is with, and what Slurm says of it.

use std::collections::HashMap;

use super::attempts::{ATTEMPT, Attempts, Outcome};
use super::programs::{JobId, SlurmError, States, states};
use super::state::{Phase, TaskState};
use super::submission::{Submission, SubmissionFolder};
use lossnet_core::model::CellState;
use lossnet_core::store::{CellFolder, ExperimentFolder, StoreError};

/// The cells of an experiment that were submitted, each with the last task that it was given to.
#[derive(Debug, Default)]
pub(crate) struct Placements {
    /// By cell.
    cells: HashMap<String, usize>,
    tasks: Vec<Placed>,
    /// Why Slurm could not be asked.
    pub(crate) unasked: Option<SlurmError>,
}

/// A task of an array job.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// Its job.
    pub(crate) job: JobId,
    /// Its number.
    pub(crate) task: usize,
    /// When it was submitted, in seconds since 1970.
    submitted: u64,
    folder: SubmissionFolder,
    known: Known,
}

/// What is known of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// What Slurm says.
    Said(TaskState),
    /// Slurm has forgotten it, so it is over.
    Forgotten,
    /// Slurm was not asked, since nothing depends on it, or can't be.
    Unasked,
}

/// How far a cell is, and what there is to say of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CellStatus {
    /// How far it is.
    pub(crate) state: CellState,
    /// Where it is or why it failed.
    pub(crate) detail: Option<String>,
}

impl Placements {
    /// Those of an experiment. Slurm is asked only if a cell that is not done was submitted.
    pub(crate) fn of(experiment: &ExperimentFolder) -> Result<Placements, StoreError> {
        let mut placements = Placements::default();
        let mut asked: Vec<(JobId, usize)> = Vec::new();
        for folder in SubmissionFolder::all(experiment)? {
            let submission = folder.read()?;
            let Some(job) = submission.job.clone() else { continue };
            if is_wanted(&submission, experiment) {
                asked.push((job.clone(), submission.tasks.len()));
            }
            placements.add(&job, &submission, &folder);
        }
        if asked.is_empty() {
            return Ok(placements);
        }
        match states(&asked) {
            Ok(said) => placements.know(&said, &asked),
            Err(error) => placements.unasked = Some(error),
        }
        Ok(placements)
    }

    fn add(&mut self, job: &JobId, submission: &Submission, folder: &SubmissionFolder) {
        for (number, task) in submission.tasks.iter().enumerate() {
            // Of several submissions the last one counts.
            self.cells.extend(task.cells.iter().map(|cell| (cell.clone(), self.tasks.len())));
            self.tasks.push(Placed {
                job: job.clone(),
                task: number,
                submitted: submission.submitted,
                folder: folder.clone(),
                known: Known::Unasked,
            });
        }
    }

    fn know(&mut self, said: &States, asked: &[(JobId, usize)]) {
        for placed in &mut self.tasks {
            if !asked.iter().any(|(job, _)| *job == placed.job) {
                continue;
            }
            placed.known = match said.get(&(placed.job.number, placed.task)) {
                Some(state) => Known::Said(state.clone()),
                None => Known::Forgotten,
            };
        }
    }

    /// The task that has a cell.
    fn task(&self, cell: &str) -> Option<&Placed> {
        self.cells.get(cell).and_then(|&task| self.tasks.get(task))
    }

    /// Whether a task that waits or runs has the cell.
    pub(crate) fn is_live(&self, cell: &str) -> bool {
        self.task(cell).is_some_and(Placed::is_live)
    }

    /// The tasks that wait or run.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Placed> {
        self.tasks.iter().filter(|task| task.is_live())
    }

    /// How far a cell is, by its folder and by what Slurm says.
    pub(crate) fn status(&self, id: &str, folder: &CellFolder) -> Result<CellStatus, StoreError> {
        let state = folder.state();
        let failure = match state {
            CellState::Failed => folder.failure()?,
            _ => None,
        };
        let failed = failure.as_ref().map(|failure| (failure.when, failure.reason()));
        Ok(match self.task(id) {
            Some(task) if state != CellState::Done => task.status(state, failed.as_ref())?,
            _ => CellStatus { state, detail: failed.map(|(_, why)| why) },
        })
    }
}

/// Whether a cell of the submission is not done, so that something depends on what Slurm says.
fn is_wanted(submission: &Submission, experiment: &ExperimentFolder) -> bool {
    let mut cells = submission.tasks.iter().flat_map(|task| &task.cells);
    cells.any(|cell| experiment.state(cell) != CellState::Done)
}

impl Placed {
    fn is_live(&self) -> bool {
        matches!(&self.known, Known::Said(state) if state.is_live())
    }

    /// Whether the task has a node.
    pub(crate) fn is_running(&self) -> bool {
        matches!(&self.known, Known::Said(state) if state.phase() == Phase::Running)
    }

    /// As Slurm calls it, such as `12_3`.
    fn name(&self) -> String {
        self.job.task(self.task)
    }

    /// How far a cell of this task is that is not done; `failed`: when and why it failed.
    fn status(&self, state: CellState, failed: Option<&(u64, String)>) -> Result<CellStatus, StoreError> {
        let attempts = self.folder.attempts(self.task)?;
        let begun = attempts.started().unwrap_or(self.submitted);
        let status = |state, detail: String| CellStatus { state, detail: Some(detail) };
        let name = self.name();
        // What failed before it was submitted is to be tried again.
        let failed_now = |since: u64| failed.filter(|(when, _)| *when >= since).map(|(_, why)| why.clone());
        Ok(match (&self.known, state) {
            (Known::Said(said), CellState::Running) if said.is_live() => {
                status(CellState::Running, format!("job {name}, {said}"))
            }
            (_, CellState::Running) => CellStatus { state, detail: None },
            (Known::Said(said), _) if said.phase() == Phase::Waiting => {
                status(CellState::Queued, format!("job {name}, {said}"))
            }
            (Known::Said(said), _) if said.phase() == Phase::Running => match failed_now(begun) {
                Some(why) => status(CellState::Failed, why),
                None => status(CellState::Running, format!("job {name}, {said}")),
            },
            _ => match failed_now(self.submitted) {
                Some(why) => status(CellState::Failed, why),
                None => self.ended(&attempts),
            },
        })
    }

    /// What became of a cell that is neither done nor noted as failed, of a task that is not known to wait or run.
    fn ended(&self, attempts: &Attempts) -> CellStatus {
        let name = self.name();
        let (state, detail) = match &self.known {
            Known::Said(said) if said.name == "COMPLETED" => {
                (CellState::ToDo, format!("job {name} was done before another process let go of it"))
            }
            Known::Said(said) => {
                let why = self.last_words().map(|words| format!(": {words}")).unwrap_or_default();
                (CellState::Failed, format!("job {name} ended: {said}{why}"))
            }
            Known::Forgotten => {
                match (attempts.attempts.last().and_then(|attempt| attempt.outcome), self.last_words()) {
                    (Some(Outcome::Done | Outcome::Stopped), None) => {
                        (CellState::ToDo, format!("job {name} is over"))
                    }
                    (_, Some(words)) => (CellState::Failed, format!("job {name} is over: {words}")),
                    _ => (
                        CellState::Failed,
                        format!("job {name} is over, and Slurm does not know any more how it ended"),
                    ),
                }
            }
            Known::Unasked => {
                (CellState::ToDo, format!("given to job {name}, of which Slurm can't be asked here"))
            }
        };
        CellStatus { state, detail: Some(detail) }
    }

    /// Why the task ended as its output has it: the last line of Slurm's own, else the last error, else the last line.
    fn last_words(&self) -> Option<String> {
        let text = super::tail::read(&self.folder.output(self.task))?;
        // What earlier attempts had to say is over.
        let text = text.rsplit_once(ATTEMPT).map_or(text.as_str(), |(_, last)| last);
        let lines = || text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
        let starting = |word: &str| lines().find(|line| line.starts_with(word));
        starting("slurmstepd").or_else(|| starting("error:")).or_else(|| lines().next()).map(str::to_owned)
    }
}
