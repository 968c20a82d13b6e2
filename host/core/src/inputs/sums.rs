//! Sums of files and folders, remembered.
//!
//! One small file per path, `<cache>/sums-1/<hash of path>`. It counts only for the very file it was made from: size, times
//! and inode. A cache that can't be written only costs time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::folder::{self, stamp};
use crate::fetch::file_sha256;

/// Raised with what sums are made of.
const BUCKET: &str = "sums-1";

/// What was changed so short a time ago may be changed again without another time: it is read anew each time.
const SETTLED: Duration = Duration::from_secs(2);

/// Sums of files and folders.
#[derive(Debug)]
pub struct Sums {
    cache: Option<PathBuf>,
    /// Folders whose files are nobody's input: those that runs write to.
    ignored: Vec<PathBuf>,
    /// What was asked for already, where files are taken as they were at first.
    asked: Option<RefCell<Asked>>,
}

/// Sums by path and whether all that is in a folder's files was asked for.
type Asked = HashMap<(PathBuf, bool), Option<String>>;

#[derive(Serialize, Deserialize)]
struct Entry {
    stamp: String,
    sum: String,
}

impl Sums {
    /// Sums as files are whenever they are asked for. What lies in the folders `ignored` does not count.
    pub fn new(ignored: &[PathBuf]) -> Sums {
        let ignored = ignored.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        Sums { cache: crate::folders::cache().map(|cache| cache.join(BUCKET)), ignored, asked: None }
    }

    /// The same, where each file is looked at once: for a plan, whose cells are to agree.
    #[must_use]
    pub fn once(self) -> Sums {
        Sums { asked: Some(RefCell::default()), ..self }
    }

    /// The sum of a file or a folder; none if it is not there. Of a large folder names and sizes count, or all that is in its
    /// files if it is `thorough`.
    ///
    /// Fails if it can't be read.
    pub fn of(&self, path: &Path, thorough: bool) -> std::io::Result<Option<String>> {
        let key = (path.to_owned(), thorough);
        if let Some(known) = self.asked.as_ref().and_then(|asked| asked.borrow().get(&key).cloned()) {
            return Ok(known);
        }
        let sum = self.look(path, thorough)?;
        if let Some(asked) = &self.asked {
            asked.borrow_mut().insert(key, sum.clone());
        }
        Ok(sum)
    }

    fn look(&self, path: &Path, thorough: bool) -> std::io::Result<Option<String>> {
        let Ok(real) = path.canonicalize() else { return Ok(None) };
        if real.is_dir() {
            let listing = folder::list(&real, &self.ignored)?;
            let read = if thorough { u64::MAX } else { folder::READ };
            let stamp = format!("{read} {}", listing.stamp());
            return self
                .remembered(&real, &stamp, listing.is_settled(settled_before()), || listing.sum(read))
                .map(Some);
        }
        let metadata = fs_err::metadata(&real)?;
        let is_settled = metadata.modified().is_ok_and(|time| time < settled_before());
        self.remembered(&real, &stamp(&metadata), is_settled, || file_sha256(&real)).map(Some)
    }

    fn remembered(
        &self,
        path: &Path,
        stamp: &str,
        is_settled: bool,
        make: impl FnOnce() -> std::io::Result<String>,
    ) -> std::io::Result<String> {
        let name = crate::hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..16]);
        let note = self.cache.as_ref().map(|cache| cache.join(name));
        let known = note.as_ref().and_then(|note| fs_err::read(note).ok());
        let known = known.and_then(|text| serde_json::from_slice::<Entry>(&text).ok());
        if let Some(known) = known.filter(|known| is_settled && known.stamp == stamp) {
            return Ok(known.sum);
        }
        let sum = make()?;
        if let Some(note) = note.filter(|_| is_settled)
            && let Err(error) = keep(&note, &Entry { stamp: stamp.to_owned(), sum: sum.clone() })
        {
            tracing::debug!(%error, "the sum of {} can't be remembered", path.display());
        }
        Ok(sum)
    }
}

fn keep(note: &Path, entry: &Entry) -> std::io::Result<()> {
    if let Some(folder) = note.parent() {
        fs_err::create_dir_all(folder)?;
        crate::atomic::remove_drafts(folder);
    }
    crate::atomic::write(note, &serde_json::to_vec(entry)?)
}

fn settled_before() -> SystemTime {
    SystemTime::now().checked_sub(SETTLED).unwrap_or(SystemTime::UNIX_EPOCH)
}
