//! `cargo xtask libtorch`: makes the folder `libtorch/`, with which plain cargo and rust-analyzer work.
//!
//! What it makes:
//!
//! ```text
//! libtorch/
//!   include/          headers
//!   lib/              what is linked: libtorch_cpu.so, libc10.so, libtorch.so -> libtorch_cpu.so
//!   torch/lib/        what is loaded; finds the CUDA libraries by its own run path
//!   nvidia/*/lib/     …which are these
//!   version.json      says what this is and where it came from; written last
//!   .download/        wheels on their way in
//! ```
//!
//! Nothing from CUDA lies in `lib/`, so nothing from CUDA is ever linked: one binary serves machines with
//! and without a GPU.

mod error;
mod layout;
mod linked;
mod pins;
mod pip;
mod python;
mod stamp;
#[cfg(test)]
mod tests;
mod version;
mod wheel;
mod wheels;

pub(crate) use error::Error;

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::workspace::Workspace;
use linked::Installation;
use stamp::{Inspection, Stamp};

/// What the folder has to be good for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// Also what a GPU needs.
    pub(crate) cuda: bool,
    /// The wheels, even where a Python with torch is there.
    pub(crate) download: bool,
    /// Anew.
    pub(crate) force: bool,
}

/// Makes libtorch ready for another command; says nothing where it already is.
pub(crate) fn ensure(workspace: &Workspace) -> Result<(), Error> {
    make(&workspace.libtorch(), Wanted::default()).map(drop)
}

/// Makes libtorch ready with what a GPU needs.
pub(crate) fn ensure_cuda(workspace: &Workspace) -> Result<(), Error> {
    make(&workspace.libtorch(), Wanted { cuda: true, ..Wanted::default() }).map(drop)
}

/// A Python that can compute with torch of this version and torchvision, for comparisons.
pub(crate) fn python_with_torch() -> Option<PathBuf> {
    let program =
        format!("import torch, torchvision; assert torch.__version__.split('+')[0] == '{}'", pins::TORCH);
    python::interpreters().into_iter().find(|python| python::answers(python, &["-c", &program]))
}

/// The folder whose libraries a process loads.
pub(crate) fn run_time_folder(workspace: &Workspace) -> PathBuf {
    workspace.libtorch().join(layout::RUN_TIME)
}

pub(crate) fn make(folder: &Path, wanted: Wanted) -> Result<Stamp, Error> {
    let users = users_own(folder).map(Installation::at).transpose()?;
    if let Some(stamp) = as_wanted(folder, wanted, users.as_ref()) {
        return Ok(stamp);
    }
    fs::create_dir_all(folder)?;
    // Released by the system when the file closes, however this process ends.
    let lock = fs::File::create(folder.join(".lock"))?;
    lock.file().lock()?;
    if let Some(stamp) = as_wanted(folder, wanted, users.as_ref()) {
        return Ok(stamp);
    }
    if wanted.force {
        layout::clear(folder)?;
    }
    let stamp = match users.or_else(|| from_python(wanted)) {
        Some(installation) => linked::link(folder, &installation)?,
        None => wheels::unpack(folder, wanted.cuda)?,
    };
    stamp.write(folder)?;
    layout::remove_downloads(folder)?;
    Ok(stamp)
}

/// The folder's stamp, if nothing is left to do.
fn as_wanted(folder: &Path, wanted: Wanted, users: Option<&Installation>) -> Option<Stamp> {
    let Inspection::Complete(stamp) = stamp::inspect(folder) else { return None };
    let from_user = users.is_none_or(|users| stamp.origin == users.origin());
    let as_told = !wanted.force && from_user && !(wanted.download && stamp.origin.is_linked());
    (as_told && (stamp.cuda || !wanted.cuda)).then_some(stamp)
}

/// The user's `LIBTORCH`. Cargo sets it too for what it runs (`.cargo/config.toml`), to the folder made here.
fn users_own(folder: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("LIBTORCH").filter(|value| !value.is_empty()).map(PathBuf::from)?;
    let ours = named == folder
        || fs::canonicalize(&named)
            .is_ok_and(|named| fs::canonicalize(folder).is_ok_and(|folder| named == folder));
    (!ours).then_some(named)
}

/// A Python's torch, if it will do.
fn from_python(wanted: Wanted) -> Option<Installation> {
    if wanted.download {
        return None;
    }
    python::find_torch().filter(|found| found.cuda() || !wanted.cuda)
}
