//! Event files: records with lengths and checksums (TFRecord), one after the other. The format is described at
//! <https://www.tensorflow.org/tutorials/load_data/tfrecord>.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use fs_err::File;

/// What every event file has in its name.
const MARK: &str = ".tfevents.";

/// An event file at work.
#[derive(Debug)]
pub(super) struct EventFile(BufWriter<File>);

impl EventFile {
    /// A new file in this folder, with a name that sorts behind older ones.
    pub(super) fn create(folder: &Path, seconds: u64) -> std::io::Result<EventFile> {
        fs_err::create_dir_all(folder)?;
        let process = std::process::id();
        let mut number = 0;
        loop {
            let path = folder.join(format!("events.out{MARK}{seconds:010}.lossnet.{process}.{number}"));
            match File::create_new(path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                file => return file.map(|file| EventFile(BufWriter::new(file))),
            }
        }
    }

    pub(super) fn write(&mut self, data: &[u8]) -> std::io::Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        self.0.write_all(&length)?;
        self.0.write_all(&masked(&length).to_le_bytes())?;
        self.0.write_all(data)?;
        self.0.write_all(&masked(data).to_le_bytes())
    }

    /// Makes what was written so far visible to readers.
    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The event files in a folder, oldest first; none if it is not there.
pub(super) fn event_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains(MARK)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The records of a file up to the first one that is damaged or cut off.
pub(super) fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let Some((record, rest)) = record(bytes) {
        records.push(record);
        bytes = rest;
    }
    records
}

fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*checksum) != masked(length) {
        return None;
    }
    let (data, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    (u32::from_le_bytes(*checksum) == masked(data)).then_some((data, rest))
}

/// CRC-32C, masked so that a checksum of data with checksums in it is sound.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_the_file_and_end_where_it_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::create(folder.path(), 7).unwrap();
        file.write(b"one").unwrap();
        file.write(b"").unwrap();
        file.write(b"three").unwrap();
        file.flush().unwrap();
        // A second one of the same second is another file.
        drop(EventFile::create(folder.path(), 7).unwrap());
        let files = event_files(folder.path()).unwrap();
        assert_eq!(files.len(), 2);
        let bytes = std::fs::read(&files[0]).unwrap();
        assert_eq!(records(&bytes), [b"one".as_slice(), b"", b"three"]);
        assert_eq!(records(&bytes[..bytes.len() - 1]).len(), 2);
        let mut damaged = bytes.clone();
        damaged[12] ^= 1;
        assert!(records(&damaged).is_empty());
    }
}
