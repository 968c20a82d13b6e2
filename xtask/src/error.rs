//! Everything that can stop a command.

use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use crate::libtorch;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),

    /// A file operation; the source names the operation and the file.
    #[error("a file could not be read or written")]
    Io(#[from] std::io::Error),

    /// A program that is needed could not be started.
    #[error("could not start `{program}`: is it installed and on PATH?")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },

    /// A program ran and said no.
    #[error("`{line}` failed ({status}); its own words are above")]
    Failed {
        /// The command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
    },

    /// A step of `cargo xtask test` failed.
    #[error("step '{step}' failed")]
    Step {
        /// The step's name.
        step: String,
        /// Why.
        source: Box<Error>,
    },

    /// Libtorch could not be brought.
    #[error("libtorch could not be made ready")]
    Libtorch(#[from] libtorch::Error),

    /// `cargo metadata` printed something else than expected.
    #[error("cargo's metadata could not be read")]
    Metadata(#[from] serde_json::Error),

    /// Something that a build should have left is missing.
    #[error("{path} is missing: {hint}")]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// Why it may be missing, or what to do.
        hint: String,
    },
}

impl Error {
    /// 2 for a command line that makes no sense, as most programs do; 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
