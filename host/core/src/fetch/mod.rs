//! Getting files: resumable downloads, checksums, safe unpacking.
//!
//! [`file()`] brings one file to one place: afterwards it is whole and is what was asked for, or nothing is there but a part
//! from which the next attempt goes on. [`unpack()`] turns an archive into files below one folder under the same promise.
//!
//! `LOSSNET_MIRROR` sends every download elsewhere: to a base URL, or to a folder of a machine without internet. Scheme and
//! host of an address are replaced and its path is kept: `https://example.org/models/a.pth` is taken from
//! `$LOSSNET_MIRROR/models/a.pth`.

mod certificates;
mod checked;
mod digest;
mod download;
mod error;
mod http;
mod lock;
mod options;
mod unpack;

pub use digest::file_sha256;
pub use download::{file, sha256_prefix_in_name};
pub use error::FetchError;
pub use options::FetchOptions;
pub use unpack::unpack;

use lossnet_plugin_protocol::report::Progress;

/// Is told how far a download or an archive has come.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Sync);
