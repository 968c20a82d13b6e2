//! `cargo xtask dist`: an archive to run on other machines.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use fs_err as fs;

use crate::build::build;
use crate::cargo::{self, Metadata, Profile};
use crate::command::Command;
use crate::error::Error;
use crate::terminal::say;
use crate::workspace::Workspace;
use crate::{plugins, process};

/// `cargo xtask dist`
pub(crate) const COMMAND: Command = Command {
    name: "dist",
    summary: "Packs lossnet for other machines",
    details: "\
Builds lossnet and packs it into dist/lossnet-<version>-<target>.tar.gz: the binary, the engine, the plugins, the
configs and gpu-smoke.sh. Libtorch is not packed; the README.md in the archive says how it is found.",
    switches: &[],
    rest: None,
    run: |workspace, _| {
        let archive = dist(workspace)?;
        say(&format!("packed {} ({} MB)", archive.display(), fs::metadata(&archive)?.len() / 1_000_000));
        Ok(())
    },
};

/// The README of the archive.
const README: &str = include_str!("../assets/dist-readme.md");

fn dist(workspace: &Workspace) -> Result<PathBuf, Error> {
    let binary = build(workspace, Profile::Release)?;
    let metadata = cargo::metadata(workspace)?;
    let name = format!("lossnet-{}-{}", version(&metadata)?, host_target()?);
    let parent = workspace.root().join("dist");
    let folder = parent.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let outputs = metadata.outputs(Profile::Release);

    pack_stripped(&binary, &folder.join("bin/lossnet"))?;
    pack_stripped(&outputs.join(ENGINE), &folder.join("lib").join(ENGINE))?;
    for plugin in plugins::gather(workspace, &metadata, Profile::Release)? {
        pack_stripped(&outputs.join(&plugin), &folder.join("plugins").join(&plugin))?;
    }
    copy_folder(&workspace.root().join("configs"), &folder.join("configs"))?;
    for (file, packed) in [
        ("xtask/scripts/gpu-smoke.sh", "scripts/gpu-smoke.sh"),
        ("LICENSE-MIT", "LICENSE-MIT"),
        ("LICENSE-APACHE", "LICENSE-APACHE"),
    ] {
        pack(&workspace.root().join(file), &folder.join(packed))?;
    }
    fs::write(folder.join("README.md"), README)?;

    let archive = parent.join(format!("{name}.tar.gz"));
    let mut tar = Process::new("tar");
    tar.args(["--create", "--gzip", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    process::run(tar.arg("--file").arg(&archive).arg("--directory").arg(&parent).arg(&name))?;
    Ok(archive)
}

/// The library that computes, loaded by the binary.
const ENGINE: &str = "liblossnet_engine.so";

fn version(metadata: &Metadata) -> Result<&str, Error> {
    let host = metadata.packages.iter().find(|package| package.name == "lossnet");
    host.map(|package| package.version.as_str()).ok_or_else(|| Error::Missing {
        path: "host/lossnet/Cargo.toml".into(),
        hint: "the workspace has no package 'lossnet'".to_owned(),
    })
}

/// The target that rustc builds for unless told otherwise, such as `x86_64-unknown-linux-gnu`.
fn host_target() -> Result<String, Error> {
    let text = process::read(Process::new("rustc").arg("-vV"))?;
    let text = String::from_utf8_lossy(&text);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Error::Missing {
        path: "rustc -vV".into(),
        hint: "it names no host target".to_owned(),
    })
}

/// Copies a file, with its permissions, making the folders above it.
fn pack(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to)?;
    Ok(())
}

/// Copies a program or library without what only a linker or a debugger needs.
fn pack_stripped(from: &Path, to: &Path) -> Result<(), Error> {
    pack(from, to)?;
    process::run(Process::new("strip").arg("--strip-unneeded").arg(to))
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            pack(&entry.path(), &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_copied_whole() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(from.path().join("paper")).unwrap();
        fs::write(from.path().join("a.toml"), "a").unwrap();
        fs::write(from.path().join("paper/b.toml"), "b").unwrap();
        copy_folder(from.path(), &to.path().join("configs")).unwrap();
        assert_eq!(fs::read_to_string(to.path().join("configs/a.toml")).unwrap(), "a");
        assert_eq!(fs::read_to_string(to.path().join("configs/paper/b.toml")).unwrap(), "b");
    }

    #[test]
    fn the_target_has_the_form_of_a_triple() {
        assert!(host_target().unwrap().split('-').count() >= 3);
    }
}
