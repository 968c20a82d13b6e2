//! How far a cell is.

use serde::{Deserialize, Serialize};

/// How far a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// Its result is stored.
    Done,
    /// A process is at it.
    Running,
    /// It was submitted, and waits for its turn.
    Queued,
    /// It ended with an error.
    Failed,
    /// Nothing, or only a part, is there.
    ToDo,
}

impl CellState {
    /// All states, in the order in which they are listed.
    pub const ALL: [CellState; 5] =
        [CellState::Done, CellState::Running, CellState::Queued, CellState::Failed, CellState::ToDo];

    /// The state in words.
    pub fn name(self) -> &'static str {
        match self {
            CellState::Done => "done",
            CellState::Running => "running",
            CellState::Queued => "queued",
            CellState::Failed => "failed",
            CellState::ToDo => "to do",
        }
    }
}

impl std::fmt::Display for CellState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
