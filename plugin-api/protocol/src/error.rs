//! The error that crosses the plugin boundary: plain data, so that either side can be newer than the other.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of trouble a plugin had; decides the exit code and whether trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input is wrong: a setting, a file, a size.
    Input,
    /// Something failed while running.
    Run,
    /// libtorch raised an exception.
    Torch,
    /// A device's memory is used up.
    OutOfMemory,
    /// The code panicked, which is a bug in it.
    Panic,
    /// The user asked to stop.
    Interrupted,
    /// A plugin could not be loaded.
    Load,
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// An error with its causes as text.
///
/// ```
/// use lossnet_plugin_protocol::PluginError;
///
/// let error = PluginError::input("the image `a.png` is 0 pixels wide").with_help("check the file");
/// assert_eq!(error.to_string(), "the image `a.png` is 0 pixels wide");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginError {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// What went wrong and where, without a full stop.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What led to it, the nearest cause first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl PluginError {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        PluginError { kind, message: message.into(), help: None, causes: Vec::new() }
    }

    /// Wrong input: exit code 2.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// A failure while running: exit code 1.
    pub fn run(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Run, message)
    }

    /// The user asked to stop: exit code 130.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted")
    }

    /// What to do about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        PluginError { help: Some(help.into()), ..self }
    }

    /// What led to it, with all its own causes.
    #[must_use]
    pub fn with_source(mut self, source: &dyn std::error::Error) -> Self {
        // What the message says already is not a cause of it.
        let causes = chain(source).into_iter().filter(|cause| !self.message.ends_with(cause));
        self.causes.extend(causes);
        self
    }

    /// What led to it, without stacks of libtorch's exceptions: those say where in libtorch it arose, which helps its developers.
    pub fn told_causes(&self) -> impl Iterator<Item = &str> {
        self.causes.iter().map(String::as_str).filter(|cause| !is_stack(cause))
    }

    /// Puts what was being done before the message, keeping kind, help and causes.
    #[must_use]
    pub fn context(self, doing: impl fmt::Display) -> Self {
        PluginError { message: format!("{doing}: {}", self.message), ..self }
    }
}

/// Whether a cause is the stack of a libtorch exception.
pub fn is_stack(cause: &str) -> bool {
    cause.lines().any(|line| line.trim_start().starts_with("frame #"))
}

fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PluginError {}

impl From<serde_json::Error> for PluginError {
    fn from(error: serde_json::Error) -> Self {
        PluginError::input(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_told_from_a_cause() {
        let stack =
            "Exception raised from infer_size_impl (most recent call first):\nframe #0: c10::Error::Error";
        let causes = vec!["at src/lib.rs:3:5".to_owned(), stack.to_owned()];
        let error = PluginError { causes, ..PluginError::run("it failed") };
        assert_eq!(error.told_causes().collect::<Vec<_>>(), ["at src/lib.rs:3:5"]);
    }

    #[test]
    fn what_the_message_says_is_no_cause_of_it() {
        let source = std::io::Error::other("the disk is full");
        let causes = |message: &str| PluginError::run(message).with_source(&source).causes;
        assert!(causes("the disk is full").is_empty());
        assert!(causes("can't write: the disk is full").is_empty());
        assert_eq!(causes("can't write"), ["the disk is full"]);
    }
}
