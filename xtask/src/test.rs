//! `cargo xtask test`: everything that must hold before a change goes in.

use std::path::{Path, PathBuf};
use std::process;

use fs_err as fs;

use crate::cargo::{self, Metadata, Profile};
use crate::command::{Arguments, Command};
use crate::error::Error;
use crate::process::run;
use crate::terminal::{print, say};
use crate::timing::Steps;
use crate::workspace::Workspace;
use crate::{libtorch, linked_whole, plugins, test_python, trained_network};

/// `cargo xtask test`
pub(crate) const COMMAND: Command = Command {
    name: "test",
    summary: "Checks formatting, lints, documentation, and runs all tests",
    details: "\
Brings libtorch if it is not there; then formatting, clippy and the documentation, without a warning; builds the
binary and the plugins that the tests run; downloads the Python packages that files are read back with, and a network with
trained weights; then the workspace's tests and those of each project in examples/; last, whether a plugin that is optimized at link time still
shows its components. Stops at the first step that fails.

Tests that need Slurm (slurmctld, slurmd, munged) or a browser (chromium) skip, saying so, where it is not installed;
with LOSSNET_TEST_ALL=1 they fail there. LOSSNET_TEST_PYTHON names a Python that has the packages of
xtask/scripts/test-requirements.txt already, LOSSNET_TEST_VGG16 a file that xtask/scripts/oxford_vgg16.py wrote.",
    switches: &[],
    rest: Some("For the `cargo test` of the workspace: a filter, -p <package>, …"),
    run: test,
};

/// How the workspace's own profile builds dependencies, for workspaces that share its target folder: what is
/// built alike is built once.
const DEPENDENCY_PROFILE: [&str; 5] = [
    "--config=profile.dev.debug='line-tables-only'",
    "--config=profile.dev.package.'*'.opt-level=2",
    "--config=profile.dev.package.'*'.debug=false",
    "--config=profile.dev.package.torch-sys.opt-level=1",
    "--config=profile.dev.package.torch-sys.debug=false",
];

fn test(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    let cargo = |words: &[&str]| {
        let mut command = cargo::cargo(workspace);
        command.args(words);
        command
    };
    let metadata = cargo::metadata(workspace)?;
    let mut steps = Steps::default();
    steps.run("libtorch", || Ok(libtorch::ensure(workspace)?))?;
    steps.run("formatting", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.run("clippy", || {
        run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    steps.run("documentation", || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
        run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    steps.run("build", || {
        // With --tests, cargo gives the dependencies the same features as `cargo test` below.
        run(&mut cargo(&["build", "--workspace", "--lib", "--bins", "--examples", "--tests"]))?;
        plugins::gather(workspace, &metadata, Profile::Dev).map(drop)
    })?;
    let mut python = PathBuf::new();
    steps.run("Python packages", || test_python::ensure(workspace, &metadata).map(|found| python = found))?;
    let mut weights = PathBuf::new();
    steps.run("trained network", || {
        trained_network::ensure(workspace, &metadata, &python).map(|found| weights = found)
    })?;
    steps.run("tests", || {
        let mut test = cargo(&["test", "--workspace"]);
        test.env(test_python::VARIABLE, &python).env(trained_network::VARIABLE, &weights);
        run(test.args(&arguments.rest))
    })?;
    for example in examples(workspace.root())? {
        let name = example.file_name().unwrap_or_default().to_string_lossy().into_owned();
        steps.run(&format!("example {name}"), || check_example(workspace, &metadata, &example))?;
    }
    steps.run("link-time optimization", || linked_whole::check(workspace, &metadata))?;
    say("everything holds:");
    print(&steps.table());
    Ok(())
}

/// The projects in `examples/`: folders with a `Cargo.toml`, by name.
fn examples(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = root.join("examples");
    let mut projects = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.join("Cargo.toml").is_file() {
                projects.push(path);
            }
        }
    }
    projects.sort();
    Ok(projects)
}

/// Builds and tests a project of its own, in the workspace's target folder.
fn check_example(workspace: &Workspace, metadata: &Metadata, folder: &Path) -> Result<(), Error> {
    let cargo = |words: &[&str]| -> process::Command {
        let mut command = cargo::cargo(workspace);
        command.current_dir(folder).env("CARGO_TARGET_DIR", &metadata.target_directory).args(words);
        command
    };
    run(&mut cargo(&["fmt", "--check"]))?;
    run(cargo(&["build", "--lib", "--bins", "--tests"]).args(DEPENDENCY_PROFILE))?;
    run(cargo(&["test"]).args(DEPENDENCY_PROFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_folders_with_a_manifest() {
        let root = tempfile::tempdir().unwrap();
        assert!(examples(root.path()).unwrap().is_empty());
        for name in ["two", "one", "none"] {
            fs::create_dir_all(root.path().join("examples").join(name)).unwrap();
        }
        for name in ["two", "one"] {
            fs::write(root.path().join("examples").join(name).join("Cargo.toml"), "").unwrap();
        }
        let found = examples(root.path()).unwrap();
        assert_eq!(found, ["one", "two"].map(|name| root.path().join("examples").join(name)));
    }
}
