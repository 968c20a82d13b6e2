//! What ends a command early: a sentence and an exit code.

use std::error::Error;
use std::process::ExitCode;

use lossnet_plugin_protocol::{ErrorKind, PluginError};

use crate::engine::EngineError;

/// Why a command ends early.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    /// What went wrong, where, and mostly what to do.
    pub(super) message: String,
    /// What to do, where the message does not say it.
    pub(super) help: Option<String>,
    /// What led to it, nearest first.
    pub(super) causes: Vec<String>,
}

/// A run failed.
pub(super) const RUN_FAILED: u8 = 1;
/// Wrong usage or config.
pub(super) const USAGE: u8 = 2;
/// Some cells of a sweep failed.
pub(super) const SOME_CELLS_FAILED: u8 = 3;
/// A plugin could not be loaded.
pub(super) const PLUGIN_NOT_LOADED: u8 = 4;
/// Interrupted, with the state saved.
pub(super) const INTERRUPTED: u8 = 130;

impl Failure {
    /// With the error's sentence and its causes.
    pub(super) fn new(code: u8, error: &dyn Error) -> Failure {
        let causes =
            std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string);
        Failure { code, message: error.to_string(), help: None, causes: causes.collect() }
    }

    /// The user's input is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Failure {
        Failure { code: USAGE, message: message.into(), help: None, causes: Vec::new() }
    }

    /// Wrong input, as an error says.
    pub(super) fn input(error: &dyn Error) -> Failure {
        Failure::new(USAGE, error)
    }

    /// Something failed while running, as an error says.
    pub(super) fn run(error: &dyn Error) -> Failure {
        Failure::new(RUN_FAILED, error)
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// The same with something to say about what to do.
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure { help: Some(hint.into()), ..self }
    }

    /// The same with another exit code.
    pub(super) fn with_code(self, code: u8) -> Failure {
        Failure { code, ..self }
    }
}

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Self {
        let code = match error.kind {
            ErrorKind::Input => USAGE,
            ErrorKind::Load => PLUGIN_NOT_LOADED,
            ErrorKind::Interrupted => INTERRUPTED,
            _ => RUN_FAILED,
        };
        Failure { code, message: error.message, help: error.help, causes: error.causes }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Failure::run(&error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::run(&error)
    }
}
