//! Uses a libtorch that is already on the machine, by links.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::stamp::{Origin, Stamp};
use super::{Error, layout, pins, version};
use crate::terminal::say;

/// A libtorch of the right version.
#[derive(Debug)]
pub(super) struct Installation {
    /// Its headers.
    include: PathBuf,
    /// The folder above the `lib` that holds the libraries themselves.
    torch: PathBuf,
}

impl Installation {
    /// Checks a folder with `include/` and `lib/`.
    pub(super) fn at(folder: PathBuf) -> Result<Self, Error> {
        for missing in ["lib/libtorch_cpu.so", "lib/libc10.so"] {
            if !folder.join(missing).is_file() {
                return Err(Error::NotLibtorch { folder, missing });
            }
        }
        let include = folder.join("include");
        let Some(found) = version::of_headers(&include) else {
            return Err(Error::NotLibtorch { folder, missing: "include/torch/headeronly/version.h" });
        };
        if found != pins::TORCH {
            return Err(Error::OtherVersion { folder, found });
        }
        // A folder made by this command, in another checkout, has links in its `lib`. The libraries find what
        // they need from where they lie, so that is the place to link to.
        let library = fs::canonicalize(folder.join("lib/libtorch_cpu.so"))?;
        let torch = library.ancestors().nth(2).expect("the library lies in a folder `lib` in a folder");
        Ok(Self { include: fs::canonicalize(include)?, torch: torch.to_owned() })
    }

    /// Whether it can compute on a GPU.
    pub(super) fn cuda(&self) -> bool {
        self.torch.join("lib/libtorch_cuda.so").is_file()
    }

    /// How the stamp names it.
    pub(super) fn origin(&self) -> Origin {
        Origin::Linked(self.torch.clone())
    }
}

/// Fills the folder with links to an installation.
///
/// The libraries look for `../../nvidia/…` from where they lie. The kernel follows the link first and takes
/// `..` from there, so they find what lies beside the installation.
pub(super) fn link(folder: &Path, installation: &Installation) -> Result<Stamp, Error> {
    let Installation { include, torch } = installation;
    say(&format!("linking libtorch/ to {}", torch.display()));
    layout::clear(folder)?;
    layout::symlink(include, &folder.join(layout::INCLUDE))?;
    layout::symlink(torch, &folder.join("torch"))?;
    let nvidia = torch.with_file_name("nvidia");
    if nvidia.is_dir() {
        layout::symlink(&nvidia, &folder.join("nvidia"))?;
    }
    layout::make_link_folder(folder)?;
    Ok(Stamp { version: pins::TORCH.to_owned(), cuda: installation.cuda(), origin: installation.origin() })
}
