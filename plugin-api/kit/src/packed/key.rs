//! What a packed file was made from.

use std::fmt::Display;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lossnet_plugin_api::PluginError;
use sha2::{Digest as _, Sha256};

/// A digest of everything that a packed file was made from: names, sizes and modification times of files, and settings.
#[derive(Clone, Debug)]
pub struct Key {
    hasher: Sha256,
    /// When the latest of the files was modified.
    newest: SystemTime,
}

/// File systems note times in steps of up to 10 ms.
const STEP: Duration = Duration::from_millis(20);

impl Key {
    /// The key of what is packed under this name. A change of how samples are made of their files changes the name,
    /// such as `svhn 1` to `svhn 2`.
    pub fn new(name: &str) -> Key {
        Key { hasher: Sha256::new(), newest: SystemTime::UNIX_EPOCH }.with("name", name)
    }

    /// The same with a setting.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Display) -> Key {
        self.add(setting, &value.to_string());
        self
    }

    /// Adds a file below a folder: where it lies in there, its size and when it was modified. Moving the whole folder
    /// changes nothing. Fails, naming the file, if the system can't tell.
    pub fn add_file(&mut self, folder: &Path, file: &Path) -> Result<(), PluginError> {
        let metadata = std::fs::metadata(file)
            .map_err(|error| PluginError::input(format!("{} can't be read: {error}", file.display())))?;
        let name = file.strip_prefix(folder).unwrap_or(file);
        self.add("file", &name.to_string_lossy());
        for number in [metadata.len(), metadata.mtime() as u64, metadata.mtime_nsec() as u64] {
            self.hasher.update(number.to_le_bytes());
        }
        if let Ok(modified) = metadata.modified() {
            self.newest = self.newest.max(modified);
        }
        Ok(())
    }

    fn add(&mut self, kind: &str, text: &str) {
        // With its length, so that no two lists of texts run together to the same bytes.
        for part in [kind, text] {
            self.hasher.update((part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.hasher.clone().finalize().into()
    }

    /// Waits until a change of the newest file would give it another modification time.
    pub(super) fn settle(&self) {
        if let Ok(age) = self.newest.elapsed()
            && let Some(rest) = STEP.checked_sub(age)
        {
            std::thread::sleep(rest);
        }
    }
}
