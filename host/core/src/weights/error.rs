//! What can be wrong with weights, each in a sentence that says what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::contents::Format;

/// Why weights can't be had, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file system refused something.
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is of another kind.
    #[error(
        "{} is not a weights file: {reason}; give a file that torch.save wrote, or a .safetensors file",
        path.display()
    )]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// What it is or lacks.
        reason: String,
    },
    /// The file contradicts itself.
    #[error("{} is damaged or cut off ({format}): {reason}; delete it and get it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        format: Format,
        /// What does not fit.
        reason: String,
    },
    /// The file holds a program with its weights.
    #[error(
        "{} is a TorchScript archive, which holds code besides weights; save the weights alone with \
         `torch.save(module.state_dict(), \"weights.pth\")` and give that file", path.display()
    )]
    TorchScript {
        /// The file.
        path: PathBuf,
    },
    /// The file holds several sets of tensors that fit the network alike.
    #[error(
        "{path} holds {} sets of tensors that have the network's names ({}): name one, as in {path}#{}",
        sets.len(),
        quoted(sets),
        sets.last().map_or("", String::as_str),
        path = path.display()
    )]
    SeveralSets {
        /// The file.
        path: PathBuf,
        /// The keys that hold them; an empty one for the top.
        sets: Vec<String>,
    },
    /// The file has no such key.
    #[error("{} has no tensors below the key `{key}`; its keys are {}", path.display(), quoted(keys))]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The key asked for.
        key: String,
        /// The keys there are.
        keys: Vec<String>,
    },
    /// A tensor's elements can't become numbers.
    #[error("{} holds tensor `{tensor}` as {element}, which can't be read; save it as float32", path.display())]
    Element {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its element type.
        element: String,
    },
    /// The file has no tensor of that name.
    #[error("{} has no tensor `{tensor}`", path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        tensor: String,
    },
    /// The values given to be written don't fill the shape.
    #[error("tensor `{tensor}` of shape {shape:?} can't be written: there are {values} values for it")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<i64>,
        /// How many values were given.
        values: usize,
    },
    /// Two tensors to be written have one name.
    #[error("the tensors can't be written to {}: the name `{tensor}` is given twice", path.display())]
    DuplicateTensor {
        /// The file.
        path: PathBuf,
        /// The name.
        tensor: String,
    },
    /// The text names no weights.
    #[error(
        "`{given}` names no weights of `{backbone}`: {hint}choose {}`random:SEED`, or give an existing file",
        before_more(choices)
    )]
    UnknownChoice {
        /// The text.
        given: String,
        /// The network.
        backbone: String,
        /// The question whether another one was meant, with a space at its end; or nothing.
        hint: String,
        /// All names in quotes.
        choices: Vec<String>,
    },
    /// A file was named that is not there.
    #[error(
        "the weights file {} does not exist; `{backbone}` also takes {}`random:SEED`",
        path.display(), before_more(choices)
    )]
    NoFile {
        /// The file.
        path: PathBuf,
        /// The network.
        backbone: String,
        /// All names in quotes.
        choices: Vec<String>,
    },
    /// The seed is not a number.
    #[error(
        "`{given}` names no weights: a seed is a whole number from 0 to 18446744073709551615, as in `random:1`"
    )]
    Seed {
        /// The text.
        given: String,
    },
    /// A published weights file has an address without a file name.
    #[error("the weights {entry} can't be fetched: their address `{url}` does not end in a file name")]
    NoFileName {
        /// The entry's name.
        entry: String,
        /// The address.
        url: String,
    },
    /// A published file can't be had.
    #[error(transparent)]
    Fetch(crate::fetch::FetchError),
}

/// How many keys are told.
const TOLD: usize = 8;

fn quoted(keys: &[String]) -> String {
    let mut names: Vec<String> = keys.iter().take(TOLD).map(|key| format!("`{key}`")).collect();
    if keys.len() > TOLD {
        names.push(format!("{} more", keys.len() - TOLD));
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Choices of which there is one more.
fn before_more(choices: &[String]) -> String {
    choices.iter().flat_map(|choice| [choice.as_str(), ", "]).collect()
}

pub(super) fn not_weights(path: &Path, reason: impl Into<String>) -> WeightsError {
    WeightsError::NotWeights {
        path: path.to_path_buf(),
        reason: reason.into().trim_end_matches('.').to_owned(),
    }
}
