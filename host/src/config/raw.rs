//! First stage: layers of settings put on top of each other, each setting still knowing where it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::SECTIONS;
use super::origin::{ConfigError, ConfigErrors, Origin};
use super::paths::Paths;

/// lossnet's own defaults: the first layer of every config, and its documentation.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Environment variables of settings start so; sections and keys are separated by two underscores.
pub const ENVIRONMENT_PREFIX: &str = "LOSSNET__";

/// A setting that is not a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
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
    pub(crate) fn of_default(value: Value) -> Leaf {
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
    pub(crate) fn element_origin(&self, index: usize) -> &Origin {
        self.elements.get(index).unwrap_or(&self.origin)
    }

    /// Whether it is `{}`: a setting that is a table has its keys in settings of their own.
    pub(crate) fn is_empty_table(&self) -> bool {
        self.value.as_object().is_some_and(Map::is_empty)
    }

    /// The setting as text, where it is text or was given as text by a shell, to which everything is.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match (&self.value, &self.text) {
            (Value::String(text), _) | (Value::Number(_) | Value::Bool(_), Some(text)) => Some(text),
            _ => None,
        }
    }

    /// Another value, standing where this one does.
    pub(crate) fn with_value(&self, value: Value) -> Leaf {
        Leaf { value, elements: Vec::new(), text: None, ..self.clone() }
    }

    /// A value of this setting, if it is a list, as a setting of its own.
    pub(crate) fn element(&self, index: usize, value: Value) -> Leaf {
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
    /// left alone. Fails if a file can't be read or is no TOML, if files extend each other in a circle, or if a
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
    pub(crate) fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        self.leaves
            .range(format!("{section}.")..)
            .map_while(move |(key, leaf)| Some((key.strip_prefix(section)?.strip_prefix('.')?, leaf)))
    }

    /// The same, in the order in which they were written.
    pub(crate) fn section_as_written<'a>(&'a self, section: &'a str) -> Vec<(&'a str, &'a Leaf)> {
        let mut settings: Vec<_> = self.section(section).collect();
        settings.sort_by_key(|(_, leaf)| leaf.order);
        settings
    }

    /// The setting at a dotted key.
    pub(crate) fn get(&self, key: &str) -> Option<&Leaf> {
        self.leaves.get(key)
    }

    /// All dotted keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &Leaf)> {
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
            // What a pipe's name leads to is no file with a path.
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

/// A text with settings.
struct Source<'a> {
    text: &'a str,
    /// The file that it is from; none for the defaults.
    path: Option<Arc<Path>>,
    /// The directory that its paths start from.
    base: Option<Arc<Path>>,
}

/// How the standard input is called in errors.
const STANDARD_INPUT: &str = "standard input";

/// What a config is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// A file: its directory is where its paths start.
    File,
    /// `-`.
    Standard,
    /// A pipe or a device, such as a shell's `<(…)` and `/dev/stdin`: its paths start in the working directory.
    Stream,
}

impl Input {
    fn of(file: &Path) -> Input {
        if file == Path::new("-") {
            return Input::Standard;
        }
        let is_special = |data: std::fs::Metadata| !data.is_file() && !data.is_dir();
        // Also where a shell has put a file in the place of the standard input.
        let is_stream = file.starts_with("/dev") || file.starts_with("/proc");
        if is_stream || file.metadata().is_ok_and(is_special) { Input::Stream } else { Input::File }
    }

    fn read(self, file: &Path) -> std::io::Result<Vec<u8>> {
        match self {
            Input::File | Input::Stream => std::fs::read(file),
            Input::Standard => {
                let mut bytes = Vec::new();
                std::io::stdin().lock().read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

impl Source<'_> {
    /// Where a position in the text is.
    fn at(&self, offset: usize) -> Origin {
        match &self.path {
            Some(path) => Origin::File { path: path.clone(), line: line(self.text.as_bytes(), offset) },
            None => Origin::Default,
        }
    }

    /// Whether a table is written in braces, rather than below a heading.
    fn is_inline(&self, table: &Spanned<DeValue<'_>>) -> bool {
        self.text.as_bytes().get(table.span().start) == Some(&b'{')
    }
}

/// Whether a table at a key is a range of a sweep's values, rather than settings with keys of their own. `is_number` tells
/// whether one of its entries is a number.
fn is_range_of(key: &str, is_number: impl Fn(&str) -> bool) -> bool {
    key.starts_with("sweep.") && !is_section(key) && !is_named_sweep(key) && has_end(is_number)
}

/// A range has an end.
fn has_end(is_number: impl Fn(&str) -> bool) -> bool {
    is_number("from") || is_number("to")
}

fn is_number(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Integer(_) | DeValue::Float(_))
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

/// Text from a shell is read as TOML where it is, and else taken as it stands.
pub(crate) fn shell_value(text: &str) -> Value {
    let parsed = DeValue::parse(text).ok().and_then(|value| json(&value).ok());
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The leaves of a sweep's table by dotted key, in which a range is one value.
pub(crate) fn flatten_sweep(table: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (key, value) in table {
        match value {
            Value::Object(inner) if SECTIONS.contains(&key.as_str()) || !is_range(value) => {
                let inner = flatten_sweep(inner).into_iter();
                leaves.extend(inner.map(|(inner, value)| (format!("{key}.{inner}"), value)));
            }
            _ => leaves.push((key.clone(), value.clone())),
        }
    }
    leaves
}

/// Whether a value of a sweep is a range such as `{ from = 1, to = 5 }`.
pub(crate) fn is_range(value: &Value) -> bool {
    value.as_object().is_some_and(|table| has_end(|end| table.get(end).is_some_and(Value::is_number)))
}

/// The leaves of a table by dotted key.
pub(crate) fn flatten(table: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (key, value) in table {
        match value {
            Value::Object(inner) => {
                leaves.extend(
                    flatten(inner).into_iter().map(|(inner, value)| (format!("{key}.{inner}"), value)),
                );
            }
            _ => leaves.push((key.clone(), value.clone())),
        }
    }
    leaves
}

fn not_utf8(file: &Path, bytes: &[u8], valid: usize) -> ConfigError {
    ConfigError {
        origin: Origin::File { path: Arc::from(file), line: line(bytes, valid) },
        key: None,
        problem: "this is not text in UTF-8".to_owned(),
        help: Some("save the file as UTF-8".to_owned()),
    }
}

/// Line of a position in a text, counted from 1.
fn line(text: &[u8], offset: usize) -> usize {
    1 + text.iter().take(offset).filter(|&&byte| byte == b'\n').count()
}

/// A TOML value as JSON. Fails for numbers that JSON has not.
fn json(value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(digits) => {
            let number = i64::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| {
                format!("is too large a whole number: {}; the largest is {}", digits.as_str(), i64::MAX)
            })?;
            Value::from(number)
        }
        DeValue::Float(digits) => {
            let number: f64 =
                digits.as_str().parse().map_err(|_| format!("is not a number: {}", digits.as_str()))?;
            match serde_json::Number::from_f64(number) {
                Some(number) => Value::Number(number),
                None => return Err(format!("must be finite, not {}", digits.as_str())),
            }
        }
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(values) => Value::Array(values.iter().map(json).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                Ok::<_, String>((ToString::to_string(key.get_ref()), json(value)?))
            };
            Value::Object(table.iter().map(entry).collect::<Result<_, _>>()?)
        }
    })
}
