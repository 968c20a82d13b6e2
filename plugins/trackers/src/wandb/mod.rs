//! `wandb`: a run for each cell with Weights & Biases, through its own Python package.

mod sidecar;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::words::result_name;

/// How many points are sent at once, and how often.
const POINTS_AT_ONCE: usize = 1000;
const SEND_EVERY: Duration = Duration::from_secs(2);

/// The longest id that wandb takes.
const LONGEST_ID: usize = 128;

/// How a run that was interrupted ended, as a shell says it.
const INTERRUPTED: i32 = 130;

/// Whether anything is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// Everything is sent at once; needs `WANDB_API_KEY` or `wandb login`.
    #[default]
    Online,
    /// Everything is kept in the cell's folder, for `wandb sync`.
    Offline,
    /// Nothing is done.
    Disabled,
}

/// Settings of `wandb`. The key comes from `WANDB_API_KEY` or `wandb login`, the server from `WANDB_BASE_URL`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WandbSettings {
    /// Whether runs are sent, kept in the cells' folders for `wandb sync`, or not followed.
    mode: Mode,
    /// The project; made if there is none.
    project: String,
    /// The user or team that the project belongs to; default: that of the key.
    entity: Option<String>,
    /// Tags of the runs.
    tags: Vec<String>,
    /// Whether images are logged.
    images: bool,
    /// Whether checkpoints are kept as an artifact when a cell is complete.
    checkpoints: bool,
    /// The Python that has the package wandb.
    #[schemars(extend("x-path" = "program"))]
    python: String,
}

impl Default for WandbSettings {
    fn default() -> Self {
        WandbSettings {
            mode: Mode::default(),
            project: "lossnet".to_owned(),
            entity: None,
            tags: Vec::new(),
            images: true,
            checkpoints: false,
            python: "python3".to_owned(),
        }
    }
}

/// The component.
pub(crate) struct Wandb;

impl Tracker for Wandb {
    type Config = WandbSettings;

    fn info(&self) -> Info {
        Info::new(
            "wandb",
            "a run for each cell with Weights & Biases, online or offline, through its Python package",
        )
        .with_reference("https://docs.wandb.ai")
    }

    fn start(&self, settings: WandbSettings, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError> {
        if settings.mode == Mode::Disabled {
            return Ok(Box::new(Nothing));
        }
        Ok(Box::new(WandbRun::start(settings, cell)?))
    }
}

/// What follows a cell that is not to be followed.
struct Nothing;

impl Track for Nothing {
    fn report(&mut self, _: &Report) -> Result<(), PluginError> {
        Ok(())
    }

    fn finish(&mut self, _: Option<&str>) -> Result<(), PluginError> {
        Ok(())
    }
}

/// A run at work in the Python process.
struct WandbRun {
    settings: WandbSettings,
    cell: String,
    unsent: Vec<Value>,
    results: Vec<Value>,
    sent: Instant,
    checkpoints: PathBuf,
}

impl WandbRun {
    fn start(settings: WandbSettings, cell: &TrackedCell) -> Result<WandbRun, PluginError> {
        let run = WandbRun {
            cell: cell.id.clone(),
            unsent: Vec::new(),
            results: Vec::new(),
            sent: Instant::now(),
            checkpoints: cell.checkpoints.clone(),
            settings,
        };
        let mut config = cell.config.clone();
        config.insert("seed".to_owned(), cell.seed.into());
        let folder = std::path::absolute(&cell.folder).map_err(crate::words::failed)?;
        run.ask(json!({
            "do": "start",
            "folder": folder,
            "project": run.settings.project,
            "entity": run.settings.entity,
            "id": id(&cell.experiment, &cell.id),
            "name": cell.name,
            "group": cell.experiment,
            "job_type": cell.config.get("task").and_then(|task| task.get("name")),
            "notes": cell.config.get("experiment").and_then(|experiment| experiment.get("description")),
            "tags": run.settings.tags,
            "config": config,
            "mode": run.settings.mode,
        }))?;
        Ok(run)
    }

    fn ask(&self, mut request: Value) -> Result<(), PluginError> {
        request["cell"] = Value::from(self.cell.as_str());
        sidecar::ask(&self.settings.python, &request).map(drop)
    }

    fn send(&mut self) -> Result<(), PluginError> {
        if !self.unsent.is_empty() {
            let points = std::mem::take(&mut self.unsent);
            self.ask(json!({ "do": "curves", "points": points }))?;
        }
        self.sent = Instant::now();
        Ok(())
    }

    fn end(&mut self, code: i32, failure: Option<&str>) -> Result<(), PluginError> {
        self.send()?;
        let checkpoints = (self.settings.checkpoints && code == 0).then_some(&self.checkpoints);
        self.ask(json!({ "do": "finish", "code": code, "failure": failure, "checkpoints": checkpoints }))
    }
}

impl Track for WandbRun {
    fn report(&mut self, report: &Report) -> Result<(), PluginError> {
        match report {
            Report::Scalar(Scalar { name, step, value }) => {
                self.unsent.push(json!([name, step, number(*value)]));
            }
            Report::Metric(metric) => {
                let best = if metric.higher_is_better { "max" } else { "min" };
                self.results.push(json!([result_name(metric), number(metric.value), best]));
            }
            Report::Image { name, path, step, .. } if self.settings.images => {
                self.send()?;
                let path = std::path::absolute(path).map_err(crate::words::failed)?;
                let step = step.unwrap_or(0);
                return self.ask(json!({ "do": "image", "name": name, "step": step, "path": path }));
            }
            _ => {}
        }
        if self.unsent.len() >= POINTS_AT_ONCE || self.sent.elapsed() >= SEND_EVERY {
            self.send()?;
        }
        Ok(())
    }

    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
        if failure.is_none() {
            let results = std::mem::take(&mut self.results);
            self.ask(json!({ "do": "results", "results": results }))?;
        }
        self.end(i32::from(failure.is_some()), failure)
    }

    fn pause(&mut self) -> Result<(), PluginError> {
        self.end(INTERRUPTED, None)
    }
}

/// A number as Python's `float` reads it, also where it is none.
fn number(value: f64) -> Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}

/// The run's id, the same for every attempt at the cell: experiment and cell, without what wandb does not take.
fn id(experiment: &str, cell: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let experiment = experiment.chars().map(|c| if fits(c) { c } else { '_' });
    let experiment: String = experiment.take(LONGEST_ID - 1 - cell.len().min(LONGEST_ID - 1)).collect();
    format!("{experiment}-{cell}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fit_for_wandb() {
        assert_eq!(id("my show/ä", "0123456789abcdef"), "my_show__-0123456789abcdef");
        let long = id(&"x".repeat(300), "0123456789abcdef");
        assert_eq!(long.len(), 128);
        assert!(long.ends_with("-0123456789abcdef"));
    }

    #[test]
    fn numbers_survive_json() {
        assert_eq!(number(0.5), json!(0.5));
        assert_eq!(number(f64::NAN), json!("NaN"));
        assert_eq!(number(f64::NEG_INFINITY), json!("-inf"));
    }

    #[test]
    fn nothing_needs_no_python() {
        let settings =
            WandbSettings { mode: Mode::Disabled, python: "/none".to_owned(), ..WandbSettings::default() };
        let mut track = Wandb.start(settings, &TrackedCell::default()).unwrap();
        track.finish(None).unwrap();
    }

    #[test]
    fn a_missing_python_is_named() {
        let settings = WandbSettings { python: "/none/python".to_owned(), ..WandbSettings::default() };
        let cell = TrackedCell { folder: ".".into(), ..TrackedCell::default() };
        let error = Wandb.start(settings, &cell).err().unwrap();
        assert!(error.message.contains("`/none/python`") && error.help.unwrap().contains("[trackers.wandb]"));
    }
}
