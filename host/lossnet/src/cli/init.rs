//! `lossnet init`: looks at a folder of the user's, says what is in it, and writes a config that runs on it.

mod config;
mod look;
mod mask_values;
mod naming;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::args::{InitArguments, InitKind};
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use look::Folder;

/// Prints or writes the config.
pub(super) fn init(arguments: &InitArguments, context: &Context) -> Result<ExitCode, Failure> {
    if arguments.kind == InitKind::Mos {
        return Err(Failure::usage(
            "no task correlates distances with mean opinion scores yet: that comes with a later version of lossnet",
        )
        .with_hint(
            "where two distorted images of one original were rated, say which people liked better as triplets: `lossnet init \
             triplets`",
        ));
    }
    let folder = Folder::look(&arguments.folder)?;
    let config = match arguments.kind {
        InitKind::Triplets => config::triplets(&folder)?,
        InitKind::Hr => config::hr(&folder)?,
        InitKind::Masks => config::masks(&folder)?,
        InitKind::Images | InitKind::Mos => config::images(&folder)?,
    };
    for line in &config.found {
        context.display.say(line);
    }
    match &arguments.out {
        None => output::print(&config.text)?,
        Some(file) => {
            write_new(file, &config.text)?;
            context.display.say(&format!("wrote {}", file.display()));
            context.display.say(&format!("next: lossnet run {} --plan", file.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is not there yet.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} is there already, and nothing is overwritten", file.display()))
                .with_hint("give --out another name, or leave it out to see the config")
        }
        _ => Failure::usage(format!("{} can't be written: {error}", file.display())),
    })
}
