//! `cargo xtask demo`: from nothing to a picture.

use std::path::{Path, PathBuf};

use fs_err as fs;

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
Runs configs/quickstart.toml, which needs no network and no data, and says where its pictures are. What has been
computed is not computed again: remove logs/quickstart to start over.",
    switches: &[],
    rest: None,
    run: |workspace, _| demo(workspace),
};

/// Where the quickstart's results go.
const RESULTS: &str = "logs/quickstart";

fn demo(workspace: &Workspace) -> Result<(), Error> {
    let binary = build(workspace, Profile::Release)?;
    let mut command = std::process::Command::new(binary);
    command.current_dir(workspace.root()).args(["run", "configs/quickstart.toml"]);
    with_libtorch(&mut command, workspace);
    process::run(&mut command)?;

    let results = workspace.root().join(RESULTS);
    let pictures = pictures(&results)?;
    if pictures.is_empty() {
        let hint = "the quickstart ended well but left no picture there".to_owned();
        return Err(Error::Missing { path: results, hint });
    }
    say("the quickstart's pictures:");
    for picture in pictures {
        say(&format!("  {}", picture.display()));
    }
    Ok(())
}

/// All pictures in a folder and those below it, by name.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "png" || extension == "svg") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("cell/images");
        fs::create_dir_all(&below).unwrap();
        for name in ["b.png", "a.svg", "run.log"] {
            fs::write(below.join(name), "").unwrap();
        }
        assert_eq!(pictures(folder.path()).unwrap(), [below.join("a.svg"), below.join("b.png")]);
        assert!(pictures(&folder.path().join("not there")).unwrap().is_empty());
    }
}
