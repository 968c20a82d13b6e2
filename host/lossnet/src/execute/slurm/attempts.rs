//! What a task notes of its attempts, and when it is in vain to try again.

use serde::{Deserialize, Serialize};

use super::programs::JobId;
use lossnet_core::model::Cell;
use lossnet_core::store::{CellFolder, ExperimentFolder, now};

/// How many attempts in a row may reach the time limit without having saved anything new.
const MOST_IN_VAIN: u32 = 3;

/// What stands before the number of an attempt where its output begins.
pub(super) const ATTEMPT: &str = ", attempt ";

/// The attempts of a task: one each time that Slurm starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempts {
    /// The job that the task belongs to.
    pub(crate) job: Option<JobId>,
    /// All so far, oldest first.
    pub(crate) attempts: Vec<Attempt>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// The machine.
    pub(crate) node: String,
    /// When it began, in seconds since 1970.
    pub(crate) started: u64,
    /// When it ended; none if it is at work, or was killed.
    pub(crate) ended: Option<u64>,
    /// How it ended.
    pub(crate) outcome: Option<Outcome>,
    /// Whether it saved anything.
    pub(crate) progress: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// There was nothing left to do.
    Done,
    /// Some cells failed.
    Failed,
    /// Slurm asked for it to end: it was cancelled, or is put into the queue again by somebody else.
    Stopped,
    /// The time limit was near, and it went into the queue again.
    Requeued,
    /// The time limit was near, and nothing new had been saved for several attempts.
    GaveUp,
}

impl Attempts {
    /// Notes that an attempt begins.
    pub(crate) fn begin(&mut self, node: String) {
        self.attempts.push(Attempt { node, started: now(), ended: None, outcome: None, progress: false });
    }

    /// Notes how the last attempt ended.
    pub(crate) fn end(&mut self, outcome: Outcome, progress: bool) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.ended = Some(now());
            attempt.outcome = Some(outcome);
            attempt.progress = progress;
        }
    }

    /// How many there are.
    pub(crate) fn number(&self) -> usize {
        self.attempts.len()
    }

    /// When the last attempt began.
    pub(crate) fn started(&self) -> Option<u64> {
        self.attempts.last().map(|attempt| attempt.started)
    }

    /// Whether another attempt after one that reached the time limit would be in vain; `progress`: whether that one saved
    /// anything.
    pub(crate) fn is_in_vain(&self, progress: bool) -> bool {
        let earlier = self.attempts.iter().rev().filter(|attempt| attempt.ended.is_some());
        let in_vain = earlier
            .take_while(|attempt| attempt.outcome == Some(Outcome::Requeued) && !attempt.progress)
            .count();
        !progress && in_vain as u32 + 1 >= MOST_IN_VAIN
    }

    /// Why it gave up, as a sentence.
    pub(crate) fn gave_up() -> String {
        format!("it reached its time limit {MOST_IN_VAIN} times without having saved anything new")
    }
}

/// What is saved of cells: grows with every complete cell, every scored sample and every checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved(Vec<(bool, u64, Vec<String>)>);

impl Saved {
    /// What is saved of these cells now. What can't be read counts as not saved.
    pub(crate) fn of<'a>(
        cells: impl IntoIterator<Item = &'a Cell>,
        experiment: &ExperimentFolder,
        checkpoints: &std::path::Path,
    ) -> Saved {
        let saved = |cell: &Cell| {
            let folder: CellFolder = experiment.cell(&cell.id);
            let mut names = Vec::new();
            file_names(&checkpoints.join(experiment.name()).join(&cell.id), &mut names);
            names.sort();
            let is_done = folder.state() == lossnet_core::model::CellState::Done;
            (is_done, scores_size(&folder), names)
        };
        Saved(cells.into_iter().map(saved).collect())
    }
}

/// Bytes of the files with the scores of samples.
fn scores_size(folder: &CellFolder) -> u64 {
    let files = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
    let scores = files.filter(|file| file.file_name().to_string_lossy().starts_with("samples."));
    scores.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum()
}

/// The names of all files below a folder; those of checkpoints say at which step they are.
fn file_names(folder: &std::path::Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            file_names(&path, names);
        } else {
            names.push(path.display().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_gives_up_after_three_attempts_in_vain() {
        let mut attempts = Attempts::default();
        let mut attempt = |progress: bool| {
            attempts.begin("n1".to_owned());
            let in_vain = attempts.is_in_vain(progress);
            attempts.end(if in_vain { Outcome::GaveUp } else { Outcome::Requeued }, progress);
            in_vain
        };
        let found: Vec<bool> =
            [false, false, true, false, false, true, false, false, false].map(&mut attempt).into();
        assert_eq!(found, [false, false, false, false, false, false, false, false, true]);
    }

    #[test]
    fn attempts_that_others_ended_do_not_count() {
        let mut attempts = Attempts::default();
        for outcome in [Outcome::Requeued, Outcome::Requeued, Outcome::Stopped] {
            attempts.begin("n1".to_owned());
            attempts.end(outcome, false);
        }
        attempts.begin("n1".to_owned());
        assert!(!attempts.is_in_vain(false));
    }
}
