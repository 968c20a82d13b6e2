//! Runs other programs.

use std::process::{Command, Output, Stdio};

use crate::error::Error;

/// Runs a program with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|source| could_not_start(command, source))?;
    if status.success() { Ok(()) } else { Err(Error::Failed { line: line(command), status }) }
}

/// Runs a program and returns what it printed to standard output; its errors go to the terminal.
pub(crate) fn read(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.stderr(Stdio::inherit()).output();
    let Output { status, stdout, .. } = output.map_err(|source| could_not_start(command, source))?;
    if status.success() { Ok(stdout) } else { Err(Error::Failed { line: line(command), status }) }
}

/// The command line, for messages.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn could_not_start(command: &Command, source: std::io::Error) -> Error {
    Error::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_name_the_command_line() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 3") && error.contains('3'), "{error}");
    }

    #[test]
    fn programs_that_are_not_there_are_named() {
        let error = read(&mut Command::new("no-such-program-anywhere")).unwrap_err().to_string();
        assert!(error.contains("no-such-program-anywhere"), "{error}");
    }

    #[test]
    fn standard_output_is_returned() {
        assert_eq!(read(Command::new("echo").arg("word")).unwrap(), b"word\n");
    }
}
