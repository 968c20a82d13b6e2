//! The names that statements may have: those of components, and those that results have.

use std::collections::{BTreeMap, BTreeSet};

use lossnet_plugin_protocol::Kind;

use super::column::Column;
use super::items::Items;
use super::selection::Selection;
use crate::report::data::Network;
use lossnet_core::nearest::did_you_mean;
use lossnet_plan::catalog::Catalog;
use lossnet_plan::config::SettingsSchema;

/// The columns whose values are names of components.
const COMPONENTS: [(&str, Kind); 4] = [
    ("task", Kind::Task),
    ("backbone", Kind::Backbone),
    ("comparison", Kind::Comparison),
    ("dataset", Kind::Dataset),
];

/// Columns that are measured, not chosen by the user.
const OF_RESULTS: [&str; 2] = ["metric", "split"];

/// lossnet's own settings in which networks may differ.
const OWN_SETTINGS: [&str; 5] = [
    "loss_network.normalize",
    "loss_network.calibration",
    "loss_network.size",
    "run.precision",
    "run.deterministic",
];

/// What the components at hand are called, and their settings. Nothing, where no catalog is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    components: BTreeMap<&'static str, BTreeSet<String>>,
    /// Dotted keys, of tables only those of the whole.
    settings: BTreeSet<String>,
}

impl Known {
    pub(super) fn of(catalog: &Catalog) -> Known {
        let names = |kind| catalog.names(kind).map(str::to_owned).collect();
        let components = COMPONENTS.map(|(column, kind)| (column, names(kind)));
        let mut settings: BTreeSet<String> = OWN_SETTINGS.map(str::to_owned).into();
        for kind in [Kind::Task, Kind::Backbone, Kind::Comparison] {
            for component in catalog.iter(kind) {
                let prefix = match kind {
                    Kind::Task => "task".to_owned(),
                    Kind::Backbone => "loss_network.backbone_config".to_owned(),
                    _ => format!("loss_network.{}", component.name),
                };
                let Ok(schema) = SettingsSchema::new(component) else { continue };
                settings.extend(schema.keys().map(|key| format!("{prefix}.{key}")));
            }
        }
        Known { components: components.into(), settings }
    }

    /// What is wrong with a dotted key, if neither a component nor a network of these results has such a setting.
    pub(super) fn wrong_setting(&self, column: &Column, networks: &[Network]) -> Option<String> {
        let Column::Setting(key) = column else { return None };
        let is_inside = |known: &String| {
            key.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let of_results = || networks.iter().flat_map(|network| network.others.keys());
        if self.settings.is_empty()
            || self.settings.iter().any(is_inside)
            || of_results().any(|known| known == key)
        {
            return None;
        }
        let last = key.rsplit('.').next().unwrap_or(key);
        let hint = match Column::known().find(|column| *column == last) {
            Some(column) => Some(format!("write `{column}`")),
            None => did_you_mean(key, self.settings.iter().chain(of_results()).map(String::as_str)),
        };
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Some(format!("`{key}` is not a setting in which networks can differ{hint}"))
    }

    /// What is to be said of the values of a selection that neither a component nor a result has.
    pub(super) fn unknown_in(&self, selection: &Selection, all: &Items<'_>) -> Vec<String> {
        let tasks = selection.values("task");
        // Another task has other metrics.
        let of_task = all.filter(|item| tasks.is_none_or(|tasks| tasks.contains(&item.board.task)));
        let unknown = selection.iter().flat_map(|(column, values)| {
            values.iter().filter_map(|value| self.unknown(column, value, all, &of_task))
        });
        unknown.collect()
    }

    /// The same of one value of a column.
    pub(super) fn unknown(
        &self,
        column: &Column,
        value: &str,
        all: &Items<'_>,
        of_task: &Items<'_>,
    ) -> Option<String> {
        let name = column.name();
        let of_results = |items: &Items<'_>| -> BTreeSet<String> {
            items.iter().map(|item| column.text(item)).filter(|text| !text.is_empty()).collect()
        };
        if let Some(components) = self.components.get(name) {
            let mut known = of_results(all);
            known.extend(components.iter().cloned());
            let is_known = |part: &str| known.contains(part);
            // A sum is known by its parts.
            let parts: Vec<&str> =
                if name == "comparison" { value.split('+').collect() } else { vec![value] };
            let wrong = parts.into_iter().find(|part| !is_known(part));
            let wrong = wrong.filter(|_| !known.is_empty() && !is_known(value))?;
            let hint = did_you_mean(wrong, known.iter().map(String::as_str));
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            return Some(format!("no {name} is called `{wrong}`{hint}"));
        }
        if COMPONENTS.iter().any(|(column, _)| *column == name) {
            return None;
        }
        let known = match name {
            "main" => ["true", "false"].map(str::to_owned).into(),
            _ => of_results(of_task),
        };
        if known.is_empty() || known.contains(value) {
            return None;
        }
        let hint = did_you_mean(value, known.iter().map(String::as_str));
        let must_be_known = name == "main" || OF_RESULTS.contains(&name);
        match hint {
            Some(hint) => Some(format!("no result has {name} = `{value}`; {hint}")),
            None if must_be_known => Some(format!("no result has {name} = `{value}`")),
            // Others may well be still to be made.
            None => None,
        }
    }
}
