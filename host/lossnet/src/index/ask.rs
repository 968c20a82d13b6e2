//! Asks plugins what they hold in a process that may be lost.
//!
//! Loading a library runs code of it, which may end its process in ways that nothing inside can catch: it aborts, exits, runs
//! over its stack, or never returns. So files that are not known yet are loaded by `lossnet ask-plugins`, one after the other;
//! when that process ends, the file that it was at is to blame, and another process goes on behind it.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use lossnet_plugin_protocol::{ErrorKind, PluginError};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::execute::ended;
use lossnet_core::engine_protocol::Indexed;

/// How long a plugin may take to say what it holds.
const PATIENCE: Duration = Duration::from_secs(20);
/// As much of what the process wrote last to its standard error is told.
const LAST_WORDS: usize = 400;

/// What the process that asks says, one JSON document a line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Asked {
    /// It is about to load the file at this position.
    Asking(usize),
    /// What that file turned out to be.
    Answer(Box<Indexed>),
    /// It can't ask at all.
    Broken(PluginError),
}

/// Says what these files hold, in their order.
pub(crate) fn ask(files: &[PathBuf]) -> Result<Vec<Indexed>, PluginError> {
    let mut answers = Vec::new();
    while answers.len() < files.len() {
        let rest = &files[answers.len()..];
        let more = Process::start(rest)
            .map_err(|error| {
                PluginError::run("no process can be started to ask plugins").with_source(&error)
            })?
            .listen(rest)?;
        answers.extend(more);
    }
    Ok(answers)
}

struct Process {
    child: Child,
    said: Receiver<Asked>,
    last_words: std::thread::JoinHandle<String>,
}

impl Process {
    fn start(files: &[PathBuf]) -> std::io::Result<Process> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("ask-plugins").arg("--").args(files);
        // A group of its own: a terminal's Ctrl-C is not the plugin's fault. It ends when its standard input does.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (sender, said) = channel();
        std::thread::spawn(move || {
            let lines = out.into_iter().flat_map(|out| BufReader::new(out).split(b'\n'));
            for line in lines.map_while(Result::ok) {
                if let Ok(said) = serde_json::from_slice(&line)
                    && sender.send(said).is_err()
                {
                    return;
                }
            }
        });
        let last_words = std::thread::spawn(move || err.map(last_words).unwrap_or_default());
        Ok(Process { child, said, last_words })
    }

    /// The answers of the files up to the one that ended the process, or of all.
    fn listen(mut self, files: &[PathBuf]) -> Result<Vec<Indexed>, PluginError> {
        let mut answers = Vec::new();
        let mut at = None;
        loop {
            // Until the first file it loads the engine, which may lie on a slow disk.
            let heard = match at {
                None => self.said.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => self.said.recv_timeout(PATIENCE),
            };
            match heard {
                Ok(Asked::Asking(position)) => at = Some(position),
                Ok(Asked::Answer(answer)) => {
                    answers.push(*answer);
                    at = None;
                    if answers.len() == files.len() {
                        self.kill()?;
                        return Ok(answers);
                    }
                }
                Ok(Asked::Broken(error)) => {
                    self.kill()?;
                    return Err(error);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.kill()?;
                    answers.push(Indexed::Ended(took_too_long(&files[answers.len()])));
                    return Ok(answers);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().map_err(lost)?;
                    let words = self.last_words.join().unwrap_or_default();
                    let Some(file) = at.and(files.get(answers.len())) else {
                        let error = format!("the process that asks plugins {}", ended(status));
                        return Err(with_words(PluginError::run(error), &words));
                    };
                    answers.push(blamed(file, status, &words));
                    return Ok(answers);
                }
            }
        }
    }

    fn kill(&mut self) -> Result<(), PluginError> {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().map(drop).map_err(lost)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made to be given to map_err")]
fn lost(error: std::io::Error) -> PluginError {
    PluginError::run("the process that asks plugins can't be waited for").with_source(&error)
}

/// What a process wrote last, as whole lines.
fn last_words(mut from: impl Read) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut some = [0; 4096];
    while let Ok(count) = from.read(&mut some) {
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&some[..count]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" / ")
}

fn with_words(mut error: PluginError, words: &str) -> PluginError {
    if !words.is_empty() {
        error.causes.push(format!("the last it said was: {words}"));
    }
    error
}

/// How a plugin's file ended the process that loaded it.
fn blamed(file: &Path, status: ExitStatus, words: &str) -> Indexed {
    let error = PluginError::new(
        ErrorKind::Load,
        format!(
            "the plugin {} can't be used: loading it ended the process, which {}",
            file.display(),
            ended(status)
        ),
    );
    let error = with_words(error.with_help("rebuild it, or remove it"), words);
    // Somebody else's doing: it is asked again.
    let from_outside = [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
    match std::os::unix::process::ExitStatusExt::signal(&status) {
        Some(signal) if from_outside.iter().any(|outside| *outside as i32 == signal) => {
            Indexed::Refused(error)
        }
        _ => Indexed::Ended(error),
    }
}

fn took_too_long(file: &Path) -> PluginError {
    let (path, limit) = (file.display(), PATIENCE.as_secs());
    PluginError::new(
        ErrorKind::Load,
        format!(
            "the plugin {path} can't be used: it did not say within {limit} s what it holds, and is not asked again until \
             its file changes (`touch {path}`)"
        ),
    )
}
