//! The sum of a folder: of the names of its files and of what is in them, however the folder is called and wherever it is.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::fetch::file_sha256;

/// Up to so many bytes in all, files are read; of larger folders names and sizes count, unless all of it is asked for.
pub(super) const READ: u64 = 256 << 20;

/// The files of a folder and of those inside, by name.
pub(super) struct Listing {
    files: Vec<Listed>,
}

struct Listed {
    name: PathBuf,
    path: PathBuf,
    size: u64,
    modified: SystemTime,
    stamp: String,
}

/// Lists a folder. What is hidden does not count, nor what lies in the folders `ignored`.
pub(super) fn list(root: &Path, ignored: &[PathBuf]) -> std::io::Result<Listing> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut folders = vec![(root.to_owned(), PathBuf::new())];
    while let Some((folder, inside)) = folders.pop() {
        // Links may lead round in a circle.
        let place = fs_err::metadata(&folder)?;
        if !seen.insert((place.dev(), place.ino())) {
            continue;
        }
        // In an order of its own, so that a folder that two links lead to has the same name each time.
        let mut entries = fs_err::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_unstable_by_key(fs_err::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            let (path, name) = (entry.path(), inside.join(&name));
            // A link that leads nowhere, or a file that has just gone.
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                if !ignored.iter().any(|ignored| is_same(&path, ignored)) {
                    folders.push((path, name));
                }
            } else if metadata.is_file() {
                let modified = metadata.modified()?;
                files.push(Listed { name, path, size: metadata.len(), modified, stamp: stamp(&metadata) });
            }
        }
    }
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(Listing { files })
}

fn is_same(path: &Path, ignored: &Path) -> bool {
    path.file_name() == ignored.file_name() && path.canonicalize().is_ok_and(|path| path == ignored)
}

impl Listing {
    /// What tells the files from what they were before.
    pub(super) fn stamp(&self) -> String {
        let mut hasher = Sha256::new();
        for file in &self.files {
            hasher.update(file.name.as_os_str().as_bytes());
            hasher.update([0]);
            hasher.update(file.stamp.as_bytes());
            hasher.update([0]);
        }
        crate::hex::encode(&hasher.finalize())
    }

    /// Whether no file was changed since.
    pub(super) fn is_settled(&self, before: SystemTime) -> bool {
        self.files.iter().all(|file| file.modified < before)
    }

    /// The sum; files are read up to so many bytes in all.
    pub(super) fn sum(&self, read: u64) -> std::io::Result<String> {
        let reads = self.files.iter().map(|file| file.size).sum::<u64>() <= read;
        let mut hasher = Sha256::new();
        for file in &self.files {
            hasher.update(file.name.as_os_str().as_bytes());
            hasher.update([0]);
            hasher.update(file.size.to_le_bytes());
            if reads {
                hasher.update(file_sha256(&file.path)?.as_bytes());
            }
        }
        Ok(crate::hex::encode(&hasher.finalize()))
    }
}

/// What tells a file from what it was before. The time of the last change of its entry can't be set by hand.
pub(super) fn stamp(metadata: &std::fs::Metadata) -> String {
    format!(
        "{} {}.{} {}.{} {}",
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.ino()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sum(folder: &Path, ignored: &[PathBuf]) -> String {
        list(folder, ignored).unwrap().sum(READ).unwrap()
    }

    #[test]
    fn of_what_is_too_large_to_be_read_names_and_sizes_count() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.png");
        let sums = || [1, 2].map(|read| list(root.path(), &[]).unwrap().sum(read).unwrap());
        fs_err::write(&file, "ab").unwrap();
        let first = sums();
        fs_err::write(&file, "cd").unwrap();
        let second = sums();
        assert_eq!(first[0], second[0], "it was read");
        assert_ne!(first[1], second[1], "it was not read");
        fs_err::write(&file, "abc").unwrap();
        assert_ne!(first[0], sums()[0], "sizes do not count");
    }

    #[test]
    fn names_and_contents_count_and_the_place_does_not() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let make = |name: &str, text: &str| {
            let folder = root.join(name);
            fs_err::create_dir_all(folder.join("inner")).unwrap();
            fs_err::write(folder.join("inner/a.png"), text).unwrap();
            fs_err::write(folder.join("b.png"), "b").unwrap();
            folder
        };
        let (one, same, other) = (make("one", "x"), make("same", "x"), make("other", "y"));
        assert_eq!(sum(&one, &[]), sum(&same, &[]));
        assert_ne!(sum(&one, &[]), sum(&other, &[]), "the size is the same, what is in the file is not");
        fs_err::write(same.join(".DS_Store"), "").unwrap();
        std::os::unix::fs::symlink("..", same.join("inner/round")).unwrap();
        assert_eq!(sum(&one, &[]), sum(&same, &[]), "hidden files and circles do not count");
        fs_err::create_dir(same.join("logs")).unwrap();
        fs_err::write(same.join("logs/result.json"), "{}").unwrap();
        assert_ne!(sum(&one, &[]), sum(&same, &[]));
        assert_eq!(sum(&one, &[]), sum(&same, &[same.join("logs")]));
        fs_err::rename(one.join("b.png"), one.join("c.png")).unwrap();
        assert_ne!(sum(&one, &[]), sum(&same, &[same.join("logs")]));
    }
}
