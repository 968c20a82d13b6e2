//! First stage: layers of settings put on top of each other, each setting still knowing where it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::keys::SECTIONS;
use super::origin::{ConfigError, ConfigErrors, Origin};
use super::paths::Paths;
use super::source::{Input, STANDARD_INPUT, Source, not_utf8};
use super::values::{has_end, is_number, json, shell_value};

/// lossnet's own defaults: the first layer of every config, and its documentation.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Environment variables of settings start so; sections and keys are separated by two underscores.
pub const ENVIRONMENT_PREFIX: &str = "LOSSNET__";

/// A setting that is not a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// Where each element of a list stands; empty where that adds nothing.
    elements: Vec<Origin>,
    /// The text that the value was read from, outside files.
    text: Option<String>,
    /// The directory that a path starts from: the file's, where a file has set it; else the working directory.
    pub(crate) base: Option<Arc<Path>>,
    /// Settings keep the order in which they were written.
    order: usize,
    /// Which of the layers it stands in, from the defaults, 0, on. Every file is a layer of its own.
    pub(crate) layer: usize,
}

impl Leaf {
    /// A default.
    pub fn of_default(value: Value) -> Leaf {
        Leaf {
            value,
            origin: Origin::Default,
            elements: Vec::new(),
            text: None,
            base: None,
            order: 0,
            layer: 0,
        }
    }

    /// Where the list's element at this position stands.
    pub fn element_origin(&self, index: usize) -> &Origin {
        self.elements.get(index).unwrap_or(&self.origin)
    }

    /// Whether it is `{}`: a setting that is a table has its keys in settings of their own.
    pub fn is_empty_table(&self) -> bool {
        self.value.as_object().is_some_and(Map::is_empty)
    }

    /// The setting as text, where it is text or was given as text by a shell, to which everything is.
    pub fn as_text(&self) -> Option<&str> {
        match (&self.value, &self.text) {
            (Value::String(text), _) | (Value::Number(_) | Value::Bool(_), Some(text)) => Some(text),
            _ => None,
        }
    }

    /// Another value, standing where this one does.
    pub fn with_value(&self, value: Value) -> Leaf {
        Leaf { value, elements: Vec::new(), text: None, ..self.clone() }
    }

    /// A value of this setting, if it is a list, as a setting of its own.
    pub fn element(&self, index: usize, value: Value) -> Leaf {
        let origin = self.element_origin(index).clone();
        Leaf { value, origin, elements: Vec::new(), text: None, ..self.clone() }
    }
}

/// All settings of a config by dotted key, unchecked.
#[derive(Clone, Debug, Default)]
pub struct RawConfig {
    leaves: BTreeMap<String, Leaf>,
    written: usize,
    /// The keys at which `{}` was written, which takes back what stands below them in earlier layers.
    taken_back: BTreeSet<String>,
    /// The layer that is being read.
    layer: usize,
    /// What paths are resolved with.
    pub(crate) paths: Paths,
    /// The experiment's name where none is given.
    pub(crate) default_name: Option<String>,
    /// The file whose name that is.
    pub(crate) last_file: Option<Arc<Path>>,
}

impl RawConfig {
    /// Reads the defaults, these files one over the other, the environment and the `-s key=value` settings.
    ///
    /// `environment` are all variables of the process; those that don't start with [`ENVIRONMENT_PREFIX`] are
    /// left alone. Fails if a file can't be read or is not TOML, if files extend each other in a circle, or if a
    /// `-s` has no key.
    pub fn load(
        files: &[PathBuf],
        environment: impl IntoIterator<Item = (String, String)>,
        settings: &[String],
    ) -> Result<RawConfig, ConfigErrors> {
        let variables: BTreeMap<String, String> = environment.into_iter().collect();
        let own: Vec<(String, String)> = variables
            .range(ENVIRONMENT_PREFIX.to_owned()..)
            .take_while(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        let mut config = RawConfig { paths: Paths::new(variables), ..RawConfig::default() };
        let mut errors = ConfigErrors::default();
        config.add_text(&Source { text: DEFAULTS, path: None, base: None }, &mut errors);
        for (position, file) in files.iter().enumerate() {
            let input = Input::of(file);
            if input == Input::Standard && files[..position].contains(file) {
                errors.push(ConfigError {
                    origin: Origin::Whole(Arc::from(file.as_path())),
                    key: None,
                    problem: "the standard input can be one config only, and is named twice".to_owned(),
                    help: None,
                });
                continue;
            }
            config.add_file(file, &mut Vec::new(), &Origin::Whole(Arc::from(file.as_path())), &mut errors);
            // What comes through a pipe has no name that an experiment could have.
            if input == Input::File {
                config.last_file = Some(Arc::from(file.as_path()));
                config.default_name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            }
        }
        config.layer += 1;
        for (name, text) in own {
            let key = name[ENVIRONMENT_PREFIX.len()..].to_lowercase().replace("__", ".");
            config.add_shell_value(&key, &text, Origin::Environment(name), &mut errors);
        }
        config.layer += 1;
        for setting in settings {
            let origin = Origin::CommandLine(setting.clone());
            match setting.split_once('=') {
                Some((key, text)) if !key.trim().is_empty() => {
                    // Quotes as in a file: sweep."loss_network.layers".
                    let key = key.trim().replace('"', "");
                    config.add_shell_value(&key, text.trim(), origin, &mut errors);
                }
                _ => errors.push(ConfigError {
                    origin,
                    key: None,
                    problem: "no key and value".to_owned(),
                    help: Some("write -s key=value, such as -s run.device=cpu".to_owned()),
                }),
            }
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// The settings in a section, by their keys without the section, in the keys' order.
    pub fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        self.leaves
            .range(format!("{section}.")..)
            .map_while(move |(key, leaf)| Some((key.strip_prefix(section)?.strip_prefix('.')?, leaf)))
    }

    /// The same, in the order in which they were written.
    pub fn section_as_written<'a>(&'a self, section: &'a str) -> Vec<(&'a str, &'a Leaf)> {
        let mut settings: Vec<_> = self.section(section).collect();
        settings.sort_by_key(|(_, leaf)| leaf.order);
        settings
    }

    /// The setting at a dotted key.
    pub fn get(&self, key: &str) -> Option<&Leaf> {
        self.leaves.get(key)
    }

    /// All dotted keys.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Leaf)> {
        self.leaves.iter().map(|(key, leaf)| (key.as_str(), leaf))
    }

    fn add_file(
        &mut self,
        file: &Path,
        inside: &mut Vec<PathBuf>,
        origin: &Origin,
        errors: &mut ConfigErrors,
    ) {
        let unreadable = |error: std::io::Error| {
            let config = match origin {
                Origin::Whole(_) => "the config".to_owned(),
                _ => format!("the config {}", file.display()),
            };
            let is_folder = error.kind() == std::io::ErrorKind::IsADirectory;
            let why = if is_folder { "it is a folder".to_owned() } else { error.to_string() };
            let help = is_folder.then(|| "name a TOML file".to_owned());
            ConfigError {
                origin: origin.clone(),
                key: None,
                problem: format!("{config} can't be read: {why}"),
                help,
            }
        };
        let input = Input::of(file);
        let real = match input {
            Input::File => std::fs::canonicalize(file),
            // What a pipe's name leads to is not a file with a path.
            Input::Standard | Input::Stream => Ok(file.to_owned()),
        };
        let real = match real {
            Ok(real) => real,
            Err(error) => return errors.push(unreadable(error)),
        };
        if inside.contains(&real) {
            let circle: Vec<String> = inside.iter().map(|path| path.display().to_string()).collect();
            return errors.push(ConfigError {
                origin: origin.clone(),
                key: Some("extends".to_owned()),
                problem: format!(
                    "`extends` goes round in a circle: {} → {}",
                    circle.join(" → "),
                    real.display()
                ),
                help: Some("remove one of them".to_owned()),
            });
        }
        let shown = if input == Input::Standard { Path::new(STANDARD_INPUT) } else { file };
        let text = match input.read(file).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => {
                return errors.push(not_utf8(shown, error.as_bytes(), error.utf8_error().valid_up_to()));
            }
            Err(error) => return errors.push(unreadable(error)),
        };
        let folder = match input {
            Input::File => file.parent().unwrap_or(Path::new("")),
            Input::Standard | Input::Stream => Path::new(""),
        };
        let source = Source { text: &text, path: Some(Arc::from(shown)), base: Some(Arc::from(folder)) };

        let mut layer = RawConfig { written: self.written, ..RawConfig::default() };
        layer.add_text(&source, errors);
        inside.push(real);
        if let Some(extends) = layer.leaves.remove("extends") {
            for (index, base) in listed(&extends.value).into_iter().enumerate() {
                let origin = extends.element_origin(index);
                match base {
                    Value::String(base) => match self.paths.fill_in(base) {
                        Ok(base) => self.add_file(&folder.join(base), inside, origin, errors),
                        Err(error) => errors.push(
                            ConfigError::at(origin, "extends", &error).help(Some(error.help().to_owned())),
                        ),
                    },
                    other => errors.push(
                        ConfigError::at(&extends.origin, "extends", format!("can't be {other}"))
                            .help(Some("give a file or a list of files".to_owned())),
                    ),
                }
            }
        }
        inside.pop();
        self.layer += 1;
        let known: Vec<String> = layer.taken_back.iter().filter(|key| self.has(key)).cloned().collect();
        layer.taken_back.iter().for_each(|key| self.clear(key));
        let mut leaves: Vec<_> = layer.leaves.into_iter().collect();
        leaves.sort_by_key(|(_, leaf)| leaf.order);
        for (key, leaf) in leaves {
            // An empty sweep is one only where none of this name was there before.
            let idle =
                leaf.is_empty_table() && is_named_sweep(&key) && (known.contains(&key) || self.has(&key));
            if !idle {
                self.set(key, leaf);
            }
        }
    }

    fn add_text(&mut self, source: &Source<'_>, errors: &mut ConfigErrors) {
        let (table, problems) = DeTable::parse_recoverable(source.text);
        for problem in problems {
            let offset = problem.span().map_or(0, |span| span.start);
            errors.push(ConfigError {
                origin: source.at(offset),
                key: None,
                problem: format!("this is not valid TOML: {}", problem.message().replace('\n', ", ")),
                help: None,
            });
        }
        self.add_table("", table.get_ref(), source, errors);
    }

    fn add_table(
        &mut self,
        prefix: &str,
        table: &DeTable<'_>,
        source: &Source<'_>,
        errors: &mut ConfigErrors,
    ) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (name, value) in entries {
            let key = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let origin = source.at(name.span().start);
            if let DeValue::Table(inner) = value.get_ref()
                && !is_range_of(&key, |end| inner.get(end).is_some_and(|end| is_number(end.get_ref())))
            {
                self.add_table(&key, inner, source, errors);
                if inner.is_empty() {
                    self.add_empty(key, origin, source.is_inline(value));
                }
                continue;
            }
            let elements = match value.get_ref() {
                DeValue::Array(values) => values.iter().map(|value| source.at(value.span().start)).collect(),
                _ => Vec::new(),
            };
            match json(value) {
                Ok(value) => {
                    let base = source.base.clone();
                    self.set(key, Leaf { origin, elements, base, ..Leaf::of_default(value) });
                }
                Err(problem) => errors.push(ConfigError::at(&origin, &key, problem)),
            }
        }
    }

    /// Takes up a table of a file without keys: `{}`, or a heading with nothing below it, which takes nothing back.
    fn add_empty(&mut self, key: String, origin: Origin, inline: bool) {
        if inline {
            self.taken_back.insert(key.clone());
        }
        let leaf = Leaf { origin, ..Leaf::of_default(Value::Object(Map::new())) };
        if key.strip_prefix("trackers.").is_some_and(|name| !name.contains('.')) {
            // To name a tracker is to want it, also with nothing but defaults.
            self.set(format!("{key}.enabled"), leaf.with_value(Value::Bool(true)));
        } else if is_named_sweep(&key) || inline && !is_section(&key) {
            self.set(key, leaf);
        }
    }

    fn add_shell_value(&mut self, key: &str, text: &str, origin: Origin, errors: &mut ConfigErrors) {
        let leaf = Leaf { origin, text: Some(text.to_owned()), ..Leaf::of_default(shell_value(text)) };
        self.add_shell_leaf(key, leaf, errors);
    }

    fn add_shell_leaf(&mut self, key: &str, leaf: Leaf, errors: &mut ConfigErrors) {
        let table = match &leaf.value {
            Value::Object(table) if !is_range_of(key, |end| table.get(end).is_some_and(Value::is_number)) => {
                table
            }
            _ => return self.set(key.to_owned(), leaf),
        };
        for (name, value) in table {
            let inner = Leaf { text: None, value: value.clone(), ..leaf.clone() };
            self.add_shell_leaf(&format!("{key}.{name}"), inner, errors);
        }
        if !table.is_empty() {
            return;
        }
        if is_named_sweep(key) && !self.has(key) {
            let problem = "has nothing that `{}` could take back";
            let help = "`lossnet run --plan` shows what is swept".to_owned();
            errors.push(ConfigError::at(&leaf.origin, key, problem).help(Some(help)));
        }
        self.clear(key);
        if !is_section(key) && !is_named_sweep(key) {
            self.set(key.to_owned(), leaf);
        }
    }

    /// Whether there is a setting at or below a key.
    fn has(&self, key: &str) -> bool {
        let below = format!("{key}.");
        let first = self.leaves.range(below.clone()..).next();
        self.leaves.contains_key(key) || first.is_some_and(|(first, _)| first.starts_with(&below))
    }

    /// Takes back what was set at and below a key, down to the defaults.
    fn clear(&mut self, key: &str) {
        let below = format!("{key}.");
        self.leaves.retain(|known, _| known != key && !known.starts_with(&below));
        let mut defaults = RawConfig::default();
        let source = Source { text: DEFAULTS, path: None, base: None };
        defaults.add_text(&source, &mut ConfigErrors::default());
        self.leaves.extend(defaults.leaves.into_iter().filter(|(known, _)| known.starts_with(&below)));
    }

    /// Puts a setting in the place of what was there: of a table at its key, of a value where its table goes.
    fn set(&mut self, key: String, mut leaf: Leaf) {
        let below = format!("{key}.");
        let covered: Vec<String> = self
            .leaves
            .range(below.clone()..)
            .map(|(k, _)| k)
            .take_while(|k| k.starts_with(&below))
            .cloned()
            .collect();
        for covered in covered {
            self.leaves.remove(&covered);
        }
        for (position, _) in key.match_indices('.') {
            self.leaves.remove(&key[..position]);
        }
        self.written += 1;
        leaf.order = self.written;
        leaf.layer = self.layer;
        self.leaves.insert(key, leaf);
    }
}

/// Whether a table at a key is a range of a sweep's values, rather than settings with keys of their own. `is_number` tells
/// whether one of its entries is a number.
fn is_range_of(key: &str, is_number: impl Fn(&str) -> bool) -> bool {
    key.starts_with("sweep.") && !is_section(key) && !is_named_sweep(key) && has_end(is_number)
}

/// Whether a key is that of `[sweep.NAME]`.
fn is_named_sweep(key: &str) -> bool {
    key.strip_prefix("sweep.").is_some_and(|name| !name.contains('.') && !SECTIONS.contains(&name))
}

/// Whether a key is that of a section, which there is whatever stands in it: an empty one is nothing in itself.
fn is_section(key: &str) -> bool {
    match key.split('.').collect::<Vec<_>>().as_slice() {
        [section] => SECTIONS.contains(section),
        ["loss_network", "backbone_config"]
        | ["data", "test"]
        | ["data", "test", _]
        | ["executor" | "trackers", _] => true,
        ["sweep", section] | ["sweep", _, section] => *section == "set" || SECTIONS.contains(section),
        _ => false,
    }
}

/// A list's elements, or the one value.
fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        single => vec![single],
    }
}

/// A section's settings by their keys without the section.
pub(crate) type View<'v> = BTreeMap<&'v str, &'v Leaf>;

/// Leaves at dotted keys as the tables that they are.
pub(super) fn nested(leaves: &View<'_>) -> Map<String, Value> {
    let mut root = Map::new();
    for (key, leaf) in leaves {
        let mut table = &mut root;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.to_owned(), leaf.value.clone());
                break;
            }
            let below = table.entry(part).or_insert_with(|| Value::Object(Map::new()));
            match below {
                Value::Object(below) => table = below,
                // A value where a table should be is told by the schema.
                _ => break,
            }
        }
    }
    root
}
