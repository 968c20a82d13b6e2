//! Locks of cells and of experiments.
//!
//! It is an "open file description" lock (`F_OFD_SETLK`, fcntl(2)) on the whole file. The system takes it back when the
//! file is closed, so also when its holder dies, however that happens: there are no stale ones. On NFS the client asks the
//! server for it, as for every lock of fcntl's, so that machines keep each other out; there it goes with the client's
//! lease where a whole machine dies. Whether it is held can be asked (`F_OFD_GETLK`) without taking it, so that those who
//! only look never get in the way of those who work.

use std::os::fd::AsFd;
use std::path::Path;

use fs_err::{File, OpenOptions};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::StoreError;

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Closing it gives the lock back.
    _file: File,
}

impl Lock {
    /// Takes the lock, making its file if there is none. `None` if it is held already, here or elsewhere.
    ///
    /// Fails if the file can't be made, or its file system has no locks.
    pub(super) fn acquire(path: &Path) -> Result<Option<Lock>, StoreError> {
        let file = open(path)?;
        match fcntl(file.file().as_fd(), FcntlArg::F_OFD_SETLK(&whole_file())) {
            Ok(_) => Ok(Some(Lock { _file: file })),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(None),
            Err(error) => Err(StoreError::NoLock { path: path.to_owned(), source: error.into() }),
        }
    }

    /// Waits until nobody else holds the lock, and takes it, making its file if there is none.
    ///
    /// Fails if the file can't be made, or its file system has no locks.
    pub fn wait(path: &Path) -> Result<Lock, StoreError> {
        let file = open(path)?;
        loop {
            match fcntl(file.file().as_fd(), FcntlArg::F_OFD_SETLKW(&whole_file())) {
                Ok(_) => return Ok(Lock { _file: file }),
                // A signal that somebody takes care of.
                Err(Errno::EINTR) => {}
                Err(error) => return Err(StoreError::NoLock { path: path.to_owned(), source: error.into() }),
            }
        }
    }

    /// Whether somebody holds the lock. Where that can't be told, nobody does.
    pub(super) fn is_held(path: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        let mut found = whole_file();
        let asked = fcntl(file.file().as_fd(), FcntlArg::F_OFD_GETLK(&mut found));
        asked.is_ok() && i32::from(found.l_type) != libc::F_UNLCK
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    options.open(path).map_err(StoreError::write)
}

/// What would exclude everybody else, from the file's beginning to wherever its end is.
fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        // The system wants it so for locks of open files.
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_lock_excludes_others_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!Lock::is_held(&path), "there is no file");
        let lock = Lock::acquire(&path).unwrap().unwrap();
        assert!(Lock::is_held(&path));
        assert!(Lock::acquire(&path).unwrap().is_none());
        drop(lock);
        assert!(!Lock::is_held(&path));
        assert!(Lock::acquire(&path).unwrap().is_some());
    }

    #[test]
    fn who_waits_gets_the_lock_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::wait(&path).unwrap();
        let got = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _lock = Lock::wait(&path).unwrap();
                got.store(true, std::sync::atomic::Ordering::SeqCst);
            });
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert!(!got.load(std::sync::atomic::Ordering::SeqCst));
            drop(lock);
        });
        assert!(got.load(std::sync::atomic::Ordering::SeqCst));
    }

    #[test]
    fn those_who_look_are_never_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        drop(Lock::acquire(&path).unwrap());
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| (0..2_000).all(|_| Lock::acquire(&path).unwrap().is_some()));
            while !taker.is_finished() {
                Lock::is_held(&path);
            }
            assert!(taker.join().unwrap());
        });
    }
}
