//! Second stage: a section's settings checked against what lossnet and the components allow, and completed.
//!
//! Sections are checked one by one, so that a sweep checks each combination of a section's settings once,
//! however many cells share it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use lossnet_plugin_protocol::{ComponentManifest, Kind};
use serde_json::{Map, Value};

use super::anatomy::Anatomy;
use super::keys::{self, Shape};
use super::origin::{ConfigError, ConfigErrors, Origin};
use super::raw::{Leaf, RawConfig, View, nested};
use super::schema::{PathKind, SettingProblem, SettingsSchema, unknown_key};
use crate::catalog::{Catalog, Descriptions};
use lossnet_core::model::{Component, DataSection, ExperimentSection, RunSection};
use lossnet_core::nearest::{did_you_mean, nearest};

/// A component's schema, or none if it can't be used, which was told.
type KnownSchema = Option<Rc<SettingsSchema>>;

/// Checks sections and gathers what is wrong with them.
pub(crate) struct Checker<'a> {
    pub(crate) raw: &'a RawConfig,
    pub(crate) catalog: &'a Catalog,
    pub(super) descriptions: &'a dyn Descriptions,
    pub(super) known_nodes: RefCell<HashMap<String, Option<Rc<Vec<String>>>>>,
    /// What backbones are with other settings than their default ones; none if they refuse those.
    pub(super) configured: RefCell<HashMap<String, Option<Rc<Anatomy>>>>,
    schemas: RefCell<HashMap<(Kind, String), KnownSchema>>,
    /// Dotted keys of which something wrong is written.
    refused: RefCell<HashSet<String>>,
    errors: RefCell<ConfigErrors>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(
        raw: &'a RawConfig,
        catalog: &'a Catalog,
        descriptions: &'a dyn Descriptions,
    ) -> Checker<'a> {
        let (known_nodes, configured, schemas, refused, errors) = Default::default();
        Checker { raw, catalog, descriptions, known_nodes, configured, schemas, refused, errors }
    }

    pub(crate) fn error(&self, error: ConfigError) {
        self.errors.borrow_mut().push(error);
    }

    pub(crate) fn finish(self) -> Result<(), ConfigErrors> {
        let errors = self.errors.into_inner();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// A section as it was written.
    pub(crate) fn view(&self, section: &'a str) -> View<'a> {
        self.raw.section(section).collect()
    }

    /// Finds keys that no section has. Those of components are found when their section is checked.
    pub(crate) fn check_keys(&self) {
        for (key, leaf) in self.raw.keys() {
            let (section, name) = key.split_once('.').unwrap_or((key, ""));
            if section == "extends" {
                let problem = "is not a setting: `extends` names other files, at the top of a config file and nowhere else";
                let help =
                    "name several files on the command line to put them on top of each other".to_owned();
                self.error(ConfigError::at(&leaf.origin, key, problem).help(Some(help)));
            } else if !keys::SECTIONS.contains(&section) {
                let problem = ConfigError::at(&leaf.origin, key, "is in an unknown section");
                let sections = keys::SECTIONS.iter().map(|name| format!("[{name}]")).collect::<Vec<_>>();
                let near = did_you_mean(section, keys::SECTIONS.into_iter().chain(["extends"]));
                self.error(problem.help(near.or(Some(format!("there are {}", sections.join(", "))))));
            } else if name.is_empty() {
                self.error(ConfigError::at(&leaf.origin, key, "is a section: write its settings below it"));
            } else if matches!(section, "experiment" | "run") && keys::find(key).is_none() {
                self.unknown(leaf, section, name);
            }
        }
    }

    pub(crate) fn unknown(&self, leaf: &Leaf, section: &str, name: &str) {
        let context = format!("[{section}]");
        let problem = unknown_key(vec![name.to_owned()], keys::names_in(section), &context);
        self.error(
            ConfigError::at(&leaf.origin, &format!("{section}.{name}"), problem.problem).help(problem.help),
        );
    }

    /// A setting of lossnet's own; none if it is not set, or wrong (which is then noted).
    pub(super) fn value(&self, view: &View<'_>, section: &str, name: &str) -> Option<Value> {
        let leaf = view.get(name)?;
        let path = format!("{section}.{name}");
        let shape = &keys::find(&path)?.shape;
        match shape.check(&leaf.value, leaf.as_text()) {
            Ok(Value::String(text)) if matches!(shape, Shape::Path) => {
                self.path(leaf, &path, &text).map(Value::String)
            }
            Ok(value) => Some(value),
            Err((problem, help)) => {
                self.error(ConfigError::at(&leaf.origin, &path, problem).help(help));
                None
            }
        }
    }

    /// The whole path that a setting's text stands for; none if there is none, which is then noted.
    pub(super) fn path(&self, leaf: &Leaf, key: &str, text: &str) -> Option<String> {
        match self.raw.paths.resolve(text, leaf.base.as_deref()) {
            Ok(path) => Some(path),
            Err(error) => {
                let help = Some(error.help().to_owned());
                self.error(ConfigError::at(&leaf.origin, key, &error).help(help));
                None
            }
        }
    }

    pub(super) fn text(&self, view: &View<'_>, section: &str, name: &str) -> Option<String> {
        self.value(view, section, name)?.as_str().map(str::to_owned)
    }

    /// A text that must be set.
    pub(super) fn required(&self, view: &View<'_>, section: &str, name: &str) -> Option<String> {
        if !view.contains_key(name) {
            self.missing(view, section, name);
        }
        self.text(view, section, name)
    }

    /// Notes a setting that must be there and is not, unless it would be but for what is noted already.
    pub(super) fn missing(&self, view: &View<'_>, section: &str, name: &str) {
        let path = format!("{section}.{name}");
        if self.refused.borrow().contains(&path) {
            return;
        }
        let others = view.iter().filter(|(key, _)| keys::find(&format!("{section}.{key}")).is_none());
        let near = nearest(name, others.map(|(key, _)| *key));
        if let Some((key, leaf)) = near.first().and_then(|key| view.get_key_value(key)) {
            let problem = format!("`{path}` is not set, but `{section}.{key}` is");
            let help = Some(format!("did you mean `{path}`?"));
            let key = Some(format!("{section}.{key}"));
            return self.error(ConfigError { origin: leaf.origin.clone(), key, problem, help });
        }
        self.error(ConfigError {
            origin: Origin::Default,
            key: Some(path),
            problem: format!("`{section}.{name}` is not set"),
            help: Some(format!("write `{name} = …` under [{section}], or -s {section}.{name}=…")),
        });
    }

    /// Notes that a setting would be there if what is written about it were right, which is told: that it is missing need not
    /// be told as well.
    pub(crate) fn refuse(&self, key: &str) {
        self.refused.borrow_mut().insert(key.to_owned());
    }

    fn number<T: TryFrom<i64>>(&self, view: &View<'_>, section: &str, name: &str) -> Option<T> {
        self.value(view, section, name)?.as_i64().and_then(|number| T::try_from(number).ok())
    }

    pub(super) fn size(&self, view: &View<'_>) -> Option<u32> {
        self.number(view, "loss_network", "size")
    }

    pub(super) fn flag(&self, view: &View<'_>, section: &str, name: &str) -> Option<bool> {
        self.value(view, section, name)?.as_bool()
    }

    pub(crate) fn experiment(&self, view: &View<'_>) -> Option<ExperimentSection> {
        let name = if view.contains_key("name") {
            self.text(view, "experiment", "name")
        } else {
            self.default_name()
        };
        Some(ExperimentSection {
            description: self.text(view, "experiment", "description")?,
            repetitions: self.number(view, "experiment", "repetitions")?,
            name: name?,
        })
    }

    /// The name of an experiment that is given none: that of its file, if it is one that could be given.
    fn default_name(&self) -> Option<String> {
        let (Some(name), Some(file)) = (&self.raw.default_name, &self.raw.last_file) else {
            self.missing(&View::new(), "experiment", "name");
            return None;
        };
        let Err((problem, _)) =
            keys::find("experiment.name")?.shape.check(&Value::String(name.clone()), Some(name))
        else {
            return Some(name.clone());
        };
        let problem = format!("is the file's name where it is not set, and {problem}");
        let help = "write `name = …` under [experiment], or -s experiment.name=…".to_owned();
        self.error(
            ConfigError::at(&Origin::Whole(file.clone()), "experiment.name", problem).help(Some(help)),
        );
        None
    }

    pub(crate) fn run(&self, view: &View<'_>) -> Option<RunSection> {
        // Each is looked at, so that all that is wrong is found.
        let texts = ["device", "precision", "executor"].map(|name| self.text(view, "run", name));
        let numbers = ["batch_size", "num_workers", "threads"].map(|name| self.number(view, "run", name));
        let flags = ["deterministic", "offline"].map(|name| self.flag(view, "run", name));
        let seed = self.number(view, "run", "seed");
        let [device, precision, executor] = texts;
        Some(RunSection {
            device: device?,
            precision: precision?,
            executor: executor?,
            batch_size: numbers[0]?,
            num_workers: numbers[1]?,
            threads: numbers[2]?,
            deterministic: flags[0]?,
            offline: flags[1]?,
            seed: seed?,
        })
    }

    pub(crate) fn task(&self, view: &View<'_>) -> Option<Component> {
        let name = self.required(view, "task", "name")?;
        let manifest = self.lookup(view, "task", "name", Kind::Task, &name)?;
        let own = view.iter().filter(|(key, _)| **key != "name").map(|(key, leaf)| (*key, *leaf));
        self.settings("task", &[manifest], &own.collect())?.pop()
    }

    /// The main dataset, with those for tests below it.
    pub(crate) fn data(&self, view: &View<'_>) -> Option<DataSection> {
        let (below, own): (View<'_>, View<'_>) = view.iter().partition(|(key, _)| key.starts_with("test."));
        let mut labels: BTreeMap<&str, View<'_>> = BTreeMap::new();
        for (key, leaf) in below {
            if let Some((label, name)) = key.strip_prefix("test.").and_then(|rest| rest.split_once('.')) {
                labels.entry(label).or_default().insert(name, leaf);
            } else {
                let problem = ConfigError::at(&leaf.origin, &format!("data.{key}"), "is not a table");
                self.error(problem.help(Some("write `name = …` under [data.test.LABEL]".to_owned())));
            }
        }
        let main = self.dataset(&own, "data");
        let mut test = BTreeMap::new();
        for (label, view) in labels {
            test.insert(label.to_owned(), self.dataset(&view, &format!("data.test.{label}"))?);
        }
        Some(DataSection { test, ..main? })
    }

    fn dataset(&self, view: &View<'_>, section: &str) -> Option<DataSection> {
        let limit = self.number(view, section, "limit");
        let folder = self.text(view, section, "folder");
        let name = self.required(view, section, "name")?;
        let manifest = self.lookup(view, section, "name", Kind::Dataset, &name)?;
        if let (true, Some(leaf)) = (manifest.details.without_folder, view.get("folder")) {
            let problem =
                format!("is set, and the dataset `{name}` makes its samples itself: it reads no folder");
            let error = ConfigError::at(&leaf.origin, &format!("{section}.folder"), problem);
            self.error(
                error.help(Some("remove it, or take another dataset, such as `image-folder`".to_owned())),
            );
        }
        let own = view.iter().filter(|(key, _)| keys::find(&format!("data.{key}")).is_none());
        let dataset = self.settings(section, &[manifest], &own.map(|(key, leaf)| (*key, *leaf)).collect());
        let splits = self.splits(view, section, manifest)?;
        Some(DataSection { dataset: dataset?.pop()?, splits, folder, limit, test: BTreeMap::new() })
    }

    /// The splits to use: those named, where naming a whole that is not a split itself means all its parts; else all
    /// that are not parts of others.
    fn splits(&self, view: &View<'_>, section: &str, dataset: &ComponentManifest) -> Option<Vec<String>> {
        let known = &dataset.details.splits;
        let is_part =
            |split: &str, whole: &str| split.strip_prefix(whole).is_some_and(|part| part.starts_with('/'));
        let Some(leaf) = view.get("splits") else {
            // A dataset of the user's folders: everything.
            if known.is_empty() {
                return Some(vec!["all".to_owned()]);
            }
            // A further dataset is there for tests.
            if section != "data" && known.iter().any(|split| split == "test") {
                return Some(vec!["test".to_owned()]);
            }
            let wholes = known.iter().filter(|split| !known.iter().any(|whole| is_part(split, whole)));
            return Some(wholes.cloned().collect());
        };
        let mut splits: Vec<String> = Vec::new();
        for (index, split) in self.value(view, section, "splits")?.as_array()?.iter().enumerate() {
            let split = split.as_str()?;
            let parts: Vec<&String> = known.iter().filter(|part| is_part(part, split)).collect();
            let named = match parts.is_empty() {
                // A dataset of the user's folders can't tell its splits before it is opened.
                _ if known.is_empty() || known.iter().any(|known| known == split) => vec![split.to_owned()],
                false => parts.into_iter().cloned().collect(),
                true => {
                    let problem =
                        format!("names the split `{split}`, and `{}` has {}", dataset.name, known.join(", "));
                    let error =
                        ConfigError::at(leaf.element_origin(index), &format!("{section}.splits"), problem);
                    self.error(error.help(did_you_mean(split, known.iter().map(String::as_str))));
                    return None;
                }
            };
            for split in named {
                if !splits.contains(&split) {
                    splits.push(split);
                }
            }
        }
        if splits.is_empty() {
            self.error(ConfigError::at(
                &leaf.origin,
                &format!("{section}.splits"),
                "must name a split at least",
            ));
            return None;
        }
        Some(splits)
    }

    /// A component by the name that stands at a key.
    pub(super) fn lookup(
        &self,
        view: &View<'_>,
        section: &str,
        key: &str,
        kind: Kind,
        name: &str,
    ) -> Option<&'a ComponentManifest> {
        match self.catalog.get(kind, name) {
            Ok(manifest) => Some(manifest),
            Err(error) => {
                self.error(ConfigError {
                    origin: view.get(key).map_or(Origin::Default, |leaf| leaf.origin.clone()),
                    key: Some(format!("{section}.{key}")),
                    problem: format!("`{section}.{key}`: {error}"),
                    help: None,
                });
                None
            }
        }
    }

    /// The settings in `section` for components that share them: each gets those that it has.
    pub(super) fn settings(
        &self,
        section: &str,
        components: &[&ComponentManifest],
        own: &View<'_>,
    ) -> Option<Vec<Component>> {
        let mut given = nested(own);
        let schemas: Vec<_> =
            components.iter().map(|component| self.schema(section, component)).collect::<Option<_>>()?;
        if !self.settle_paths(section, &schemas, own, &mut given) {
            return None;
        }
        if own.values().any(|leaf| leaf.is_empty_table()) {
            for schema in &schemas {
                leave_out_empty(&mut given, &schema.complete(&Map::new()));
            }
        }
        let context =
            components.iter().map(|c| format!("{} `{}`", c.kind, c.name)).collect::<Vec<_>>().join(" or ");
        let mut problems = Vec::new();
        for key in given.keys().filter(|key| !schemas.iter().any(|schema| schema.has(key))) {
            let mut known: Vec<&str> = Vec::new();
            for schema in &schemas {
                known.extend(schema.keys());
            }
            for name in keys::names_in(section) {
                known.push(name);
            }
            problems.push(unknown_key(
                vec![key.clone()],
                known.into_iter(),
                &format!("[{section}] with the {context}"),
            ));
        }
        let mut configured = Vec::new();
        for (component, schema) in components.iter().zip(&schemas) {
            let mine: Map<String, Value> = given
                .iter()
                .filter(|(key, _)| schema.has(key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            let settings = schema.complete(&mine);
            problems
                .extend(schema.problems(&settings, &format!("the {} `{}`", component.kind, component.name)));
            configured.push(Component { name: component.name.clone(), settings });
        }
        let fine = problems.is_empty();
        for problem in problems {
            self.setting_problem(section, own, problem);
        }
        fine.then_some(configured)
    }

    /// Makes the paths among components' settings whole ones; false if that can't be done, which is then noted.
    fn settle_paths(
        &self,
        section: &str,
        schemas: &[Rc<SettingsSchema>],
        own: &View<'_>,
        given: &mut Map<String, Value>,
    ) -> bool {
        let mut fine = true;
        for (key, leaf) in own {
            let parts: Vec<&str> = key.split('.').collect();
            let Some(kind) = schemas.iter().find_map(|schema| schema.path_kind(&parts)) else { continue };
            let [first, inner @ ..] = parts.as_slice() else { continue };
            let value = inner
                .iter()
                .try_fold(given.get_mut(*first), |value, part| Some(value?.as_object_mut()?.get_mut(*part)));
            for value in value.flatten().into_iter().flat_map(elements_mut) {
                let Value::String(text) = value else { continue };
                if kind == PathKind::Program && !text.contains('/') {
                    continue;
                }
                match self.path(leaf, &format!("{section}.{key}"), text) {
                    Some(path) => *text = path,
                    None => fine = false,
                }
            }
        }
        fine
    }

    fn setting_problem(&self, section: &str, own: &View<'_>, problem: SettingProblem) {
        let path = problem.path.join(".");
        // A list's element is inside the leaf, a table's setting may be anywhere below the key.
        let at = own.get(path.as_str()).or_else(|| {
            own.iter()
                .find(|(key, _)| {
                    let inside = |outer: &str, inner: &str| {
                        inner.strip_prefix(outer).is_some_and(|r| r.starts_with('.'))
                    };
                    inside(key, &path) || inside(&path, key)
                })
                .map(|(_, leaf)| leaf)
        });
        let origin = at.map_or(Origin::Default, |leaf| leaf.origin.clone());
        self.error(
            ConfigError::at(&origin, &format!("{section}.{path}"), problem.problem).help(problem.help),
        );
    }

    fn schema(&self, section: &str, component: &ComponentManifest) -> Option<Rc<SettingsSchema>> {
        let key = (component.kind, component.name.clone());
        if let Some(schema) = self.schemas.borrow().get(&key) {
            return schema.clone();
        }
        let schema = match SettingsSchema::new(component) {
            Ok(schema) => Some(Rc::new(schema)),
            Err(problem) => {
                self.error(ConfigError::at(&Origin::Default, section, format!("can't be used: {problem}")));
                None
            }
        };
        self.schemas.borrow_mut().insert(key, schema.clone());
        schema
    }
}

/// Leaves out empty tables where the default is a table: they are as good as not set.
fn leave_out_empty(given: &mut Map<String, Value>, defaults: &Map<String, Value>) {
    given.retain(|key, value| match (value, defaults.get(key)) {
        (Value::Object(table), Some(Value::Object(default))) => {
            leave_out_empty(table, default);
            !table.is_empty()
        }
        _ => true,
    });
}

/// A list's elements, or the one value.
fn elements_mut(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(values) => values.iter_mut().collect(),
        single => vec![single],
    }
}
