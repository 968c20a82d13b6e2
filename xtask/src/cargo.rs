//! Calls cargo on the workspace.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::Error;
use crate::libtorch;
use crate::process;
use crate::workspace::Workspace;

/// Which of the two profiles things are built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build, for tests.
    Dev,
    /// For users.
    Release,
}

impl Profile {
    /// The profile's folder in the target folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// What `cargo metadata` says of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// The members.
    pub(crate) packages: Vec<Package>,
    /// Where cargo builds.
    pub(crate) target_directory: PathBuf,
}

/// A member of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its `Cargo.toml`.
    pub(crate) manifest_path: PathBuf,
    /// What is built from it.
    pub(crate) targets: Vec<Target>,
}

/// A library, binary, test… of a package.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// The forms it is built in, such as `cdylib`.
    pub(crate) crate_types: Vec<String>,
}

/// Cargo, in the workspace's root, with what `.cargo/config.toml` sets said again for wherever the user's own
/// environment or target folder differs from what that file assumes.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace.root());
    command.env("LIBTORCH", libtorch(workspace)).env("LIBTORCH_BYPASS_VERSION_CHECK", "1");
    with_libtorch(&mut command, workspace);
    // Cargo told this program about the package xtask; a cargo below must not pass that on to build scripts.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}

/// The folder to bind against. Where the user's own variable leads to the same one by another path it is kept as it is:
/// torch-sys is built anew, for minutes, whenever the variable's text changes.
fn libtorch(workspace: &Workspace) -> PathBuf {
    let own = workspace.libtorch();
    let user = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let real = |folder: &Path| folder.canonicalize().ok();
    user.filter(|user| real(user).is_some_and(|user| Some(user) == real(&own))).unwrap_or(own)
}

/// Lets a program find libtorch's libraries wherever it lies.
pub(crate) fn with_libtorch(command: &mut Command, workspace: &Workspace) {
    let mut folders = OsString::from(libtorch::run_time_folder(workspace));
    if let Some(before) = std::env::var_os("LD_LIBRARY_PATH").filter(|before| !before.is_empty()) {
        folders.push(":");
        folders.push(before);
    }
    command.env("LD_LIBRARY_PATH", folders);
}

/// What cargo knows of the workspace.
pub(crate) fn metadata(workspace: &Workspace) -> Result<Metadata, Error> {
    let text = process::read(cargo(workspace).args(["metadata", "--no-deps", "--format-version=1"]))?;
    Ok(serde_json::from_slice(&text)?)
}

impl Metadata {
    /// The folder that holds a profile's binaries and libraries.
    pub(crate) fn outputs(&self, profile: Profile) -> PathBuf {
        self.target_directory.join(profile.folder())
    }

    /// The file names of all shared libraries built from packages below `folder`.
    pub(crate) fn shared_libraries(&self, folder: &Path) -> Vec<String> {
        let packages = self.packages.iter().filter(|package| package.manifest_path.starts_with(folder));
        let targets = packages.flat_map(|package| &package.targets);
        let libraries = targets.filter(|target| target.crate_types.iter().any(|form| form == "cdylib"));
        libraries.map(|target| format!("lib{}.so", target.name.replace('-', "_"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cdylibs_below_the_folder_are_plugins() {
        let metadata: Metadata = serde_json::from_str(
            r#"{
                "target_directory": "/p/target",
                "packages": [
                    {"name": "a", "version": "1.0.0", "manifest_path": "/p/plugins/a/Cargo.toml", "targets": [
                        {"name": "lossnet-a", "crate_types": ["cdylib", "rlib"]},
                        {"name": "check", "crate_types": ["bin"]}]},
                    {"name": "b", "version": "1.0.0", "manifest_path": "/p/plugins/b/Cargo.toml", "targets": [
                        {"name": "b", "crate_types": ["lib"]}]},
                    {"name": "c", "version": "1.0.0", "manifest_path": "/p/plugins-kit/Cargo.toml", "targets": [
                        {"name": "c", "crate_types": ["cdylib"]}]}
                ]
            }"#,
        )
        .unwrap();
        assert_eq!(metadata.shared_libraries(Path::new("/p/plugins")), ["liblossnet_a.so"]);
        assert_eq!(metadata.outputs(Profile::Release), Path::new("/p/target/release"));
        assert_eq!(metadata.outputs(Profile::Dev), Path::new("/p/target/debug"));
    }
}
