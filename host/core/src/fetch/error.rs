//! Why a file could not be had.

use std::io;
use std::path::PathBuf;

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// It is not there and may not be fetched.
    #[error(
        "{path} is not there and nothing may be downloaded: fetch it from {url} where there is a network (with `{command}`) and \
         put it there",
        path = path.display()
    )]
    Offline {
        /// Where it should be.
        path: PathBuf,
        /// Where it comes from.
        url: String,
        /// What fetches it.
        command: String,
    },
    /// The server has no such file, or does not give it.
    #[error("{url} can't be fetched: the server answers {status}; if you have the file, put it at {to}", to = to.display())]
    Status {
        /// Where the file should be.
        to: PathBuf,
        /// The address.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// Trying again would not help.
    #[error("{url} can't be fetched: {reason}; if you have the file, put it at {to}", to = to.display())]
    Refused {
        /// Where the file should be.
        to: PathBuf,
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The network failed, again and again.
    #[error(
        "{url} can't be fetched: {reason} ({attempts} attempts; what has arrived is kept); fetch it where there is a network \
         and put it at {to}",
        to = to.display()
    )]
    Network {
        /// Where the file should be.
        to: PathBuf,
        /// The address.
        url: String,
        /// What happened last.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// What came, or what is there, is another file.
    #[error("{what} is not the published file: its {sum} is {found} instead of {expected}; {remedy}")]
    Checksum {
        /// The file or its address.
        what: String,
        /// Which sum.
        sum: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
        /// What to do.
        remedy: String,
    },
    /// The disk failed, or a folder can't be written to.
    #[error("{action} {path}: {source}", path = path.display())]
    Disk {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The archive is damaged, or of no known kind.
    #[error("the archive {archive} can't be unpacked: {reason}", archive = archive.display())]
    Archive {
        /// The archive.
        archive: PathBuf,
        /// Why.
        reason: String,
    },
}
