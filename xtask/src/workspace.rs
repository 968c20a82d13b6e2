//! Where things are in the project.

use std::path::{Path, PathBuf};

/// The project's folder.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the project: cargo names this package's folder, and the project is the folder above.
    pub(crate) fn locate() -> Self {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().expect("the package xtask lies in a folder of the project");
        Self { root: root.to_owned() }
    }

    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that `cargo xtask libtorch` makes.
    pub(crate) fn libtorch(&self) -> PathBuf {
        self.root.join("libtorch")
    }
}
