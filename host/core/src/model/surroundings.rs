//! What a config says of where cells run and who is told, which changes no result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Component;

/// Settings of executors and trackers. No cell's id depends on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Surroundings {
    /// What is set under `[executor.<name>]`, checked, by the executor's name.
    #[serde(default)]
    pub executors: BTreeMap<String, Map<String, Value>>,
    /// The trackers of `[trackers.<name>]` that are not switched off, with their settings, defaults included.
    #[serde(default)]
    pub trackers: Vec<Component>,
    /// The dotted keys in which the experiment's cells differ, sorted, for trackers; none where there are no trackers. Here,
    /// since a part of a plan can't tell.
    #[serde(default)]
    pub varied: Vec<String>,
}
