//! `lossnet completions`

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::args::{Arguments, CompletionsArguments};
use crate::failure::Failure;
use crate::terminal::output;

/// Prints the shell's script.
pub(super) fn completions(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "lossnet", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
