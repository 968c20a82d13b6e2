//! Files that are there whole or not at all, and what is left of those that a killed process did not finish.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use lossnet_plugin_protocol::DRAFT_PREFIX;
use tempfile::NamedTempFile;

/// Writes a file atomically: into a draft beside it, to the disk, then renamed. The file takes the
/// permissions of the one that it replaces, else those that the umask leaves. Errors say nothing of the draft.
pub fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(file, bytes, true).map_err(of_file)
}

/// The same for what can be made anew: a power cut may leave an empty file.
pub fn write_unsynced(file: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(file, bytes, false).map_err(of_file)
}

/// The same, unless the file holds these bytes already: those who may only read can say the same again.
pub fn write_if_changed(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::read(file).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    write(file, bytes)
}

/// The same for what another library writes under a name that it is given.
pub fn write_with(file: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let attempt = || {
        let folder = draft_folder_in(folder_of(file))?;
        let draft = folder.path().join("file");
        // As open as the umask lets a file be, whatever the library makes of it.
        let permissions = match std::fs::metadata(file) {
            Ok(replaced) => replaced.permissions(),
            Err(_) => File::create(&draft)?.metadata()?.permissions(),
        };
        write(&draft)?;
        std::fs::set_permissions(&draft, permissions)?;
        std::fs::rename(&draft, file)
    };
    attempt().map_err(of_file)
}

/// Removes the drafts in a folder that nobody writes any more, as far as that can be told and done: who writes one here holds
/// a lock on it, which goes with its process. Plugins' drafts have none: a cell's folders belong to the holder of its lock.
pub fn remove_drafts(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().map(|name| name.to_string_lossy());
        if !name.is_some_and(|name| name.starts_with(DRAFT_PREFIX)) {
            continue;
        }
        // The lock is held until the draft is gone: who has just made it waits for the lock and then looks whether it is there.
        let Ok(draft) = File::open(&path) else { continue };
        if draft.try_lock().is_ok() {
            // One that stays costs room, nothing else.
            let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        }
    }
}

/// The same for a folder and all in it.
pub fn remove_drafts_below(folder: &Path) {
    remove_drafts(folder);
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    // Links lead elsewhere.
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove_drafts_below(&entry.path());
    }
}

fn replace(file: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut draft = draft_in(folder_of(file))?;
    draft.write_all(bytes)?;
    if sync {
        draft.as_file().sync_all()?;
    }
    match std::fs::metadata(file) {
        Ok(replaced) => draft.as_file().set_permissions(replaced.permissions())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    draft.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// The folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A draft that others can tell from an abandoned one.
fn draft_in(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let mut builder = tempfile::Builder::new();
        // What the umask leaves of it.
        builder.prefix(DRAFT_PREFIX).permissions(std::fs::Permissions::from_mode(0o666));
        let draft = builder.tempfile_in(folder)?;
        if claim(draft.as_file(), draft.path())? {
            return Ok(draft);
        }
    }
}

/// A folder for a draft, told from an abandoned one by the lock on the open folder.
pub struct DraftFolder {
    path: tempfile::TempDir,
    _locked: File,
}

impl DraftFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.path.path()
    }
}

/// Makes a folder for a draft, which goes when this is dropped, or with [`remove_drafts`] if the process is killed before.
pub fn draft_folder_in(folder: &Path) -> io::Result<DraftFolder> {
    loop {
        let path = tempfile::Builder::new().prefix(DRAFT_PREFIX).tempdir_in(folder)?;
        match File::open(path.path()) {
            Ok(file) if claim(&file, path.path())? => return Ok(DraftFolder { path, _locked: file }),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // Taken for abandoned.
            _ => {}
        }
    }
}

/// Locks a draft. False if somebody has taken it for abandoned before. Without locks nobody removes it.
fn claim(draft: &File, path: &Path) -> io::Result<bool> {
    let locked = draft.lock().is_ok();
    let open = draft.metadata()?;
    let is_there =
        std::fs::metadata(path).is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino()));
    Ok(is_there || !locked)
}

/// The error without the draft's name, which nobody knows.
fn of_file(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() { error } else { error.kind().into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn abandoned_drafts_go_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let mine = draft_in(folder.path()).unwrap();
        let abandoned =
            [folder.path().join(format!("{DRAFT_PREFIX}x")), inner.join(format!("{DRAFT_PREFIX}y"))];
        let other = folder.path().join(".lock");
        abandoned.iter().chain([&other]).for_each(|path| std::fs::write(path, "half").unwrap());
        remove_drafts_below(folder.path());
        assert!(mine.path().exists() && other.exists());
        assert!(abandoned.iter().all(|path| !path.exists()));
    }

    #[test]
    fn those_who_write_and_those_who_clear_up_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for number in 0..500 {
                    write_unsynced(&file, format!("{number}").as_bytes()).unwrap();
                }
            });
            // Until the writer has ended, also in a panic.
            while !writer.is_finished() {
                remove_drafts(folder.path());
            }
        });
        assert_eq!(std::fs::read(&file).unwrap(), b"499");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_as_open_as_others_made_here() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().mode() & 0o777;
        std::fs::write(folder.path().join("plain"), "").unwrap();
        write(&folder.path().join("file"), b"").unwrap();
        assert_eq!(mode("file"), mode("plain"));
        std::fs::set_permissions(folder.path().join("file"), std::fs::Permissions::from_mode(0o640)).unwrap();
        write(&folder.path().join("file"), b"again").unwrap();
        assert_eq!(mode("file"), 0o640);
    }

    #[test]
    fn errors_say_nothing_of_drafts() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/file"), b"").unwrap_err();
        assert!(!error.to_string().contains(DRAFT_PREFIX), "{error}");
    }
}
