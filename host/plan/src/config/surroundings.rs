//! `[executor.<name>]` and `[trackers.<name>]`: where cells run and who is told, which changes no result.

use std::collections::BTreeMap;

use lossnet_plugin_protocol::Kind;
use serde_json::{Map, Value};

use super::keys;
use super::origin::ConfigError;
use super::raw::View;
use super::sections::Checker;
use super::slurm::SlurmSettings;
use lossnet_core::model::{Component, Surroundings};
use lossnet_core::nearest::did_you_mean;

/// The key with which a tracker is switched off.
const ENABLED: &str = "enabled";

impl<'a> Checker<'a> {
    /// Checks both kinds of section. What is wrong is noted and left out.
    pub(crate) fn surroundings(&self) -> Surroundings {
        let mut surroundings = Surroundings::default();
        for (name, view) in self.named_sections("executor", "executor.slurm") {
            if let Some(settings) = self.executor(name, &view) {
                surroundings.executors.insert(name.to_owned(), settings);
            }
        }
        for (name, view) in self.named_sections("trackers", "trackers.tensorboard") {
            surroundings.trackers.extend(self.tracker(name, &view));
        }
        surroundings
    }

    /// The sections below a name, each with its settings. `example` is one of them.
    fn named_sections(&self, outer: &'a str, example: &str) -> BTreeMap<&'a str, View<'a>> {
        let mut sections: BTreeMap<&str, View<'_>> = BTreeMap::new();
        for (key, leaf) in self.raw.section(outer) {
            if let Some((name, key)) = key.split_once('.') {
                sections.entry(name).or_default().insert(key, leaf);
            } else {
                let error = ConfigError::at(&leaf.origin, &format!("{outer}.{key}"), "is not a section");
                self.error(error.help(Some(format!("write settings in sections such as [{example}]"))));
            }
        }
        sections
    }

    fn executor(&self, name: &str, view: &View<'_>) -> Option<Map<String, Value>> {
        let section = format!("executor.{name}");
        let first = view.values().next()?;
        if !keys::EXECUTORS.contains(&name) {
            let error = ConfigError::at(&first.origin, &section, "names an unknown executor");
            let known = keys::EXECUTORS.map(|name| format!("[executor.{name}]")).join(" and ");
            let near = did_you_mean(name, keys::EXECUTORS);
            self.error(error.help(near.or(Some(format!("there are {known}")))));
            return None;
        }
        let mut settings = Map::new();
        for (key, leaf) in view {
            if keys::find(&format!("{section}.{key}")).is_none() {
                self.unknown(leaf, &section, key);
            } else if let Some(value) = self.value(view, &section, key) {
                settings.insert((*key).to_owned(), value);
            }
        }
        if name == "slurm"
            && let Err(error) = SlurmSettings::new(&settings)
        {
            let written = view.get("signal_seconds").or_else(|| view.get("time")).unwrap_or(first);
            self.error(ConfigError {
                origin: written.origin.clone(),
                key: Some(section),
                problem: error.to_string(),
                help: Some("raise the limit, or lower `signal_seconds`".to_owned()),
            });
        }
        Some(settings)
    }

    fn tracker(&self, name: &str, view: &View<'_>) -> Option<Component> {
        let section = format!("trackers.{name}");
        let first = view.values().next()?;
        let manifest = match self.catalog.get(Kind::Tracker, name) {
            Ok(manifest) => manifest,
            Err(unknown) => {
                self.error(ConfigError {
                    origin: first.origin.clone(),
                    key: Some(section.clone()),
                    problem: format!("[{section}]: {unknown}"),
                    help: None,
                });
                return None;
            }
        };
        let enabled = match view.get(ENABLED).map(|leaf| (&leaf.value, leaf)) {
            None => true,
            Some((Value::Bool(enabled), _)) => *enabled,
            Some((other, leaf)) => {
                let problem = format!("must be true or false, not {}", keys::shown(other));
                self.error(ConfigError::at(&leaf.origin, &format!("{section}.{ENABLED}"), problem));
                return None;
            }
        };
        let own = view.iter().filter(|(key, _)| **key != ENABLED).map(|(key, leaf)| (*key, *leaf));
        let component = self.settings(&section, &[manifest], &own.collect())?.pop()?;
        enabled.then_some(component)
    }
}
