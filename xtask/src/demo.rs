//! `cargo xtask demo`: from nothing to an answer.

use crate::build::build;
use crate::cargo::{Profile, with_libtorch};
use crate::command::Command;
use crate::error::Error;
use crate::process;
use crate::terminal::say;
use crate::workspace::Workspace;

/// `cargo xtask demo`
pub(crate) const COMMAND: Command = Command {
    name: "demo",
    summary: "Builds lossnet and runs the quickstart",
    details: "\
Runs configs/quickstart.toml, which needs no network and no data, and ends with what it found and where its report is.
What has been computed is not computed again: remove logs/quickstart to start over.",
    switches: &[],
    rest: None,
    run: |workspace, _| demo(workspace),
};

fn demo(workspace: &Workspace) -> Result<(), Error> {
    let binary = build(workspace, Profile::Release)?;
    let mut command = std::process::Command::new(&binary);
    command.current_dir(workspace.root()).args(["run", "configs/quickstart.toml"]);
    with_libtorch(&mut command, workspace);
    process::run(&mut command)?;
    let folder = binary.parent().unwrap_or(workspace.root()).display().to_string();
    say(&format!("lossnet is {}", binary.display()));
    say(&format!("to have it as a command in this shell: export PATH=\"{folder}:$PATH\""));
    Ok(())
}
