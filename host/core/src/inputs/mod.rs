//! The files that a cell reads, by what is in them.
//!
//! Content decides what a cell is: another file at the same path makes another cell, and the same file elsewhere the same
//! one. The planner asks for the sums, which are remembered (`sums`), and the engine checks before and after a computation that
//! its files are those of the plan, before and after.

mod folder;
mod sums;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lossnet_plugin_protocol::graph::Graph;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use sums::Sums;

/// What a cell reads, by what it is for: `weights`, `calibration`, `data`, `data.test.<label>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Its files and folders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Input>,
    /// The sum of the backbone's description, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<String>,
    /// The protocol versions of its comparisons and datasets, by kind and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, u32>,
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// The SHA-256 of what is in it; none where it was not there when the cell was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Whether all files of a folder were read for the sum, however large they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thorough: bool,
}

impl Inputs {
    /// The sum of one of the files, if it is known.
    pub fn sum(&self, role: &str) -> Option<&str> {
        self.files.get(role)?.sum.as_deref()
    }

    /// These and others.
    #[must_use]
    pub fn and(&self, other: &Inputs) -> Inputs {
        let mut both = self.clone();
        both.files.extend(other.files.clone());
        both.graph = both.graph.or_else(|| other.graph.clone());
        both.versions.extend(other.versions.clone());
        both
    }
}

impl Input {
    /// Whether it is still what it was when the cell was planned. One that was not there then tells nothing.
    pub fn is_unchanged(&self, sums: &Sums) -> bool {
        self.sum.is_none() || sums.of(&self.path, self.thorough).is_ok_and(|sum| sum == self.sum)
    }
}

/// What a role is called in a sentence.
pub fn role_name(role: &str) -> &str {
    match role {
        "weights" => "weights file",
        "calibration" => "calibration file",
        _ => "data folder",
    }
}

/// The first digits of a sum, as people see it.
pub fn short(sum: &str) -> &str {
    sum.get(..8).unwrap_or(sum)
}

/// The sum of a backbone's description.
pub fn graph_sum(graph: &Graph) -> String {
    let value = serde_json::to_value(graph).unwrap_or_default();
    crate::hex::encode(&Sha256::digest(crate::model::canonical(&value))[..16])
}
