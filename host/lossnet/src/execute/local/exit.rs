//! How a worker's process ended, in words.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use lossnet_plugin_protocol::PluginError;
use nix::sys::signal::Signal;

/// As many of the last lines of a worker's standard error are kept.
const LINES: usize = 20;

/// The last lines that a worker wrote to its standard error.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail(VecDeque<String>);

impl Tail {
    pub(super) fn push(&mut self, line: String) {
        if self.0.len() == LINES {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }
}

/// Why a worker that ended like this did not bring its cells to an end.
pub(super) fn reason(status: ExitStatus, tail: &Tail) -> PluginError {
    let unfinished = if status.signal().is_none() { " before its cells were done" } else { "" };
    let ended = format!("the worker {}{unfinished}", ended(status));
    let mut error = PluginError::run(ended);
    if !tail.0.is_empty() {
        let lines: Vec<&str> = tail.0.iter().map(String::as_str).collect();
        error.causes.push(format!("the last it said was:\n{}", lines.join("\n")));
    }
    error
}

/// How a process ended, as what follows its name in a sentence.
pub(crate) fn ended(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(number), _) => {
            let signal = Signal::try_from(number);
            let name = signal.map_or_else(|_| String::new(), |signal| format!(" ({signal})"));
            format!("was killed by signal {number}{name}{}", meaning(signal.ok()))
        }
        (None, Some(code)) => format!("ended with exit code {code}"),
        (None, None) => "ended in a way that the system does not tell".to_owned(),
    }
}

fn meaning(signal: Option<Signal>) -> &'static str {
    match signal {
        Some(Signal::SIGKILL) => ": often the system's out-of-memory killer",
        Some(Signal::SIGSEGV | Signal::SIGBUS) => {
            ": a bug in a plugin or library, or a file that was cut while in use"
        }
        Some(Signal::SIGABRT) => ": a plugin or library gave up",
        Some(Signal::SIGILL) => ": a library was built for another processor",
        Some(Signal::SIGFPE) => ": a plugin or library divided by zero",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words() {
        let mut tail = Tail::default();
        let killed = reason(ExitStatus::from_raw(9), &tail);
        assert_eq!(
            killed.message,
            "the worker was killed by signal 9 (SIGKILL): often the system's out-of-memory killer"
        );
        assert!(killed.causes.is_empty());
        (0..50).for_each(|line| tail.push(format!("line {line}")));
        let ended = reason(ExitStatus::from_raw(7 << 8), &tail);
        assert_eq!(ended.message, "the worker ended with exit code 7 before its cells were done");
        assert!(ended.causes[0].starts_with("the last it said was:\nline 30\n"), "{:?}", ended.causes);
        assert!(ended.causes[0].ends_with("line 49"));
    }
}
