//! Writing packed samples.

use std::fs::Permissions;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Samples, Services};
use lossnet_plugin_api::protocol::report::Progress;
use lossnet_plugin_api::protocol::sample::Sample;
use tempfile::NamedTempFile;

use super::format::{self, Entry, HEADER, Header, Table};
use super::{Key, unwritable};
use crate::loader::{LoaderOptions, for_each_batch};

/// A packed file that is being written. It takes its place only when it is finished.
pub struct Writer<'a> {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    key: [u8; 32],
    table: Table,
    /// Where the next record goes.
    position: u64,
    /// Samples to come in all, if known.
    total: Option<u64>,
    services: &'a dyn Services,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer({}, {} samples)", self.path.display(), self.table.entries.len())
    }
}

/// What the names of drafts of this file begin with.
fn draft_prefix(path: &Path) -> String {
    format!(".{}.draft-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what processes that were killed left behind. Requires the folder's lock.
pub(super) fn remove_drafts(path: &Path, folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let prefix = draft_prefix(path);
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // A draft that stays costs room, nothing else.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl<'a> Writer<'a> {
    pub(super) fn create(
        path: &Path,
        folder: &Path,
        key: &Key,
        services: &'a dyn Services,
    ) -> Result<Writer<'a>, PluginError> {
        let draft = tempfile::Builder::new().prefix(&draft_prefix(path)).tempfile_in(folder);
        let draft = draft.map_err(|error| unwritable(path, &error))?;
        let mut file = BufWriter::with_capacity(1 << 20, draft);
        file.write_all(&[0; HEADER]).map_err(|error| unwritable(path, &error))?;
        Ok(Writer {
            path: path.to_owned(),
            file,
            key: key.digest(),
            table: Table::default(),
            position: HEADER as u64,
            total: None,
            services,
        })
    }

    /// Says how many samples will come, for the progress that the user sees.
    pub fn expect(&mut self, total: usize) {
        self.total = Some(total as u64);
        self.tell();
    }

    /// Appends a sample. Fails if it can't be written, has a field of a kind that can't be packed, or the user asks to stop.
    pub fn push(&mut self, sample: &Sample) -> Result<(), PluginError> {
        let record = format::encode(&sample.id, &sample.fields)?;
        self.append(&sample.id, &sample.group, &record)
    }

    /// Appends all samples of a dataset, decoded in parallel.
    pub fn extend(&mut self, samples: &dyn Samples, options: LoaderOptions) -> Result<(), PluginError> {
        self.expect(self.table.entries.len() + samples.len());
        let prepare = |sample: Sample| {
            let record = format::encode(&sample.id, &sample.fields)?;
            Ok((sample.id, sample.group, record))
        };
        for_each_batch(samples, 0..samples.len(), options, prepare, |batch| {
            batch.iter().try_for_each(|(id, group, record)| self.append(id, group, record))
        })
    }

    fn append(&mut self, id: &str, group: &str, record: &[u8]) -> Result<(), PluginError> {
        let full = |_| PluginError::run(format!("{} would hold too many names", self.path.display()));
        let known = self.table.groups.iter().rposition(|known| known == group);
        let group = known.unwrap_or_else(|| {
            self.table.groups.push(group.to_owned());
            self.table.groups.len() - 1
        });
        let group = u32::try_from(group).map_err(full)?;
        self.table.ids.push_str(id);
        let id_end = u32::try_from(self.table.ids.len()).map_err(full)?;
        self.file.write_all(record).map_err(|error| unwritable(&self.path, &error))?;
        self.position += record.len() as u64;
        self.table.entries.push(Entry { end: self.position, group, id_end });
        // The user need not hear of each.
        if self.table.entries.len() % 64 == 1 {
            if self.services.cancelled() {
                return Err(PluginError::interrupted());
            }
            self.tell();
        }
        Ok(())
    }

    fn tell(&self) {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.services.progress(&Progress {
            stage: format!("packing {name}"),
            done: self.table.entries.len() as u64,
            total: self.total,
            unit: "samples".to_owned(),
            detail: String::new(),
        });
    }

    /// Puts the file into its place once all of it is on the disk.
    pub(super) fn finish(self) -> Result<(), PluginError> {
        self.tell();
        let table = self.table.encode();
        let header = Header {
            key: self.key,
            count: self.table.entries.len() as u64,
            table_at: self.position,
            table_length: table.len() as u64,
            table_sum: crc32fast::hash(&table),
        };
        let path = self.path;
        let mut file = self.file;
        let write = || -> std::io::Result<()> {
            file.write_all(&table)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header.encode())?;
            let draft = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            // A draft is private; the file is as open as any other.
            draft.as_file().set_permissions(Permissions::from_mode(0o644))?;
            draft.as_file().sync_all()?;
            draft.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| unwritable(&path, &error))
    }
}
