//! What an experiment varies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Plan;

impl Plan {
    /// The dotted keys of the config in which cells differ, sorted.
    pub(crate) fn varied(&self) -> Vec<String> {
        let mut first = BTreeMap::new();
        let mut varied = BTreeSet::new();
        for (position, cell) in self.cells.iter().enumerate() {
            let mut settings = BTreeMap::new();
            leaves("", &cell.config.to_map(), &mut settings);
            if position == 0 {
                first = settings;
                continue;
            }
            let differs = |key: &&String| first.get(*key) != settings.get(*key);
            varied.extend(first.keys().chain(settings.keys()).filter(differs).cloned());
        }
        varied.into_iter().collect()
    }
}

fn leaves(prefix: &str, table: &Map<String, Value>, settings: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => leaves(&key, inner, settings),
            value => drop(settings.insert(key, value.clone())),
        }
    }
}
