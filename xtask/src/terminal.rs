//! The only place that prints.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user here"
)]

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Prints a text as it is, to standard output.
pub(crate) fn print(text: &str) {
    print!("{text}");
}

/// Says in one line what happens next. Standard error, as cargo's own messages.
pub(crate) fn say(text: &str) {
    eprintln!("xtask: {text}");
}

/// Prints an error and all its causes.
pub(crate) fn complain(error: &dyn Error) {
    eprintln!("xtask: error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}

/// A line that counts bytes: rewritten in place on a terminal, written once at the end elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    total: u64,
    done: u64,
    /// When the line was last written; `None` where standard error is not a terminal.
    drawn: Option<Instant>,
}

impl Progress {
    /// Starts a line for `total` bytes.
    pub(crate) fn new(what: impl Into<String>, total: u64) -> Self {
        let drawn = std::io::stderr().is_terminal().then(Instant::now);
        Self { what: what.into(), total, done: 0, drawn }
    }

    /// Counts bytes.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        if self.drawn.is_some_and(|drawn| drawn.elapsed() > Duration::from_millis(100)) {
            self.drawn = Some(Instant::now());
            eprint!("\rxtask: {}", self.line());
            // A progress line that cannot be flushed is not worth stopping for.
            let _ = std::io::stderr().flush();
        }
    }

    fn line(&self) -> String {
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(100);
        format!("{}: {} of {} MB ({percent} %)", self.what, self.done / 1_000_000, self.total / 1_000_000)
    }
}

impl Drop for Progress {
    /// Writes the last state and ends the line.
    fn drop(&mut self) {
        let start = if self.drawn.is_some() { "\r" } else { "" };
        eprintln!("{start}xtask: {}", self.line());
    }
}
