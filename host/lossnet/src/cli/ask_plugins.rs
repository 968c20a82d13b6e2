//! `lossnet ask-plugins`: loads plugins in this process, which may be lost, and says what they hold.

use std::fs::File;
use std::io::Write as _;
use std::process::ExitCode;

use lossnet_plugin_protocol::PluginError;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, dup, dup2_stdout};

use super::args::AskPluginsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::index::Asked;
use lossnet_core::engine_protocol::{Indexed, Request};

/// Asks each file, and says so before it does.
pub(super) fn ask_plugins(arguments: &AskPluginsArguments, context: &Context) -> Result<ExitCode, Failure> {
    let mut out = own_output()?;
    end_with_input();
    // What ends this process is told; nobody needs a dump of its memory in the user's folder.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let engine = match context.engine_for("cpu", "fp32") {
        Ok(engine) => engine,
        Err(failure) => {
            say(&mut out, &Asked::Broken(failure.into()))?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    for (position, plugin) in arguments.plugins.iter().enumerate() {
        say(&mut out, &Asked::Asking(position))?;
        let answer = engine.call(&Request::Index { plugins: vec![plugin.clone()] }, &mut context.on_event());
        let answers = answer.and_then(|answer| {
            serde_json::from_value::<Vec<Indexed>>(answer)
                .map_err(|error| PluginError::run("the engine's answer can't be read").with_source(&error))
        });
        let said = match answers.map(|mut answers| answers.pop()) {
            Ok(Some(answer)) => Asked::Answer(Box::new(answer)),
            Ok(None) => Asked::Broken(PluginError::run("the engine gave no answer")),
            Err(error) => Asked::Broken(error),
        };
        say(&mut out, &said)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn say(out: &mut File, said: &Asked) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(said).map_err(|error| Failure::run(&error))?;
    line.push(b'\n');
    out.write_all(&line)?;
    Ok(())
}

/// The standard output for this process alone; what plugins print goes to the standard error.
fn own_output() -> Result<File, Failure> {
    let own = dup(std::io::stdout()).map_err(std::io::Error::from)?;
    dup2_stdout(std::io::stderr()).map_err(std::io::Error::from)?;
    Ok(File::from(own))
}

/// The parent process may die while a plugin keeps it busy.
fn end_with_input() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = kill(Pid::this(), Signal::SIGKILL);
    });
}
