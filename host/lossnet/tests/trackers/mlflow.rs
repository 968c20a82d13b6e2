//! `mlflow` against a real server on this machine, read back over its own interface.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::python::python;
use crate::small::{Curves, cell, config, curves, id, images, kill, results};
use crate::support::User;

/// MLflow's own server, one for all tests: it takes a while to start.
pub(crate) struct Server {
    pub(crate) address: String,
    /// Its end is the end of the server.
    _process: Child,
    folder: tempfile::TempDir,
}

/// Ends with all that it has started once nobody holds the other side of its input, however that happens.
const UNTIL_THE_INPUT_ENDS: &str = "\"$@\" & read -r _; kill -9 -- -$$";

/// The server, started with the first call.
pub(crate) fn server(python: &Path) -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(python))
}

impl Server {
    /// Starts it and waits until it answers.
    fn start(python: &Path) -> Server {
        let folder = tempfile::tempdir().unwrap();
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(folder.path().join("server.log")).unwrap();
        let mut command = Command::new("sh");
        command.current_dir(folder.path()).args(["-c", UNTIL_THE_INPUT_ENDS, "server"]).arg(python);
        command.args(["-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]);
        command.args(["--port", &port.to_string(), "--backend-store-uri", "sqlite:///runs.db"]);
        command.args(["--serve-artifacts", "--artifacts-destination", "./artifacts"]);
        command.env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        let process = command.process_group(0).spawn().unwrap();
        let address = format!("http://127.0.0.1:{port}");
        let server = Server { address, _process: process, folder };
        let started = Instant::now();
        while ureq::get(format!("{}/health", server.address)).call().is_err() {
            let log = std::fs::read_to_string(server.folder.path().join("server.log")).unwrap();
            assert!(started.elapsed() < Duration::from_mins(5), "the server does not answer: {log}");
            std::thread::sleep(Duration::from_millis(200));
        }
        server
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let url = format!("{}/api/2.0/{path}", self.address);
        let mut answer = ureq::get(&url).call().unwrap_or_else(|error| panic!("{url}: {error}"));
        answer.body_mut().read_to_vec().unwrap()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.get(path)).unwrap()
    }

    /// All runs of an experiment, as the server has them.
    pub(crate) fn runs(&self, experiment: &str) -> Vec<Value> {
        let found = self.json(&format!("mlflow/experiments/get-by-name?experiment_name={experiment}"));
        let body = json!({ "experiment_ids": [found["experiment"]["experiment_id"]], "max_results": 100 });
        let url = format!("{}/api/2.0/mlflow/runs/search", self.address);
        let answer = ureq::post(url).header("Content-Type", "application/json").send(body.to_string());
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["runs"].as_array().cloned().unwrap_or_default()
    }

    /// A curve's points, which must be there once each.
    fn curve(&self, run: &str, key: &str) -> BTreeMap<u64, f64> {
        let key = key.replace('/', "%2F");
        let found = self.json(&format!("mlflow/metrics/get-history?run_id={run}&metric_key={key}"));
        let mut points = BTreeMap::new();
        for point in found["metrics"].as_array().unwrap() {
            let number = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let step = number(&point["step"]).parse().unwrap();
            let twice = points.insert(step, number(&point["value"]).parse().unwrap());
            assert!(twice.is_none(), "{key} at {step} comes twice");
        }
        points
    }
}

/// Names and values, as MLflow lists parameters, tags and metrics.
fn pairs(list: &Value) -> BTreeMap<String, Value> {
    let list = list.as_array().unwrap().iter();
    list.map(|pair| (pair["key"].as_str().unwrap().to_owned(), pair["value"].clone())).collect()
}

#[test]
fn a_server_has_what_lossnet_keeps_also_after_kills() {
    let Some(python) = python() else { return };
    let user = User::new();
    let server = server(&python);
    let tracker = format!(
        "[trackers.mlflow]\ntracking_uri = \"{}\"\ncheckpoints = true\nexperiment = \"killed\"",
        server.address
    );
    user.write("small.toml", &config(6, &tracker));
    kill(&user, 12, 1);
    // What changes no result may change.
    user.must(&["run", "small.toml", "-s", "run.batch_size=7"]);
    let cell = cell(&user);

    let runs = server.runs("killed");
    assert_eq!(runs.len(), 1, "{runs:?}");
    let run = &runs[0];
    assert_eq!(run["info"]["status"], "FINISHED", "{run}");
    let tags = pairs(&run["data"]["tags"]);
    assert_eq!(tags["lossnet.cell"], id(&cell));
    let parameters = pairs(&run["data"]["params"]);
    assert_eq!(parameters["loss_network.backbone"], "squeezenet1_1");
    assert_eq!(parameters["task.training.epochs"], "6");
    assert!(parameters.contains_key("seed"));

    let run_id = run["info"]["run_id"].as_str().unwrap();
    let (curves, results) = (curves(&cell), results(&cell));
    let known = pairs(&run["data"]["metrics"]);
    let expected: Vec<&String> = curves.keys().chain(results.keys()).collect();
    let missing: Vec<_> = expected.iter().filter(|name| !known.contains_key(**name)).collect();
    assert!(missing.is_empty() && known.len() == expected.len(), "{missing:?} in {known:?}");
    let found: Curves = curves.keys().map(|name| (name.clone(), server.curve(run_id, name))).collect();
    assert_eq!(found, curves);
    for (name, value) in &results {
        assert_eq!(known[name].as_f64(), Some(*value), "{name}");
    }

    // Files, byte for byte.
    let address = |name: &str| {
        let uri = run["info"]["artifact_uri"].as_str().unwrap();
        let path = uri.strip_prefix("mlflow-artifacts:/").unwrap().trim_start_matches('/');
        format!("mlflow-artifacts/artifacts/{path}/{name}")
    };
    for name in ["config.toml", "result.json", "curves.csv"] {
        assert_eq!(server.get(&address(name)), std::fs::read(cell.join(name)).unwrap(), "{name}");
    }
    for file in images(&cell) {
        let below = file.strip_prefix(&cell).unwrap().to_string_lossy().into_owned();
        let name = format!("images/{below}");
        assert_eq!(server.get(&address(&name)), std::fs::read(&file).unwrap(), "{name}");
    }
    let listed = server.json(&format!("mlflow/artifacts/list?run_id={run_id}&path=checkpoints"));
    assert!(!listed["files"].as_array().unwrap().is_empty(), "{listed}");
}

#[test]
fn a_failed_cell_is_a_failed_run_and_an_interrupted_one_goes_on() {
    let Some(python) = python() else { return };
    let user = User::new();
    let server = server(&python);
    let tracker = format!("[trackers.mlflow]\ntracking_uri = \"{}\"\nexperiment = \"mine\"", server.address);
    user.write("small.toml", &config(300, &tracker));
    let child = user.command(&["-q", "run", "small.toml"]).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let metrics = || {
        let cells = std::fs::read_dir(user.path("logs/small")).into_iter().flatten().flatten();
        cells.map(|cell| cell.path().join("mlflow.json")).any(|file| file.is_file())
    };
    while !metrics() {
        assert!(started.elapsed() < Duration::from_mins(6), "nothing was reported");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let status = || {
        let runs = server.runs("mine");
        assert_eq!(runs.len(), 1, "{runs:?}");
        (runs[0]["info"]["status"].as_str().unwrap().to_owned(), pairs(&runs[0]["data"]["tags"]))
    };
    assert_eq!(status().0, "KILLED");

    // Checkpoints that can't be read make the next attempt fail.
    let id = id(&cell(&user));
    let checkpoints = user.path("checkpoints/small").join(&id);
    for stage in std::fs::read_dir(&checkpoints).unwrap() {
        let stage = stage.unwrap().path();
        std::fs::remove_dir_all(&stage).unwrap();
        std::fs::write(&stage, "no folder").unwrap();
    }
    let done = user.run(&["run", "small.toml"]);
    assert_ne!(done.code, 0, "{}", done.err);
    let (status, tags) = status();
    assert_eq!(status, "FAILED");
    assert!(!tags["lossnet.failure"].as_str().unwrap().is_empty());
}
