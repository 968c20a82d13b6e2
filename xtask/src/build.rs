//! `cargo xtask build`: everything a user needs to run lossnet.

use std::path::PathBuf;

use crate::cargo::{self, Profile};
use crate::command::{Command, Switch};
use crate::error::Error;
use crate::terminal::say;
use crate::workspace::Workspace;
use crate::{libtorch, plugins, process};

/// `cargo xtask build`
pub(crate) const COMMAND: Command = Command {
    name: "build",
    summary: "Builds lossnet, its engine and its plugins",
    details: "\
Brings libtorch if it is not there, builds the workspace and puts the first-party plugins into the folder
'plugins' beside the binary. Plain `cargo build` does not touch that folder: run this after changing a plugin.",
    switches: &[Switch { name: "--dev", help: "Quicker to build, slower to run: into target/debug" }],
    rest: None,
    run: |workspace, arguments| {
        let profile = if arguments.has("--dev") { Profile::Dev } else { Profile::Release };
        let binary = build(workspace, profile)?;
        say(&format!("built {}", binary.display()));
        Ok(())
    },
};

/// Builds all and returns the path of the binary.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf, Error> {
    libtorch::ensure(workspace)?;
    let mut command = cargo::cargo(workspace);
    command.args(["build", "--workspace", "--exclude=xtask"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    process::run(&mut command)?;
    let metadata = cargo::metadata(workspace)?;
    plugins::gather(workspace, &metadata, profile)?;
    Ok(metadata.outputs(profile).join("lossnet"))
}
