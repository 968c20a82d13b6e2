//! What the user is told once, however often a dataset is opened.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lossnet_plugin_api::prelude::*;

/// Tells something of a dataset's folder, unless the same was told of it by this process: a run opens a split several times.
pub(crate) fn tell_once(services: &dyn Services, folder: &Path, what: &str, message: &str) {
    static TOLD: Mutex<BTreeSet<(PathBuf, String)>> = Mutex::new(BTreeSet::new());
    let key = (folder.to_owned(), what.to_owned());
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
        services.notice(message);
    }
}
