//! What ends a command early: a sentence and an exit code.

use std::error::Error;
use std::process::ExitCode;

use lossnet_plugin_protocol::{ErrorKind, PluginError};

use crate::engine::{EngineError, LibtorchError};

/// Why a command ends early.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    /// What went wrong, where, and mostly what to do.
    pub(crate) message: String,
    /// What to do, where the message does not say it.
    pub(crate) help: Option<String>,
    /// What led to it, nearest first.
    pub(crate) causes: Vec<String>,
}

/// A run failed.
pub(crate) const RUN_FAILED: u8 = 1;
/// Wrong usage or config.
pub(crate) const USAGE: u8 = 2;
/// Some cells of a sweep failed.
pub(crate) const SOME_CELLS_FAILED: u8 = 3;
/// A plugin could not be loaded.
pub(crate) const PLUGIN_NOT_LOADED: u8 = 4;
/// Interrupted, with the state saved.
pub(crate) const INTERRUPTED: u8 = 130;

impl Failure {
    /// With the error's sentence and its causes.
    pub(crate) fn new(code: u8, error: &dyn Error) -> Failure {
        let causes =
            std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string);
        Failure { code, message: error.to_string(), help: None, causes: causes.collect() }
    }

    /// The user's input is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { code: USAGE, message: message.into(), help: None, causes: Vec::new() }
    }

    /// Wrong input, as an error says.
    pub(crate) fn input(error: &dyn Error) -> Failure {
        Failure::new(USAGE, error)
    }

    /// Something failed while running, as an error says.
    pub(crate) fn run(error: &dyn Error) -> Failure {
        Failure::new(RUN_FAILED, error)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// The same with something to say about what to do.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure { help: Some(hint.into()), ..self }
    }

    /// The same with another exit code.
    pub(crate) fn with_code(self, code: u8) -> Failure {
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

impl From<Failure> for PluginError {
    fn from(failure: Failure) -> Self {
        let kind = match failure.code {
            USAGE => ErrorKind::Input,
            PLUGIN_NOT_LOADED => ErrorKind::Load,
            INTERRUPTED => ErrorKind::Interrupted,
            _ => ErrorKind::Run,
        };
        PluginError { kind, message: failure.message, help: failure.help, causes: failure.causes }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            // What is wrong is what was asked for.
            EngineError::Libtorch(LibtorchError::NoCuda { .. }) => Failure::input(&error),
            _ => Failure::run(&error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::run(&error)
    }
}
