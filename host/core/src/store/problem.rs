//! What is wrong with results that are there.

use std::error::Error as _;
use std::path::PathBuf;

use super::StoreError;
use crate::words::count;

/// Something in a results folder that is not what lossnet has put there, in one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file can't be read, or is not what lossnet writes.
    #[error("{}", with_causes(.0))]
    Unreadable(StoreError),
    /// A folder of an experiment that is not a cell's.
    #[error(
        "{path} is not a cell's folder, and nothing in it is counted: a cell's folder is named by the cell's 16 hex digits",
        path = path.display()
    )]
    NoCell {
        /// The folder.
        path: PathBuf,
    },
    /// A file where a cell's folder would be, or a result without one.
    #[error("{path} is a file, and not counted: a cell's result is in a folder named by the cell's 16 hex digits", path = path.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
    },
    /// A folder among the experiments that is none.
    #[error("{path} is not an experiment directory: it has neither a plan nor a cell", path = path.display())]
    NoExperiment {
        /// The folder.
        path: PathBuf,
    },
    /// A cell's folder with the result of another cell.
    #[error(
        "{path} holds the result of the cell {id}, so it is not counted: it was copied or renamed; move it away",
        path = path.display()
    )]
    OtherCell {
        /// The folder.
        path: PathBuf,
        /// Whose result it holds.
        id: String,
    },
    /// Copies of another experiment's results.
    #[error(
        "{path} holds copies of {results} of the experiment `{experiment}`, which is there, too: the copies are not \
         counted",
        path = path.display(),
        results = count(*cells, "result")
    )]
    Copies {
        /// The experiment's folder.
        path: PathBuf,
        /// Whose results they are.
        experiment: String,
        /// How many they are.
        cells: usize,
    },
    /// Results of an experiment of another name: its folder was renamed, or moved.
    #[error(
        "{path} holds {results} of the experiment `{experiment}`: {counted} under the folder's name",
        path = path.display(),
        results = count(*cells, "result"),
        counted = if *cells == 1 { "it is counted" } else { "they are counted" }
    )]
    Renamed {
        /// The experiment's folder.
        path: PathBuf,
        /// What the experiment was called.
        experiment: String,
        /// How many they are.
        cells: usize,
    },
    /// Cells that were run in two experiments.
    #[error(
        "the experiments `{first}` and `{second}` have {cells} in common, such as {id}: where both are averaged, each \
         counts once",
        cells = count(*cells, "cell")
    )]
    Shared {
        /// An experiment.
        first: String,
        /// Another one.
        second: String,
        /// How many they are.
        cells: usize,
        /// One of the cells.
        id: String,
    },
}

/// The error with what is behind it.
fn with_causes(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
