//! The Python process that speaks to Weights & Biases: JSON lines in, JSON lines out.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lossnet_plugin_api::PluginError;
use serde_json::Value;

/// What the process runs.
const SCRIPT: &str = include_str!("sidecar.py");

/// How long an answer may take. The SDK has limits of its own, which say more.
const ANSWER: Duration = Duration::from_secs(100);

/// Lines of what it printed that are kept for an error.
const LAST_LINES: usize = 5;

/// One process serves all runs of this one, one after the other; it ends with this process.
static SIDECAR: Mutex<Option<Sidecar>> = Mutex::new(None);

/// A running process.
struct Sidecar {
    python: String,
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    printed: Arc<Mutex<VecDeque<String>>>,
}

/// Asks for something, starting the process if it does not run.
pub(super) fn ask(python: &str, request: &Value) -> Result<Value, PluginError> {
    let mut running = SIDECAR.lock().unwrap_or_else(PoisonError::into_inner);
    if running.as_ref().is_some_and(|sidecar| sidecar.python != python) {
        *running = None;
    }
    let sidecar = match &mut *running {
        Some(sidecar) => sidecar,
        none => none.insert(Sidecar::start(python)?),
    };
    let answer = sidecar.ask(request);
    if answer.is_err() {
        // It is dead or does not answer; the next one begins anew.
        *running = None;
    }
    let answer = answer?;
    let Some(message) = answer["error"].as_str() else { return Ok(answer["ok"].clone()) };
    let error = PluginError::run(format!("wandb: {message}"));
    Err(match answer["help"].as_str() {
        Some(help) => error.with_help(help),
        None => error,
    })
}

impl Sidecar {
    fn start(python: &str) -> Result<Sidecar, PluginError> {
        let mut command = Command::new(python);
        command.args(["-u", "-c", SCRIPT]);
        // Ctrl-C in a terminal is for lossnet, which then says what is to be done.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            PluginError::input(format!("wandb: the Python `{python}` can't be started"))
                .with_source(&error)
                .with_help("set `python` under [trackers.wandb] to a Python that has the package wandb")
        })?;
        let (Some(requests), Some(out), Some(err)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(PluginError::run("wandb: the Python process has no pipes"));
        };
        let (send, answers) = channel();
        let printed = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&printed);
        let thread = std::thread::Builder::new().name("wandb-answers".to_owned());
        let listening = thread.spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        let thread = std::thread::Builder::new().name("wandb-prints".to_owned());
        let reading = thread.spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == LAST_LINES {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        let sidecar = Sidecar { python: python.to_owned(), child, requests, answers, printed };
        match (listening, reading) {
            (Ok(_), Ok(_)) => Ok(sidecar),
            _ => Err(PluginError::run("wandb: no thread can be started")),
        }
    }

    fn ask(&mut self, request: &Value) -> Result<Value, PluginError> {
        let asked = writeln!(self.requests, "{request}").and_then(|()| self.requests.flush());
        asked.map_err(|_| self.gone())?;
        match self.answers.recv_timeout(ANSWER) {
            Ok(line) => serde_json::from_str(&line).map_err(|error| {
                PluginError::run("wandb: the Python process said what is not an answer").with_source(&error)
            }),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone()),
            Err(RecvTimeoutError::Timeout) => {
                Err(PluginError::run(format!("wandb: no answer within {} s", ANSWER.as_secs())))
            }
        }
    }

    fn gone(&mut self) -> PluginError {
        let ended = match self.child.wait() {
            Ok(status) => format!("wandb: the Python process ended ({status})"),
            Err(error) => format!("wandb: the Python process ended: {error}"),
        };
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = printed.iter().map(String::as_str).collect();
        let error = PluginError::run(ended);
        if lines.is_empty() { error } else { error.context(lines.join(" | ")) }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It did not answer: it would not end by itself either.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
