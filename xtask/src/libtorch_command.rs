//! `cargo xtask libtorch`: makes libtorch ready, as the user wants it.

use crate::command::{Arguments, Command, Switch};
use crate::error::Error;
use crate::libtorch::{self, Wanted};
use crate::terminal::say;
use crate::workspace::Workspace;

/// `cargo xtask libtorch`
pub(crate) const COMMAND: Command = Command {
    name: "libtorch",
    summary: "Makes the folder libtorch/ (libtorch's headers and libraries)",
    details: "\
Takes libtorch from the first of these:

  1. the folder that the environment variable LIBTORCH names (the unpacked libtorch archive, or the folder
     'torch' of a Python installation);
  2. a Python with torch of the same version: $VIRTUAL_ENV, python3 or python on PATH;
  3. the published wheel, through `python3 -m pip download` (530 MB; with two small CUDA libraries that its
     CPU part needs). Wheels are checked against SHA-256 sums and deleted once they are unpacked.

1 and 2 are linked to, not copied. A folder that is complete is left alone; a half-made or damaged one is
completed: wheels that have arrived are not fetched again, whole files are not unpacked again.",
    switches: &[
        Switch { name: "--cuda", help: "Also what a GPU needs (1.9 GB more to download, 5 GB unpacked)" },
        Switch { name: "--download", help: "Take the wheels even where a Python with torch is there" },
        Switch { name: "--force", help: "Make the folder anew" },
    ],
    rest: None,
    run,
};

fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    let wanted = Wanted {
        cuda: arguments.has("--cuda"),
        download: arguments.has("--download"),
        force: arguments.has("--force"),
    };
    let stamp = libtorch::make(&workspace.libtorch(), wanted)?;
    say(&format!("libtorch {} is in {}, {}", stamp.version, workspace.libtorch().display(), stamp.origin));
    Ok(())
}
