//! `cargo xtask docs`: the pages of `docs/` as a book.

use std::path::{Path, PathBuf};
use std::process;

use fs_err as fs;

use crate::cargo;
use crate::command::Command;
use crate::error::Error;
use crate::process::run;
use crate::terminal::say;
use crate::workspace::Workspace;

/// `cargo xtask docs`
pub(crate) const COMMAND: Command = Command {
    name: "docs",
    summary: "Builds the documentation as a book",
    details: "\
Builds docs/ with mdbook into the directory 'book' of the target directory and prints the path of its first page.
Uses the mdbook on PATH; otherwise installs one with `cargo install` into the target directory, which takes some minutes once.",
    switches: &[],
    rest: None,
    run: |workspace, _| docs(workspace),
};

/// The versions of mdbook that read `docs/book.toml`.
const VERSION: &str = "^0.4";

fn docs(workspace: &Workspace) -> Result<(), Error> {
    let target = cargo::metadata(workspace)?.target_directory;
    let mdbook = match on_path() {
        Some(mdbook) => mdbook,
        None => installed(workspace, &target)?,
    };
    let book = target.join("book");
    run(build(&mut process::Command::new(mdbook), &workspace.root().join("docs"), &book))?;
    say(&format!("the book is {}", book.join("index.html").display()));
    Ok(())
}

fn build<'a>(mdbook: &'a mut process::Command, source: &Path, book: &Path) -> &'a mut process::Command {
    mdbook.arg("build").arg("--dest-dir").arg(book).arg(source)
}

/// The mdbook that the user has.
fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("mdbook")).find(|program| program.is_file())
}

/// An mdbook in the target directory.
fn installed(workspace: &Workspace, target: &Path) -> Result<PathBuf, Error> {
    let place = target.join("mdbook");
    let program = place.join("bin/mdbook");
    if !program.is_file() {
        say("mdbook is not on PATH: installing it into the target directory");
        let mut install = cargo::cargo(workspace);
        install.args(["install", "mdbook", "--locked", "--version", VERSION, "--root"]).arg(&place);
        let build = place.join("build");
        run(install.arg("--target-dir").arg(&build))?;
        fs::remove_dir_all(build)?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_goes_to_the_target_directory() {
        let mut mdbook = process::Command::new("mdbook");
        let line =
            crate::process::line(build(&mut mdbook, Path::new("/p/docs"), Path::new("/p/target/book")));
        assert_eq!(line, "mdbook build --dest-dir /p/target/book /p/docs");
    }
}
