//! The command line: one file per command, each turning arguments into a request and an answer into text.

mod args;
mod ask_plugins;
mod cancel;
mod changes;
mod claims;
mod compare;
mod completions;
mod doctor;
mod features;
mod fetch;
mod init;
mod leaderboard;
mod list;
mod network;
mod outputs;
mod report;
mod results;
mod run;
mod show;
mod slurm_task;
mod status;
mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use args::{Arguments, Command};

/// Runs the command line of this process.
///
/// `docs/reference/exit-codes.md` lists the exit codes.
pub fn main() -> ExitCode {
    if let Err(failure) = check_text(std::env::args_os().skip(1)) {
        output::complain(&failure);
        return failure.exit_code();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version come this way, too, with exit code 0.
        Err(error) => error.exit(),
    };
    // What a worker has to say goes to the process that started it.
    let events = matches!(&arguments.command, Command::Worker(worker) if worker.events);
    let context = Context::new(arguments.global.options(), events);
    match dispatch(arguments.command, &context) {
        Ok(code) => code,
        Err(failure) => {
            output::complain(&failure);
            failure.exit_code()
        }
    }
}

/// Refuses arguments that are not UTF-8: requests, configs and results are text, in which such a name has no form.
#[expect(clippy::unnecessary_debug_formatting, reason = "it shows the bytes that are not UTF-8")]
fn check_text(arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let wrong = arguments.into_iter().find(|argument| argument.to_str().is_none());
    match wrong {
        None => Ok(()),
        Some(wrong) => Err(Failure::usage(format!("the argument {wrong:?} is not UTF-8"))
            .with_hint("rename the file or folder: all names that lossnet is given must be UTF-8")),
    }
}

fn dispatch(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::List(arguments) => list::list(&arguments, context),
        Command::Show(arguments) => show::show(&arguments, context),
        Command::Features(arguments) => features::features(&arguments, context),
        Command::Compare(arguments) => compare::compare(&arguments, context),
        Command::Init(arguments) => init::init(&arguments, context),
        Command::Run(arguments) => run::run(&arguments, context),
        Command::Worker(arguments) => worker::worker(&arguments, context),
        Command::AskPlugins(arguments) => ask_plugins::ask_plugins(&arguments, context),
        Command::SlurmTask(arguments) => slurm_task::slurm_task(&arguments, context),
        Command::Status(arguments) => status::status(&arguments, context),
        Command::Cancel(arguments) => cancel::cancel(&arguments, context),
        Command::Report(arguments) => report::report(&arguments, context),
        Command::Results(arguments) => results::results(&arguments, context),
        Command::Claims(arguments) => claims::claims(&arguments, context),
        Command::Fetch(arguments) => fetch::fetch(&arguments, context),
        Command::Doctor(arguments) => doctor::doctor(&arguments, context),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Version => {
            output::print(concat!("lossnet ", env!("CARGO_PKG_VERSION"), "\n"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
