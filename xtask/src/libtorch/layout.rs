//! What lies where in the folder `libtorch/`.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

/// The stamp's name in the folder.
pub(super) const STAMP: &str = "version.json";

/// Headers.
pub(super) const INCLUDE: &str = "include";
/// What is linked.
pub(super) const LINK: &str = "lib";
/// What is loaded.
pub(super) const RUN_TIME: &str = "torch/lib";
/// Everything that is libtorch's, with the stamp first: without it, the rest counts as half-made.
const OURS: [&str; 5] = [STAMP, LINK, INCLUDE, "torch", "nvidia"];
/// Wheels on their way in.
const DOWNLOADS: &str = ".download";

/// Libraries of the wheel that computing on the CPU takes.
const CPU_LIBRARIES: [&str; 3] = ["libtorch_cpu.so", "libc10.so", "libgomp.so.1"];
/// Libraries of the wheel that serve only Python.
const PYTHON_LIBRARIES: [&str; 2] = ["libtorch_python.so", "libshm.so"];

/// The folder that keeps wheels until all is done.
pub(super) fn downloads(folder: &Path) -> PathBuf {
    folder.join(DOWNLOADS)
}

/// Where an entry of a wheel goes, relative to the folder; `None` where it is not needed.
pub(super) fn place(entry: &str, cuda: bool) -> Option<String> {
    if entry.ends_with('/') {
        return None;
    }
    if let Some(header) = entry.strip_prefix("torch/include/") {
        return Some(format!("{INCLUDE}/{header}"));
    }
    if let Some(library) = entry.strip_prefix("torch/lib/") {
        let wanted = if cuda {
            !library.contains('/') && !PYTHON_LIBRARIES.contains(&library)
        } else {
            CPU_LIBRARIES.contains(&library)
        };
        return wanted.then(|| entry.to_owned());
    }
    // nvidia/<product>/lib/<library>
    let mut parts = entry.split('/');
    let library = parts.next() == Some("nvidia") && parts.nth(1) == Some("lib") && entry.contains(".so");
    library.then(|| entry.to_owned())
}

/// Makes the folder that is linked against. It must name no CUDA library, and `libtorch.so` must be the CPU
/// library: the wheel's own one asks for CUDA.
pub(super) fn make_link_folder(folder: &Path) -> io::Result<()> {
    let link = folder.join(LINK);
    remove(&link)?;
    fs::create_dir_all(&link)?;
    for library in ["libtorch_cpu.so", "libc10.so"] {
        symlink(&Path::new("..").join(RUN_TIME).join(library), &link.join(library))?;
    }
    symlink(Path::new("libtorch_cpu.so"), &link.join("libtorch.so"))
}

/// Makes a symbolic link, in place of whatever is there.
pub(super) fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    remove(link)?;
    fs::os::unix::fs::symlink(target, link)
}

/// Removes links to another installation, so that nothing is ever written into it.
pub(super) fn remove_links(folder: &Path) -> io::Result<()> {
    for name in OURS {
        let path = folder.join(name);
        if path.is_symlink() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Removes everything that this command made.
pub(super) fn clear(folder: &Path) -> io::Result<()> {
    for name in OURS {
        remove(&folder.join(name))?;
    }
    remove_downloads(folder)
}

/// Removes the downloaded wheels.
pub(super) fn remove_downloads(folder: &Path) -> io::Result<()> {
    remove(&downloads(folder))
}

/// Removes a file, a link (never what it leads to) or a folder, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}
