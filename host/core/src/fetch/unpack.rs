//! Unpacks archives, never outside of their folder, and never by halves.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use lossnet_plugin_protocol::report::Progress;

use super::{FetchError, OnProgress};

/// Unpacks `.tar`, `.tar.gz`, `.tgz` and `.zip` into a folder. If the folder is not there, it appears when it is complete;
/// files that are there keep their place unless the archive has one of the same name.
///
/// Everything is unpacked into a folder beside it first and moved in at the end. Fails, with nothing moved, for entries
/// that would leave the folder, links, devices, damaged or cut-off archives, and archives that claim to hold more than the
/// disk has room for.
pub fn unpack(archive: &Path, into: &Path, on_progress: OnProgress<'_>) -> Result<(), FetchError> {
    let parent = into.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(disk("making", parent))?;
    // What a killed process has left of another attempt may be gigabytes.
    crate::atomic::remove_drafts(parent);
    let draft = crate::atomic::draft_folder_in(parent);
    let draft = draft.map_err(disk("making a folder in", parent))?;
    let mut room = room_in(parent)?;
    Unpacking { archive, folder: draft.path(), on_progress, room: &mut room }.run()?;
    if into.is_dir() {
        return move_into(draft.path(), into).map_err(disk("moving files into", into));
    }
    // A draft is private; the folder is as open as any other.
    fs::set_permissions(draft.path(), Permissions::from_mode(0o755))
        .map_err(disk("opening", draft.path()))?;
    fs::rename(draft.path(), into).map_err(disk("making", into))
}

fn disk<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> FetchError + 'a {
    move |source| FetchError::Disk { action, path: path.to_owned(), source }
}

/// Bytes that may be written to the folder's disk.
fn room_in(folder: &Path) -> Result<u64, FetchError> {
    let asking = disk("asking for the free space of", folder);
    let disk = nix::sys::statvfs::statvfs(folder).map_err(|error| asking(error.into()))?;
    Ok(disk.fragment_size() * disk.blocks_available())
}

struct Unpacking<'a> {
    archive: &'a Path,
    folder: &'a Path,
    on_progress: OnProgress<'a>,
    /// Bytes that may still be written.
    room: &'a mut u64,
}

impl Unpacking<'_> {
    fn run(&mut self) -> Result<(), FetchError> {
        let name = self.archive.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let (gzipped, plain, zip) = (ends(&[".tar.gz", ".tgz"]), ends(&[".tar"]), ends(&[".zip"]));
        if !(gzipped || plain || zip) {
            return Err(self.refuse("it is not a .tar, .tar.gz, .tgz or .zip"));
        }
        let file = File::open(self.archive).map_err(disk("reading", self.archive))?;
        match (gzipped, plain) {
            (true, _) => self.tar(MultiGzDecoder::new(BufReader::new(file))),
            (_, true) => self.tar(BufReader::new(file)),
            _ => self.zip(file),
        }
    }

    fn refuse(&self, reason: impl Into<String>) -> FetchError {
        FetchError::Archive { archive: self.archive.to_owned(), reason: reason.into() }
    }

    fn damaged(&self, error: &dyn std::error::Error) -> FetchError {
        self.refuse(format!("it is damaged or cut off ({error})"))
    }

    fn tar(&mut self, source: impl Read) -> Result<(), FetchError> {
        let mut archive = tar::Archive::new(source);
        let mut files = 0;
        self.tell(files, None);
        for entry in archive.entries().map_err(|error| self.damaged(&error))? {
            let mut entry = entry.map_err(|error| self.damaged(&error))?;
            let path = entry.path().map_err(|error| self.damaged(&error))?.into_owned();
            let kind = entry.header().entry_type();
            if kind.is_pax_global_extensions() {
                continue;
            }
            if !kind.is_file() && !kind.is_dir() {
                return Err(self.refuse(format!("its entry {} is a link or device", shown(&path))));
            }
            let size = entry.size();
            self.entry(&path, kind.is_dir(), size, &mut entry)?;
            files += 1;
            self.tell(files, None);
        }
        // What follows the last entry is padding; reading it has the compressed data's checksum checked.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| self.damaged(&error))?;
        if files == 0 {
            return Err(self.refuse("it holds nothing"));
        }
        Ok(())
    }

    fn zip(&mut self, file: File) -> Result<(), FetchError> {
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| self.damaged(&error))?;
        let count = archive.len();
        if count == 0 {
            return Err(self.refuse("it holds nothing"));
        }
        self.tell(0, Some(count as u64));
        for index in 0..count {
            let mut entry = archive.by_index(index).map_err(|error| self.damaged(&error))?;
            let path = PathBuf::from(entry.name());
            if entry.is_symlink() {
                return Err(self.refuse(format!("its entry {} is a link or device", shown(&path))));
            }
            let (is_folder, size) = (entry.is_dir(), entry.size());
            self.entry(&path, is_folder, size, &mut entry)?;
            self.tell(index as u64 + 1, Some(count as u64));
        }
        Ok(())
    }

    /// Writes an entry, if it goes into the folder and there is room for it.
    fn entry(
        &mut self,
        path: &Path,
        is_folder: bool,
        size: u64,
        source: &mut impl Read,
    ) -> Result<(), FetchError> {
        let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || path.to_string_lossy().contains(['\\', '\0']) {
            return Err(self.refuse(format!("its entry {} would leave the folder", shown(path))));
        }
        let target = self.folder.join(path);
        if is_folder {
            return fs::create_dir_all(&target).map_err(disk("making", &target));
        }
        *self.room = self.room.checked_sub(size).ok_or_else(|| {
            self.refuse(format!("at its entry {} of {size} bytes it does not fit on the disk", shown(path)))
        })?;
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(disk("making", parent))?;
        }
        let mut file = File::create(&target).map_err(disk("writing", &target))?;
        let mut buffer = vec![0; 1 << 16];
        let mut written = 0_u64;
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.damaged(&error)),
            };
            written += read as u64;
            if written > size {
                break;
            }
            file.write_all(&buffer[..read]).map_err(disk("writing", &target))?;
        }
        if written != size {
            return Err(self.refuse(format!("its entry {} has another size than declared", shown(path))));
        }
        Ok(())
    }

    fn tell(&self, done: u64, total: Option<u64>) {
        let name = self.archive.file_name().unwrap_or_default().to_string_lossy();
        let (stage, unit) = (format!("unpacking {name}"), "files".to_owned());
        (self.on_progress)(Progress::new(stage, done, total, unit));
    }
}

/// An entry's name for a message: a hostile one may hold what terminals obey.
fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

/// Moves what is in a folder into another one on the same file system.
fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && target.is_dir() {
            move_into(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}
