//! The project's own commands: `cargo xtask <command>`.
//!
//! One file per command, each with a `COMMAND` that [`COMMANDS`] lists. Nothing here links libtorch:
//! this program is what brings it.

mod bench;
mod build;
mod cargo;
mod command;
mod demo;
mod dist;
mod docs;
mod error;
mod gpu_smoke;
mod libtorch;
mod libtorch_command;
mod linked_whole;
mod plugins;
mod process;
mod terminal;
mod test;
mod test_python;
mod timing;
mod trained_network;
mod workspace;

use std::process::ExitCode;

use command::{Command, Request};
use error::Error;
use workspace::Workspace;

/// Every command, in the order that `--help` lists them.
const COMMANDS: &[Command] = &[
    libtorch_command::COMMAND,
    build::COMMAND,
    demo::COMMAND,
    docs::COMMAND,
    test::COMMAND,
    bench::COMMAND,
    gpu_smoke::COMMAND,
    dist::COMMAND,
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            error.exit_code()
        }
    }
}

fn dispatch(words: &[String]) -> Result<(), Error> {
    match command::parse(COMMANDS, words)? {
        Request::Help(text) => {
            terminal::print(&text);
            Ok(())
        }
        Request::Run(command, arguments) => (command.run)(&Workspace::locate(), &arguments),
    }
}
