//! Unpacks archives, never outside of their folder, and never by halves.

use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use lossnet_plugin_protocol::report::Progress;

use super::{FetchError, OnProgress};

/// An archive that claims to hold more is refused.
const MOST_BYTES: u64 = 1 << 40;

/// Unpacks `.tar`, `.tar.gz`, `.tgz` and `.zip` into a folder, which is made if it is not there. Files that are there keep
/// their place unless the archive has one of the same name.
///
/// Everything is unpacked into a folder beside it first and moved in at the end. Fails, with nothing moved, for entries
/// that would leave the folder, links, devices, damaged or cut-off archives, and archives that claim absurd sizes.
pub fn unpack(archive: &Path, into: &Path, on_progress: OnProgress<'_>) -> Result<(), FetchError> {
    let disk = |action, path: &Path| {
        let path = path.to_owned();
        move |source| FetchError::Disk { action, path, source }
    };
    fs_err::create_dir_all(into).map_err(disk("making", into))?;
    let parent = into.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(parent).map_err(disk("making a folder in", parent))?;
    let work = Unpacking { archive, folder: draft.path(), on_progress };
    work.run()?;
    move_into(draft.path(), into).map_err(disk("moving files into", into))
}

struct Unpacking<'a> {
    archive: &'a Path,
    folder: &'a Path,
    on_progress: OnProgress<'a>,
}

impl Unpacking<'_> {
    fn run(&self) -> Result<(), FetchError> {
        let open = || {
            std::fs::File::open(self.archive).map_err(|source| FetchError::Disk {
                action: "reading",
                path: self.archive.to_owned(),
                source,
            })
        };
        let name = self.archive.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        if ends(".tar.gz") || ends(".tgz") {
            self.tar(MultiGzDecoder::new(BufReader::new(open()?)))
        } else if ends(".tar") {
            self.tar(BufReader::new(open()?))
        } else if ends(".zip") {
            self.zip(open()?)
        } else {
            Err(self.refuse("it is no .tar, .tar.gz, .tgz or .zip"))
        }
    }

    fn refuse(&self, reason: impl Into<String>) -> FetchError {
        FetchError::Archive { archive: self.archive.to_owned(), reason: reason.into() }
    }

    fn damaged(&self) -> impl Fn(io::Error) -> FetchError + '_ {
        |error| self.refuse(format!("it is damaged or cut off ({error})"))
    }

    fn tar(&self, source: impl Read) -> Result<(), FetchError> {
        let mut archive = tar::Archive::new(source);
        let (mut files, mut bytes) = (0, 0_u64);
        for entry in archive.entries().map_err(self.damaged())? {
            let mut entry = entry.map_err(self.damaged())?;
            let path = entry.path().map_err(self.damaged())?.into_owned();
            let kind = entry.header().entry_type();
            if kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
                continue;
            }
            if !kind.is_file() && !kind.is_dir() {
                return Err(self.refuse(format!("its entry {} is a link or device", path.display())));
            }
            let target = self.target(&path)?;
            bytes = self.count(bytes, entry.size())?;
            if kind.is_dir() {
                fs_err::create_dir_all(&target).map_err(self.damaged())?;
                continue;
            }
            let size = entry.size();
            self.write(&mut entry, size, &target)?;
            files += 1;
            self.tell(files, None);
        }
        Ok(())
    }

    fn zip(&self, file: std::fs::File) -> Result<(), FetchError> {
        let zip_error = |error: zip::result::ZipError| self.refuse(format!("it is damaged or cut off ({error})"));
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(zip_error)?;
        let count = archive.len();
        let mut bytes = 0;
        for index in 0..count {
            let mut entry = archive.by_index(index).map_err(zip_error)?;
            let path = PathBuf::from(entry.name());
            if entry.is_symlink() {
                return Err(self.refuse(format!("its entry {} is a link or device", path.display())));
            }
            let target = self.target(&path)?;
            bytes = self.count(bytes, entry.size())?;
            if entry.is_dir() {
                fs_err::create_dir_all(&target).map_err(self.damaged())?;
            } else {
                let size = entry.size();
                self.write(&mut entry, size, &target)?;
            }
            self.tell(index as u64 + 1, Some(count as u64));
        }
        Ok(())
    }

    /// Where an entry goes, if that is inside the folder.
    fn target(&self, path: &Path) -> Result<PathBuf, FetchError> {
        let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || path.to_string_lossy().contains('\\') {
            return Err(self.refuse(format!("its entry {} would leave the folder", path.display())));
        }
        Ok(self.folder.join(path))
    }

    fn count(&self, before: u64, size: u64) -> Result<u64, FetchError> {
        let sum = before.checked_add(size).filter(|sum| *sum <= MOST_BYTES);
        sum.ok_or_else(|| self.refuse(format!("it claims to hold more than {MOST_BYTES} bytes")))
    }

    fn write(&self, source: &mut impl Read, size: u64, target: &Path) -> Result<(), FetchError> {
        if let Some(parent) = target.parent() {
            fs_err::create_dir_all(parent).map_err(self.damaged())?;
        }
        let mut file = fs_err::File::create(target).map_err(self.damaged())?;
        // One byte more than declared would show that the declaration is a lie.
        let written = io::copy(&mut source.take(size.saturating_add(1)), &mut file).map_err(self.damaged())?;
        if written != size {
            return Err(self.refuse(format!("its entry {} has another size than declared", target.display())));
        }
        Ok(())
    }

    fn tell(&self, done: u64, total: Option<u64>) {
        let name = self.archive.file_name().unwrap_or_default().to_string_lossy();
        let (stage, unit) = (format!("unpacking {name}"), "files".to_owned());
        (self.on_progress)(Progress { stage, done, total, unit });
    }
}

/// Moves what is in a folder into another one on the same file system.
fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && target.is_dir() {
            move_into(&entry.path(), &target)?;
        } else {
            fs_err::rename(entry.path(), target)?;
        }
    }
    Ok(())
}
