//! What an experiment varies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::config::flatten;
use lossnet_core::model::Cell;

/// The dotted keys of the config in which cells differ, sorted.
pub(super) fn varied(cells: &[Cell]) -> Vec<String> {
    let mut settings = cells
        .iter()
        .map(|cell| flatten(&cell.config.to_map()).into_iter().collect::<BTreeMap<String, Value>>());
    let Some(first) = settings.next() else { return Vec::new() };
    let mut varied = BTreeSet::new();
    for settings in settings {
        let differs = |key: &&String| first.get(*key) != settings.get(*key);
        varied.extend(first.keys().chain(settings.keys()).filter(differs).cloned());
    }
    varied.into_iter().collect()
}
