//! `mlflow`: a run for each cell on an MLflow tracking server.

mod artifacts;
mod client;
mod settings;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_api::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::points::Points;
use crate::words::{failed, files, flat, result_name, text};
use artifacts::Artifacts;
use client::Client;
use settings::MlFlowSettings;

/// What one request may hold, by MLflow's documentation of `log-batch`.
const METRICS_AT_ONCE: usize = 1000;
const PARAMETERS_AT_ONCE: usize = 100;

/// The longest names and values of parameters, and values of tags, that servers take in.
const LONGEST_KEY: usize = 250;
const LONGEST_PARAMETER: usize = 6000;
const LONGEST_TAG: usize = 5000;

/// How often points are sent.
const SEND_EVERY: Duration = Duration::from_secs(2);

/// The file in a cell's folder that names its run.
const RUN_FILE: &str = "mlflow.json";

/// The component.
pub(crate) struct MlFlow;

impl Tracker for MlFlow {
    type Config = MlFlowSettings;

    fn info(&self) -> Info {
        Info::new(
            "mlflow",
            "a run for each cell on an MLflow server: curves, results, config, images, checkpoints",
        )
        .with_reference("https://mlflow.org/docs/latest/rest-api.html")
    }

    fn start(&self, settings: MlFlowSettings, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError> {
        let server = settings.server(|name| std::env::var(name).ok())?;
        let timeout = Duration::try_from_secs_f64(settings.timeout_seconds)
            .map_err(|error| PluginError::input(format!("mlflow: `timeout_seconds`: {error}")))?;
        let client = Client::new(server, timeout)?;
        Ok(Box::new(MlFlowRun::start(settings, client, cell)?))
    }
}

/// Which run a cell is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RunFile {
    /// The server's address.
    server: String,
    /// The run's id there.
    run: String,
}

/// A run on the server.
struct MlFlowRun {
    settings: MlFlowSettings,
    client: Client,
    run: String,
    artifacts: Option<Artifacts>,
    /// Whether it has points of earlier attempts.
    continued: bool,
    points: Points,
    unsent: Vec<Value>,
    sent: Instant,
    folder: PathBuf,
    checkpoints: PathBuf,
}

impl MlFlowRun {
    fn start(settings: MlFlowSettings, client: Client, cell: &TrackedCell) -> Result<Self, PluginError> {
        let experiment = client.experiment(settings.experiment.as_ref().unwrap_or(&cell.experiment))?;
        let earlier = if cell.resumed { find(&client, &experiment, cell)? } else { None };
        let continued = earlier.is_some();
        let run = match earlier {
            Some(run) => run,
            None => create(&client, &experiment, &settings, cell)?,
        };
        let id = client::text(&run["info"]["run_id"])?;
        let file = RunFile { server: client.address().to_owned(), run: id.clone() };
        let file = serde_json::to_vec_pretty(&file).map_err(|error| failed(error.into()))?;
        fs_err::write(cell.folder.join(RUN_FILE), file).map_err(failed)?;
        let artifacts = if settings.artifacts || settings.checkpoints {
            let uri = client::text(&run["info"]["artifact_uri"])?;
            Some(Artifacts::new(&uri, client.address())?)
        } else {
            None
        };
        let run = MlFlowRun {
            run: id,
            artifacts,
            continued,
            points: Points::default(),
            unsent: Vec::new(),
            sent: Instant::now(),
            folder: cell.folder.clone(),
            checkpoints: cell.checkpoints.clone(),
            settings,
            client,
        };
        if continued {
            run.update(json!({ "status": "RUNNING" }))?;
        }
        run.describe(cell, &continued_parameters(&run, continued)?)?;
        Ok(run)
    }

    /// Tells the settings, those that the run has not been told of.
    fn describe(&self, cell: &TrackedCell, known: &[String]) -> Result<(), PluginError> {
        let mut settings = flat(&cell.config);
        settings.push(("seed".to_owned(), Value::from(cell.seed)));
        let parameters: Vec<Value> = settings
            .iter()
            .map(|(key, value)| (shortened(key, LONGEST_KEY), shortened(&text(value), LONGEST_PARAMETER)))
            // A parameter can't be changed; what did not change the cell may have changed.
            .filter(|(key, value)| !known.contains(key) && !value.is_empty())
            .map(|(key, value)| json!({ "key": key, "value": value }))
            .collect();
        for parameters in parameters.chunks(PARAMETERS_AT_ONCE) {
            self.client.post("runs/log-batch", &json!({ "run_id": self.run, "params": parameters }))?;
        }
        if self.settings.artifacts {
            self.put("config.toml", &self.folder.join("config.toml"))?;
        }
        Ok(())
    }

    fn put(&self, name: &str, file: &Path) -> Result<(), PluginError> {
        self.artifacts.as_ref().map_or(Ok(()), |artifacts| artifacts.put(&self.client, name, file))
    }

    fn update(&self, mut change: Value) -> Result<(), PluginError> {
        change["run_id"] = Value::from(self.run.as_str());
        self.client.post("runs/update", &change).map(drop)
    }

    fn point(&mut self, curve: &str, step: u64, value: f64) -> Result<(), PluginError> {
        let key = key(curve);
        if self.continued && self.points.is_new(&key) {
            let steps = self.client.steps(&self.run, &key)?;
            self.points.know(&key, steps);
        }
        if self.points.keep(&key, step) {
            let now = milliseconds();
            self.unsent.push(json!({ "key": key, "value": number(value), "timestamp": now, "step": step }));
        }
        if self.unsent.len() >= METRICS_AT_ONCE || self.sent.elapsed() >= SEND_EVERY {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), PluginError> {
        for metrics in self.unsent.chunks(METRICS_AT_ONCE) {
            self.client.post("runs/log-batch", &json!({ "run_id": self.run, "metrics": metrics }))?;
        }
        self.unsent.clear();
        self.sent = Instant::now();
        Ok(())
    }

    /// Uploads a picture under its place in the cell's folder.
    fn image(&self, path: &Path) -> Result<(), PluginError> {
        let below = path.strip_prefix(&self.folder).ok().or(path.file_name().map(Path::new));
        let name = below.map_or_else(String::new, |below| below.to_string_lossy().into_owned());
        self.put(&format!("images/{name}"), path)
    }

    fn end(&mut self, status: &str) -> Result<(), PluginError> {
        self.send()?;
        self.update(json!({ "status": status, "end_time": milliseconds() }))
    }
}

impl Track for MlFlowRun {
    fn report(&mut self, report: &Report) -> Result<(), PluginError> {
        match report {
            Report::Scalar(Scalar { name, step, value }) => self.point(name, *step, *value),
            Report::Metric(metric) => self.point(&result_name(metric), 0, metric.value),
            Report::Image { path, .. } if self.settings.artifacts => self.image(path),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
        if let Some(message) = failure {
            let tag = json!({ "run_id": self.run, "key": "lossnet.failure", "value": shortened(message, LONGEST_TAG) });
            self.client.post("runs/set-tag", &tag)?;
            return self.end("FAILED");
        }
        if self.settings.artifacts {
            for name in ["result.json", "curves.csv"] {
                let file = self.folder.join(name);
                if file.is_file() {
                    self.put(name, &file)?;
                }
            }
        }
        if self.settings.checkpoints {
            for file in files(&self.checkpoints)? {
                let name = file.strip_prefix(&self.checkpoints).unwrap_or(&file).to_string_lossy();
                self.put(&format!("checkpoints/{name}"), &file)?;
            }
        }
        self.end("FINISHED")
    }

    fn pause(&mut self) -> Result<(), PluginError> {
        self.end("KILLED")
    }
}

/// The run that an earlier attempt at the cell began, if it is still there.
fn find(client: &Client, experiment: &str, cell: &TrackedCell) -> Result<Option<Value>, PluginError> {
    let noted = match fs_err::read(cell.folder.join(RUN_FILE)) {
        Ok(text) => serde_json::from_slice::<RunFile>(&text).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let is_ours = |run: &Value| {
        run["info"]["lifecycle_stage"] != "deleted" && run["info"]["experiment_id"] == experiment
    };
    if let Some(noted) = noted.filter(|noted| noted.server == client.address())
        && let Some(found) = client.get("runs/get", &[("run_id", &noted.run)])?
    {
        return Ok(Some(found["run"].clone()).filter(is_ours));
    }
    // The attempt may have been killed before it could note which run it had begun.
    let filter = format!("tags.`lossnet.cell` = '{}'", cell.id);
    let search = json!({
        "experiment_ids": [experiment],
        "filter": filter,
        "max_results": 1,
        "order_by": ["attributes.start_time DESC"],
    });
    Ok(client.post("runs/search", &search)?["runs"].get(0).cloned())
}

fn create(
    client: &Client,
    experiment: &str,
    settings: &MlFlowSettings,
    cell: &TrackedCell,
) -> Result<Value, PluginError> {
    let mut tags: Map<String, Value> =
        settings.tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    for (key, value) in [
        ("lossnet.cell", cell.id.as_str()),
        ("lossnet.experiment", &cell.experiment),
        ("mlflow.source.name", "lossnet"),
        ("mlflow.source.type", "LOCAL"),
    ] {
        tags.insert(key.to_owned(), Value::from(value));
    }
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    let made = client.post(
        "runs/create",
        &json!({
            "experiment_id": experiment,
            "run_name": cell.name,
            "start_time": milliseconds(),
            "tags": tags,
        }),
    )?;
    Ok(made["run"].clone())
}

/// Names of the parameters that a run has.
fn continued_parameters(run: &MlFlowRun, continued: bool) -> Result<Vec<String>, PluginError> {
    if !continued {
        return Ok(Vec::new());
    }
    let found = run.client.get("runs/get", &[("run_id", &run.run)])?.unwrap_or_default();
    let parameters = found["run"]["data"]["params"].as_array().into_iter().flatten();
    Ok(parameters.filter_map(|parameter| parameter["key"].as_str().map(str::to_owned)).collect())
}

/// A name that MLflow takes for a metric.
fn key(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '/');
    let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    shortened(&name, LONGEST_KEY)
}

/// A number as MLflow's JSON has it: what is none is text.
fn number(value: f64) -> Value {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.into()
    } else {
        value.into()
    }
}

/// Text of at most so many characters, with a sign where something was cut off.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Milliseconds since 1970.
fn milliseconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_fit_for_the_server() {
        assert_eq!(key("val/psnr:y (dB)"), "val/psnr_y _dB_");
        assert_eq!(key(&"x".repeat(300)).chars().count(), 250);
        assert_eq!(number(0.5), json!(0.5));
        assert_eq!(number(f64::NAN), json!("NaN"));
        assert_eq!(number(f64::NEG_INFINITY), json!("-Infinity"));
    }
}
