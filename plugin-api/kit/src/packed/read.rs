//! Reading packed samples.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Samples;
use lossnet_plugin_api::protocol::sample::Sample;
use mmap_io::MemoryMappedFile;

use super::Key;
use super::format::{self, HEADER, Header, Read, Table};

/// What is at a path.
pub(super) enum State {
    /// What the key describes.
    Current(Packed),
    /// Nothing.
    Missing,
    /// Made from something else, or by another version.
    Stale,
    /// Not what was written.
    Damaged(&'static str),
}

/// An open packed file.
pub(super) struct Packed {
    path: PathBuf,
    file: File,
    map: MemoryMappedFile,
    table: Table,
}

impl Packed {
    /// Looks what is there. Fails if it can't be read.
    pub(super) fn open(path: &Path, key: &Key) -> Result<State, PluginError> {
        let unreadable = |error: std::io::Error| {
            PluginError::input(format!("the packed samples {} can't be read: {error}", path.display()))
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(State::Missing);
            }
            Err(error) => return Err(unreadable(error)),
        };
        let length = file.metadata().map_err(unreadable)?.len();
        let mut bytes = [0; HEADER];
        if length < HEADER as u64 {
            return Ok(State::Damaged("it is cut off"));
        }
        file.read_exact_at(&mut bytes, 0).map_err(unreadable)?;
        let header = match Header::decode(&bytes) {
            Read::Header(header) => header,
            Read::OtherVersion => return Ok(State::Stale),
            Read::Damaged(reason) => return Ok(State::Damaged(reason)),
        };
        if header.key != key.digest() {
            return Ok(State::Stale);
        }
        if header.table_at.checked_add(header.table_length) != Some(length) {
            return Ok(State::Damaged("it has another length than its header says"));
        }
        let mut bytes = vec![0; header.table_length as usize];
        file.read_exact_at(&mut bytes, header.table_at).map_err(unreadable)?;
        if crc32fast::hash(&bytes) != header.table_sum {
            return Ok(State::Damaged("its table's checksum does not fit"));
        }
        Ok(match Table::decode(&bytes, header.count, header.table_at) {
            Some(table) => {
                let map = MemoryMappedFile::open_ro(path)
                    .map_err(|error| unreadable(std::io::Error::other(error)))?;
                // Packing anew renames a new file over the old one: then it is the next opening's.
                if map.len() != length {
                    return Ok(State::Stale);
                }
                State::Current(Packed { path: path.to_owned(), file, map, table })
            }
            None => State::Damaged("its table makes no sense"),
        })
    }

    fn damaged(&self, index: usize, id: &str, reason: impl std::fmt::Display) -> PluginError {
        PluginError::input(format!(
            "the packed samples {} are damaged at sample {index} ({id}): {reason}; delete the file and it is made anew",
            self.path.display()
        ))
    }
}

impl Samples for Packed {
    fn len(&self) -> usize {
        self.table.entries.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let entry = self.table.entries.get(index).ok_or_else(|| {
            let count = self.len();
            PluginError::run(format!(
                "sample {index} of the {count} in {} was asked for",
                self.path.display()
            ))
        })?;
        let before = index.checked_sub(1).map(|before| self.table.entries[before]);
        let (start, id_start) = before.map_or((HEADER as u64, 0), |before| (before.end, before.id_end));
        let id = &self.table.ids[id_start as usize..entry.id_end as usize];
        // Memory behind the end of a file that was cut off since can't be looked at.
        let length = self.file.metadata().map_err(|error| self.damaged(index, id, error))?.len();
        if entry.end > length {
            return Err(self.damaged(index, id, "the file was cut off"));
        }
        let record =
            self.map.as_slice(start, entry.end - start).map_err(|error| self.damaged(index, id, error))?;
        let fields =
            format::decode(&record).ok_or_else(|| self.damaged(index, id, "its checksum does not fit"))?;
        Ok(Sample { id: id.to_owned(), group: self.table.groups[entry.group as usize].clone(), fields })
    }
}
