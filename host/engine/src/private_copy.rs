//! A plugin's file as it was when it was opened, in memory that nobody else can write to.
//!
//! A library is mapped, not read: who copies a new one over the file changes the pages of a running program, or takes them
//! away, which kills it. So the dynamic loader gets a copy.

use std::io::{Read as _, Write as _};
use std::os::fd::{IntoRawFd as _, RawFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::elf::{self, ElfFault};

/// Why a file can't be copied into memory.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// It can't be read, or there is no memory for it.
    #[error("it can't be read")]
    Io(#[from] std::io::Error),
    /// It changed meanwhile.
    #[error("it is being written: wait until it is complete, and run the command again")]
    Changing,
    /// It is not a whole library.
    #[error(transparent)]
    Elf(#[from] ElfFault),
}

/// The copy, which is that of the open file and stays open as long as the process lives. The dynamic loader knows libraries by
/// their paths and never forgets one, not even one that turned out not to be a plugin: with a path that is used again it would give
/// the old library in place of the new one.
#[derive(Debug)]
pub(crate) struct PrivateCopy(RawFd);

impl PrivateCopy {
    /// Copies a library that is whole.
    pub(crate) fn of(library: &Path) -> Result<PrivateCopy, CopyError> {
        let mut file = std::fs::File::open(library)?;
        let stamp = |file: &std::fs::File| file.metadata().map(|of| (of.len(), of.mtime(), of.mtime_nsec()));
        let before = stamp(&file)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if stamp(&file)? != before || bytes.len() as u64 != before.0 {
            return Err(CopyError::Changing);
        }
        elf::check(&bytes)?;
        let mut copy = memory(library)?;
        copy.write_all(&bytes)?;
        Ok(PrivateCopy(copy.into_raw_fd()))
    }

    /// Where this process finds it.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0))
    }
}

/// A file without a place in any folder. Some systems forbid code in memory files; a file in the temporary folder that was
/// removed at once is as private.
fn memory(library: &Path) -> std::io::Result<std::fs::File> {
    let name = library.file_name().unwrap_or_default();
    match memfd_create(name, MFdFlags::MFD_CLOEXEC) {
        Ok(descriptor) => Ok(descriptor.into()),
        Err(_) => tempfile::tempfile(),
    }
}
