//! How cells ended.

use lossnet_plugin_protocol::error::is_stack;
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::{ErrorKind, PluginError};

use crate::terminal::progress::Display;
use lossnet_core::engine_protocol::CellOutcome;
use lossnet_core::model::{Cell, Group};
use lossnet_core::words::count;

/// How the cells of a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Complete, of those that were run.
    pub(crate) done: usize,
    /// Ended with an error.
    pub(crate) failed: usize,
    /// Of the failed ones, those whose input was wrong.
    pub(crate) wrong_input: usize,
    /// Ids of those that another process is at.
    pub(crate) elsewhere: Vec<String>,
    /// Not brought to an end, since an earlier failure has ended the run.
    pub(crate) left: usize,
    /// Whether the user asked to stop.
    pub(crate) interrupted: bool,
}

impl Tally {
    /// Counts outcomes.
    pub(crate) fn count(&mut self, outcomes: &[(&Cell, CellOutcome)]) {
        for (cell, outcome) in outcomes {
            match outcome {
                CellOutcome::Done => self.done += 1,
                CellOutcome::Elsewhere => self.elsewhere.push(cell.id.clone()),
                CellOutcome::Interrupted => self.interrupted = true,
                CellOutcome::Failed(error) => {
                    self.failed += 1;
                    self.wrong_input += usize::from(error.kind == ErrorKind::Input);
                }
            }
        }
    }

    /// Cells that have come to an end here or are another process's.
    pub(super) fn ended(&self) -> usize {
        self.done + self.failed + self.elsewhere.len()
    }

    /// Adds what another part of the run came to.
    pub(crate) fn merge(&mut self, other: Tally) {
        self.done += other.done;
        self.failed += other.failed;
        self.wrong_input += other.wrong_input;
        self.elsewhere.extend(other.elsewhere);
        self.left += other.left;
        self.interrupted |= other.interrupted;
    }
}

/// Whether a cell that ended like this may well end otherwise next time.
pub(crate) fn worth_another(outcome: &CellOutcome) -> bool {
    match outcome {
        CellOutcome::Failed(error) => !matches!(error.kind, ErrorKind::Input | ErrorKind::Load),
        _ => false,
    }
}

/// Tells the user why cells of a group failed; most of them do for the same reason, which is said once.
pub(crate) fn tell_failures(outcomes: &[(&Cell, CellOutcome)], display: &Display) {
    let mut told: Vec<&str> = Vec::new();
    for (cell, outcome) in outcomes {
        if let CellOutcome::Failed(error) = outcome
            && !told.contains(&error.message.as_str())
        {
            told.push(&error.message);
            display.warn(&format!("{} failed: {}", cell.name, in_full(error)));
        }
    }
}

/// An error with its causes and what to do, one a line.
fn in_full(error: &PluginError) -> String {
    let mut text = error.message.clone();
    for stack in error.causes.iter().filter(|cause| is_stack(cause)) {
        tracing::info!("{stack}");
    }
    for cause in error.told_causes() {
        text.push_str("\n  because: ");
        text.push_str(cause);
    }
    if let Some(help) = &error.help {
        text.push_str("\n  what to do: ");
        text.push_str(help);
    }
    text
}

/// Shows how many of a plan's cells have come to an end.
pub(super) fn tell_total(ended: usize, cells: usize, display: &Display) {
    display.progress(&Progress::new("all", ended as u64, Some(cells as u64), "cells"));
}

/// What is said when a group begins; `number` is from 0.
pub(crate) fn label(number: usize, groups: usize, group: &Group, cells: usize) -> String {
    format!("group {}/{groups}: {}, {}", number + 1, group.name, count(cells, "cell"))
}
