//! Why libtorch could not be made ready.

use std::path::PathBuf;

use super::pins;

/// What to do instead of downloading, for errors that a download can end in.
const OTHERWISE: &str = "or set LIBTORCH to an unpacked libtorch, or install torch in the Python on PATH";

/// Why libtorch could not be made ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file operation; the source names the operation and the file.
    #[error(transparent)]
    Io(#[from] std::io::Error),

    /// Something that is not a libtorch.
    #[error(
        "{} holds no {missing}; a libtorch has include/ and lib/ (does LIBTORCH name the right folder?)",
        .folder.display()
    )]
    NotLibtorch {
        /// The folder that was named.
        folder: PathBuf,
        /// The file that should be there.
        missing: &'static str,
    },

    /// The headers say another version.
    #[error(
        "{} is libtorch {found}, and this project needs {} (does LIBTORCH name the right folder?)",
        .folder.display(),
        pins::TORCH
    )]
    OtherVersion {
        /// Where it is.
        folder: PathBuf,
        /// The version found.
        found: String,
    },

    /// There are no wheels for this machine.
    #[error(
        "no wheels are known for {}-{}; install torch {} in the Python on PATH, or set LIBTORCH",
        std::env::consts::ARCH,
        std::env::consts::OS,
        pins::TORCH
    )]
    NoWheels,

    /// No Python to run pip with.
    #[error("no python3 on PATH; install Python 3 with pip, {OTHERWISE}")]
    NoPython,

    /// A Python without pip.
    #[error("`{python} -m pip` does not run; install pip (Debian: apt-get install python3-pip), {OTHERWISE}")]
    NoPip {
        /// The Python that was asked.
        python: String,
    },

    /// Pip could not bring a wheel.
    #[error(
        "pip could not download {requirement}; its own words are above. Without network access, take the folder \
         libtorch/ from another machine, {OTHERWISE}; with it, run the command again: what has arrived is kept"
    )]
    Download {
        /// Package and version.
        requirement: String,
    },

    /// A wheel that is not what was published.
    #[error("{} is not the published file: SHA-256 {found}, expected {expected}", .wheel.display())]
    WrongWheel {
        /// The file.
        wheel: PathBuf,
        /// Of the file.
        found: String,
        /// Of the published file.
        expected: String,
    },

    /// A wheel that cannot be read.
    #[error("{} is damaged", .wheel.display())]
    DamagedWheel {
        /// The file.
        wheel: PathBuf,
        /// What the archive reader says.
        source: zip::result::ZipError,
    },

    /// A wheel whose parts contradict each other.
    #[error("{}: {problem}", .wheel.display())]
    InconsistentWheel {
        /// The file.
        wheel: PathBuf,
        /// What is wrong.
        problem: String,
    },

    /// The stamp could not be made.
    #[error("version.json could not be written")]
    Stamp(#[from] serde_json::Error),
}
