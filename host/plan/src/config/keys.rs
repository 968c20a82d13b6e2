//! The settings that are lossnet's own, and what each may be. Components bring further ones beside them.

use lossnet_plugin_protocol::normalization::Normalization;
use serde_json::Value;

use super::slurm;
use lossnet_core::nearest::{did_you_mean, either};

/// The sections of a config.
pub(crate) const SECTIONS: [&str; 8] =
    ["experiment", "task", "loss_network", "data", "run", "sweep", "executor", "trackers"];

/// The executors that have settings, each in a section `[executor.<name>]`.
pub(crate) const EXECUTORS: [&str; 2] = ["local", "slurm"];

/// One of lossnet's own settings.
#[derive(Debug)]
pub struct Key {
    /// Dotted key.
    pub(crate) path: &'static str,
    /// What it may be.
    pub(crate) shape: Shape,
    /// Whether another value may give another result, so that it is a part of what a cell is.
    pub(crate) identity: bool,
}

/// What a setting may be.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any text that is not empty.
    Text,
    /// Any text.
    Prose,
    /// A file or directory, which is made a whole path.
    Path,
    /// Text that this function finds nothing wrong with; it gives what the text must be.
    Checked(fn(&str) -> Result<(), String>),
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number in this range, both ends included.
    Whole(i64, i64),
    /// True or false.
    Flag,
    /// A list of texts, or one.
    Texts,
    /// A list of texts, each of which this function finds nothing wrong with, or one; it gives what each must be.
    Lines(fn(&str) -> Result<(), String>),
    /// A list of texts, or one with commas, each of which this function finds nothing wrong with; it gives what each must be.
    Each(fn(&str) -> Result<(), String>),
    /// Layers: looked at together with the backbone.
    Layers,
}

const fn key(path: &'static str, shape: Shape) -> Key {
    Key { path, shape, identity: true }
}

/// A setting that can't change a result (beyond rounding, for those of the device).
const fn incidental(path: &'static str, shape: Shape) -> Key {
    Key { path, shape, identity: false }
}

/// All of them.
pub(crate) const KEYS: &[Key] = &[
    incidental("experiment.name", Shape::Checked(folder_name)),
    incidental("experiment.description", Shape::Prose),
    incidental("experiment.repetitions", Shape::Whole(1, 10_000)),
    key("task.name", Shape::Text),
    key("loss_network.backbone", Shape::Text),
    key("loss_network.weights", Shape::Checked(weights)),
    incidental("loss_network.check_weights", Shape::Choice(&["all", "used"])),
    key("loss_network.layers", Shape::Layers),
    key("loss_network.layers.depths", Shape::Layers),
    key("loss_network.normalize", Shape::Checked(normalize)),
    key("loss_network.comparison", Shape::Text),
    key("loss_network.calibration", Shape::Path),
    key("loss_network.size", Shape::Whole(1, 16_384)),
    key("data.name", Shape::Text),
    key("data.splits", Shape::Texts),
    key("data.folder", Shape::Path),
    key("data.limit", Shape::Whole(1, i64::MAX)),
    incidental("run.device", Shape::Checked(device)),
    key("run.precision", Shape::Choice(&["fp32", "tf32", "bf16"])),
    incidental("run.batch_size", Shape::Whole(1, 1_000_000)),
    incidental("run.threads", Shape::Whole(0, 1024)),
    incidental("run.num_workers", Shape::Whole(0, 1024)),
    key("run.seed", Shape::Whole(0, i64::MAX)),
    key("run.deterministic", Shape::Flag),
    incidental("run.offline", Shape::Flag),
    incidental("executor.local.workers", Shape::Whole(1, 1024)),
    incidental("executor.local.devices", Shape::Each(worker_device)),
    incidental("run.executor", Shape::Choice(&["in-process", "local", "slurm"])),
    incidental("executor.slurm.partition", Shape::Checked(slurm::check_name)),
    incidental("executor.slurm.account", Shape::Checked(slurm::check_name)),
    incidental("executor.slurm.qos", Shape::Checked(slurm::check_name)),
    incidental("executor.slurm.time", Shape::Checked(slurm::check_time)),
    incidental("executor.slurm.gres", Shape::Checked(slurm::check_gres)),
    incidental("executor.slurm.cpus", Shape::Whole(1, 65_535)),
    incidental("executor.slurm.mem", Shape::Checked(slurm::check_memory)),
    incidental("executor.slurm.max_running_tasks", Shape::Whole(1, 1_000_000)),
    incidental("executor.slurm.groups_per_task", Shape::Whole(1, 1_000_000)),
    // What sbatch takes.
    incidental("executor.slurm.signal_seconds", Shape::Whole(1, 65_535)),
    incidental("executor.slurm.setup", Shape::Lines(slurm::check_setup)),
    incidental("executor.slurm.options", Shape::Lines(slurm::check_option)),
    // Named so that they are known where keys are suggested; the loader and the planner read them.
    incidental("extends", Shape::Texts),
    incidental("loss_network.backbone_config", Shape::Prose),
];

/// The setting at a dotted key, if it is lossnet's own.
pub fn find(path: &str) -> Option<&'static Key> {
    let path = main_data(path);
    KEYS.iter().find(|key| key.path == path)
}

/// What the section of every further dataset begins with.
const TEST_DATA: &str = "data.test.";

/// A key of `[data.test.<label>]` as the same key of `[data]`; any other key as it is.
fn main_data(path: &str) -> std::borrow::Cow<'_, str> {
    match path.strip_prefix(TEST_DATA).and_then(|rest| rest.split_once('.')) {
        Some((_, name)) => format!("data.{name}").into(),
        None => path.into(),
    }
}

/// Names of lossnet's own settings in a section, without the section.
pub fn names_in(section: &str) -> impl Iterator<Item = &'static str> {
    let section = if section.starts_with(TEST_DATA) { "data" } else { section };
    let names = KEYS.iter().filter_map(move |key| key.path.strip_prefix(section)?.strip_prefix('.'));
    // What can stand in the table of another key is told with that key.
    names.filter(|name| !name.contains('.'))
}

impl Shape {
    /// The value in its plain form, or what is wrong with it and what it may be. `text` is the value as text,
    /// where it is that or came from a shell.
    pub(crate) fn check(&self, value: &Value, text: Option<&str>) -> Result<Value, (String, Option<String>)> {
        let must = |what: String| Err((format!("must be {what}, not {}", shown(value)), None));
        match self {
            Shape::Text | Shape::Prose | Shape::Path | Shape::Checked(_) | Shape::Choice(_) => match text {
                Some("") if !matches!(self, Shape::Prose) => Err(("must not be empty".to_owned(), None)),
                Some(text) => self.check_text(text),
                None => must("text".to_owned()),
            },
            Shape::Whole(least, most) => match (value.as_i64(), text.filter(|text| is_too_large(text))) {
                (Some(number), _) if (*least..=*most).contains(&number) => Ok(value.clone()),
                (None, Some(digits)) => {
                    Err((format!("must be a whole number from {least} to {most}, not {digits}"), None))
                }
                _ if *most == i64::MAX => must(format!("a whole number, {least} or more")),
                _ => must(format!("a whole number from {least} to {most}")),
            },
            Shape::Flag => match value {
                Value::Bool(_) => Ok(value.clone()),
                _ => must("true or false".to_owned()),
            },
            Shape::Texts => match (value, text) {
                (Value::Array(values), _) if values.iter().all(Value::is_string) => Ok(value.clone()),
                (_, Some(text)) => {
                    Ok(text.split(',').map(|part| Value::String(part.trim().to_owned())).collect())
                }
                _ => must("a list of texts".to_owned()),
            },
            Shape::Each(check) => {
                let list = Shape::Texts.check(value, text)?;
                for one in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    check(one).map_err(|what| (format!("must be a list; each {what}, not `{one}`"), None))?;
                }
                Ok(list)
            }
            Shape::Lines(check) => {
                let lines: Vec<&str> = match (value, text) {
                    (Value::Array(values), _) => {
                        let lines: Option<_> = values.iter().map(Value::as_str).collect();
                        lines.map_or_else(
                            || must("a list of texts".to_owned()).map(|_: Value| Vec::new()),
                            Ok,
                        )?
                    }
                    (_, Some(line)) => vec![line],
                    _ => return must("a list of texts".to_owned()),
                };
                for line in &lines {
                    check(line)
                        .map_err(|what| (format!("must be a list; each {what}, not `{line}`"), None))?;
                }
                Ok(lines.into_iter().collect())
            }
            Shape::Layers => Ok(value.clone()),
        }
    }

    fn check_text(&self, text: &str) -> Result<Value, (String, Option<String>)> {
        match self {
            Shape::Checked(check) => match check(text) {
                Ok(()) => {}
                Err(what) => return Err((format!("must be {what}, not `{text}`"), None)),
            },
            Shape::Choice(choices) if !choices.contains(&text) => {
                let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                let problem = format!("must be {}, not `{text}`", either(&quoted));
                return Err((problem, did_you_mean(text, choices.iter().copied())));
            }
            _ => {}
        }
        Ok(Value::String(text.to_owned()))
    }
}

/// Whether a text is a whole number that no value can hold.
fn is_too_large(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_err()
}

/// A value as it is shown in a sentence.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("the text \"{text}\""),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        plain => plain.to_string(),
    }
}

fn folder_name(text: &str) -> Result<(), String> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if plain && !text.starts_with('.') && text.len() <= 100 {
        return Ok(());
    }
    Err("a folder's name of at most 100 letters, digits, `.`, `_` and `-` that does not start with `.`"
        .to_owned())
}

fn weights(text: &str) -> Result<(), String> {
    match text.strip_prefix("random") {
        Some("") => {}
        Some(seed) => match seed.strip_prefix(':') {
            Some(seed) if seed.parse::<u64>().is_ok() => return Ok(()),
            Some(_) => {}
            None => return Ok(()),
        },
        None => return Ok(()),
    }
    Err("`imagenet`, an entry's name, a file, or `random:SEED` with a whole number as SEED".to_owned())
}

fn device(text: &str) -> Result<(), String> {
    let numbered = text.strip_prefix("cuda:").is_some_and(|number| number.parse::<u16>().is_ok());
    if numbered || matches!(text, "auto" | "cpu" | "cuda") {
        return Ok(());
    }
    Err("`auto`, `cpu`, `cuda` or `cuda:N`".to_owned())
}

/// A worker is told which of several devices is its own.
fn worker_device(text: &str) -> Result<(), String> {
    match device(text) {
        Ok(()) if text != "auto" => Ok(()),
        _ => Err("`cpu`, `cuda` or `cuda:N`".to_owned()),
    }
}

fn normalize(text: &str) -> Result<(), String> {
    text.parse::<Normalization>().map(|_| ()).map_err(|_| {
        "`imagenet`, `none`, `published-lpips`, or three means and three deviations above 0 as `m,m,m/s,s,s`".to_owned()
    })
}
