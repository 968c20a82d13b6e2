//! A worker's process: started, listened to, asked to stop, and waited for.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::exit::Tail;
use super::share::Share;
use crate::terminal::WorkerEvent;

/// How to start workers.
#[derive(Clone, Debug)]
pub(super) struct Launch<'a> {
    /// The folder of all results.
    pub(super) logs: &'a Path,
    /// Options that every command of lossnet takes, as they were given.
    pub(super) options: Vec<OsString>,
}

impl Launch<'_> {
    /// Starts a worker for the first group of a plan.
    pub(super) fn start(&self, plan: &Path, share: &Share, threads: usize) -> std::io::Result<Running> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("worker").args(["--group", "0", "--events", "--stop-with-input"]);
        command.arg("--plan").arg(plan).arg("--logs").arg(self.logs).args(&self.options);
        if let Some(device) = &share.device {
            command.args(["--device", device]);
        }
        if let Some(visible) = &share.visible {
            command.env("CUDA_VISIBLE_DEVICES", visible);
        }
        if threads > 0 {
            // For threads that use OpenMP before lossnet can tell libtorch.
            command.args(["--threads", &threads.to_string()]).env("OMP_NUM_THREADS", threads.to_string());
        }
        // More threads than cores would wait for each other.
        if !share.cores.is_empty() && threads <= share.cores.len() {
            let cores: Vec<String> = share.cores.iter().map(ToString::to_string).collect();
            command.args(["--cores", &cores.join(",")]);
        }
        // A group of its own: a terminal's Ctrl-C goes to this process only, which passes it on.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        Ok(Running { input: Mutex::new(child.stdin.take()), child: Mutex::new(child) })
    }
}

/// A worker at work.
#[derive(Debug)]
pub(super) struct Running {
    /// While this is open the worker goes on. It closes by itself when this process dies.
    input: Mutex<Option<ChildStdin>>,
    child: Mutex<Child>,
}

impl Running {
    /// Asks it to stop at the end of its step.
    pub(super) fn ask_to_stop(&self) {
        lock(&self.input).take();
    }

    /// Ends it at once.
    pub(super) fn kill(&self) {
        let _ = lock(&self.child).kill();
    }

    /// Hands what it says to `hear` and the lines of its standard error to `forward`, until it ends; says how it ended and
    /// with which last lines.
    pub(super) fn wait(
        &self,
        mut hear: impl FnMut(WorkerEvent),
        forward: impl Fn(&str) + Sync,
    ) -> std::io::Result<(ExitStatus, Tail)> {
        let (out, err) = {
            let mut child = lock(&self.child);
            (child.stdout.take(), child.stderr.take())
        };
        let tail = std::thread::scope(|scope| {
            let tail = scope.spawn(|| {
                let mut tail = Tail::default();
                let lines = err.into_iter().flat_map(|err| BufReader::new(err).split(b'\n'));
                for line in lines.map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                    forward(&line);
                    tail.push(line);
                }
                tail
            });
            let lines = out.into_iter().flat_map(|out| BufReader::new(out).split(b'\n'));
            for line in lines.map_while(Result::ok) {
                // A library that prints is not understood, and need not be.
                if let Ok(event) = serde_json::from_slice(&line) {
                    hear(event);
                }
            }
            tail.join().unwrap_or_default()
        });
        // Both streams are closed, so that it has ended or is about to.
        loop {
            if let Some(status) = lock(&self.child).try_wait()? {
                return Ok((status, tail));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
