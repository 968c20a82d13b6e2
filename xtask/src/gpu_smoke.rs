//! `cargo xtask gpu-smoke`: does a GPU compute the same as the CPU?

use std::process::Command as Process;

use crate::build::build;
use crate::cargo::{Profile, with_libtorch};
use crate::command::Command;
use crate::workspace::Workspace;
use crate::{libtorch, process};

/// `cargo xtask gpu-smoke`
pub(crate) const COMMAND: Command = Command {
    name: "gpu-smoke",
    summary: "Compares a GPU's results with the CPU's",
    details: "\
For a machine with an NVIDIA GPU. Brings the CUDA libraries, builds lossnet and runs xtask/scripts/gpu-smoke.sh, whose
steps are listed at its end. The script stands alone: what `cargo xtask dist` packs can be checked on a machine
without Rust by xtask/scripts/gpu-smoke.sh.",
    switches: &[],
    rest: Some("For the script; `-- --help` lists what it takes"),
    run: |workspace, arguments| {
        libtorch::ensure_cuda(workspace)?;
        let binary = build(workspace, Profile::Release)?;
        let mut script = Process::new(script(workspace));
        script.current_dir(workspace.root()).env("LOSSNET", binary).args(&arguments.rest);
        with_libtorch(&mut script, workspace);
        process::run(&mut script)
    },
};

fn script(workspace: &Workspace) -> std::path::PathBuf {
    workspace.root().join("xtask/scripts/gpu-smoke.sh")
}
