//! `[[sweep.exclude]]`: which cells are taken out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Sweep;
use crate::config::{Checker, ConfigError, ConfigErrors, Leaf, Origin, flatten};
use crate::planner::condition::Condition;
use crate::planner::settings::{Settings, Tables, text};
use lossnet_core::model::Cell;
use lossnet_core::nearest::{did_you_mean, either};

/// More values than these are not listed.
const MOST_SHOWN: usize = 8;

/// Cells that meet all conditions are taken out.
pub(in crate::planner) struct Rule {
    conditions: Vec<Condition>,
    origin: Origin,
    /// Such as `sweep.exclude`.
    written: String,
}

impl Rule {
    /// Reads a table of conditions. What is wrong with it is an error, and gives none.
    pub(super) fn read(checker: &Checker<'_>, written: &str, leaf: &Leaf) -> Option<Rule> {
        let Value::Object(table) = &leaf.value else { return None };
        let mut conditions = Vec::new();
        for (key, value) in flatten(table) {
            match Condition::of_rule(&key, &value) {
                Ok(condition) => conditions.push(condition),
                Err(error) => checker.error(ConfigError {
                    origin: leaf.origin.clone(),
                    key: Some(format!("{written}.{key}")),
                    problem: format!("`{written}`: {error}"),
                    help: None,
                }),
            }
        }
        if table.is_empty() {
            let error =
                ConfigError::at(&leaf.origin, written, "has no condition, and would take out everything");
            checker.error(
                error.help(Some(
                    "write conditions such as `\"loss_network.backbone\" = \"vgg16\"`".to_owned(),
                )),
            );
        }
        let rule = Rule { conditions, origin: leaf.origin.clone(), written: written.to_owned() };
        (!rule.conditions.is_empty()).then_some(rule)
    }

    /// Whether it takes out a cell with these settings.
    pub(in crate::planner) fn holds(&self, settings: &Settings<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(settings))
    }
}

/// Finds rules that did nothing, which are mistakes, and exclusion of everything. `taken` are the numbers of cells that
/// each rule took out, `cells` those that are left.
pub(in crate::planner) fn check_use(
    sweep: &Sweep,
    taken: &[usize],
    cells: &[Cell],
    notes: &mut Vec<String>,
) -> ConfigErrors {
    let mut errors = ConfigErrors::default();
    if let (true, Some(first)) = (cells.is_empty(), sweep.rules.first()) {
        let problem = "takes out everything: no cell is left of those that [sweep] makes";
        errors.push(ConfigError::at(&first.origin, &first.written, problem));
        return errors;
    }
    for (rule, _) in sweep.rules.iter().zip(taken).filter(|(_, taken)| **taken == 0) {
        // With other values on the command line a rule may well be idle.
        if rule.conditions.iter().any(|condition| sweep.replaced.iter().any(|key| key == condition.key())) {
            notes.push(format!("`{}` at {} takes out nothing here", rule.written, rule.origin));
            continue;
        }
        let (why, help) = why_none(&rule.conditions, &cells.iter().collect::<Vec<_>>());
        let problem = format!("takes out nothing: {why}");
        let help = help.or_else(|| Some("remove or correct it".to_owned()));
        errors.push(ConfigError::at(&rule.origin, &rule.written, problem).help(help));
    }
    errors
}

/// Why no cell meets these conditions together, and what may have been meant.
pub fn why_none(conditions: &[Condition], cells: &[&Cell]) -> (String, Option<String>) {
    for condition in conditions {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut keys: BTreeSet<String> = BTreeSet::new();
        let mut met = false;
        for cell in cells {
            let tables = Tables::of(cell);
            let settings = tables.settings();
            met |= condition.holds(&settings);
            seen.extend(settings.get(condition.key()).map(text));
            keys.extend(settings.keys());
        }
        if met {
            continue;
        }
        let key = condition.key();
        if seen.is_empty() {
            let near = did_you_mean(key, keys.iter().map(String::as_str));
            return (format!("no cell has a setting `{key}`"), near);
        }
        let near = condition.value().and_then(|value| did_you_mean(value, seen.iter().map(String::as_str)));
        let shown: Vec<String> = seen.iter().take(MOST_SHOWN).map(|value| format!("`{value}`")).collect();
        let others = match seen.len().saturating_sub(MOST_SHOWN) {
            0 => either(&shown),
            more => format!("{} or one of {more} others", shown.join(", ")),
        };
        return (format!("no cell meets `{condition}`; `{key}` is {others}"), near);
    }
    ("each of its conditions is met by some cell, but no cell meets all of them".to_owned(), None)
}
