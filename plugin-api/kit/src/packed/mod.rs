//! Samples packed once into one file, from which they are read without decoding anything.
//!
//! Decoding hundreds of thousands of small image files costs more than what is done with them, and does so again in every
//! epoch. A packed file holds the same samples as raw bytes, mapped into memory: reading one is a look at the system's page
//! cache, and a checksum.
//!
//! The file's length is looked at before each sample is: memory behind the end of a file that someone has cut off in the
//! meantime can't be read.
//!
//! * [`open_or_make`] packs the samples of a dataset, decoding them in parallel; [`open_or_write`] those that come one by
//!   one from a stream.
//! * A [`Key`] says what the file was made from. With another key it is made anew.
//! * It is written beside its place and moved there when it is complete, so that a half-written one is never read. One
//!   process writes at a time.
//! * Header, table and every sample have a checksum. What is damaged is made anew where that shows when the file is opened,
//!   and else is an error that names file and sample.
//!
//! ```no_run
//! use std::path::{Path, PathBuf};
//! use lossnet_plugin_api::prelude::*;
//! use lossnet_plugin_kit::loader::LoaderOptions;
//! use lossnet_plugin_kit::packed::{Key, open_or_make};
//!
//! /// Samples made of these files below a folder, decoded only if a file has changed since the last time.
//! fn packed(
//!     folder: &Path,
//!     files: &[PathBuf],
//!     samples: &dyn Samples,
//!     services: &dyn Services,
//! ) -> Result<Box<dyn Samples>, PluginError> {
//!     let mut key = Key::new("faces 1");
//!     for file in files {
//!         key.add_file(folder, file)?;
//!     }
//!     let path = folder.join("packed/train.lossnet");
//!     open_or_make(&path, &key, samples, services, LoaderOptions::default())
//! }
//! ```

mod format;
mod key;
mod read;
mod write;

pub use key::Key;
pub use write::Writer;

use std::fs::{File, TryLockError};
use std::path::Path;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Samples, Services};

use crate::loader::LoaderOptions;
use read::{Packed, State};

/// Opens the packed file if it was made with this key, else packs these samples into it first.
///
/// `options` say how many threads decode. Fails with the first error of the samples, if the file can't be written, or if
/// the user asks to stop; what was at the path before is then still there.
pub fn open_or_make(
    path: &Path,
    key: &Key,
    samples: &dyn Samples,
    services: &dyn Services,
    options: LoaderOptions,
) -> Result<Box<dyn Samples>, PluginError> {
    open_or_write(path, key, services, |writer| writer.extend(samples, options))
}

/// As [`open_or_make`], with samples that `write` gives to the [`Writer`] in their order.
pub fn open_or_write(
    path: &Path,
    key: &Key,
    services: &dyn Services,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), PluginError>,
) -> Result<Box<dyn Samples>, PluginError> {
    if let State::Current(packed) = Packed::open(path, key)? {
        return Ok(Box::new(packed));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| unwritable(path, &error))?;
    let lock = Lock::acquire(folder, services);
    match Packed::open(path, key)? {
        // Another process has made it meanwhile.
        State::Current(packed) => return Ok(Box::new(packed)),
        State::Damaged(reason) => {
            services.notice(&format!("{} is damaged ({reason}) and is made anew", path.display()));
        }
        State::Missing | State::Stale => {}
    }
    if lock.is_held() {
        write::remove_drafts(path, folder);
    }
    key.settle();
    let mut writer = Writer::create(path, folder, key, services)?;
    write(&mut writer)?;
    writer.finish()?;
    match Packed::open(path, key)? {
        State::Current(packed) => Ok(Box::new(packed)),
        _ => Err(PluginError::run(format!("{} was changed while it was made", path.display()))),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> PluginError {
    PluginError::input(format!("the packed samples {} can't be written: {error}", path.display())).with_help(
        "make room and let the folder be written to, or set `packed = false` where the dataset has that setting",
    )
}

/// One packing process per folder. The system gives the lock back when the process ends; some network file systems have no
/// such locks, and there processes may pack the same twice.
struct Lock(Option<File>);

impl Lock {
    fn acquire(folder: &Path, services: &dyn Services) -> Lock {
        let Ok(handle) = File::open(folder) else { return Lock(None) };
        match handle.try_lock() {
            Ok(()) => Lock(Some(handle)),
            Err(TryLockError::WouldBlock) => {
                services.notice(&format!("waiting for another process that packs into {}", folder.display()));
                Lock(handle.lock().is_ok().then_some(handle))
            }
            Err(TryLockError::Error(_)) => Lock(None),
        }
    }

    fn is_held(&self) -> bool {
        self.0.is_some()
    }
}
