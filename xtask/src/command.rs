//! What a command is, and how a command line chooses one.

use std::fmt::Write as _;

use crate::error::Error;
use crate::workspace::Workspace;

/// One command of `cargo xtask`.
#[derive(Debug)]
pub(crate) struct Command {
    /// The word that calls it.
    pub(crate) name: &'static str,
    /// One line for the list of commands.
    pub(crate) summary: &'static str,
    /// What `--help` says below the usage line.
    pub(crate) details: &'static str,
    /// The switches it knows.
    pub(crate) switches: &'static [Switch],
    /// What the arguments after `--` are for; `None` where there can be none.
    pub(crate) rest: Option<&'static str>,
    /// Does it.
    pub(crate) run: fn(&Workspace, &Arguments) -> Result<(), Error>,
}

/// An option that is there or not.
#[derive(Debug)]
pub(crate) struct Switch {
    /// As typed, with its dashes.
    pub(crate) name: &'static str,
    /// One line for `--help`.
    pub(crate) help: &'static str,
}

/// The checked arguments of one command.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    switches: Vec<&'static str>,
    /// Everything after `--`.
    pub(crate) rest: Vec<String>,
}

impl Arguments {
    /// Whether the switch was given.
    pub(crate) fn has(&self, switch: &str) -> bool {
        self.switches.contains(&switch)
    }
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Request<'a> {
    /// Print this text.
    Help(String),
    /// Run this command.
    Run(&'a Command, Arguments),
}

/// Reads the words after `cargo xtask`.
pub(crate) fn parse<'a>(commands: &'a [Command], words: &[String]) -> Result<Request<'a>, Error> {
    let Some((name, words)) = words.split_first() else {
        return Ok(Request::Help(overview(commands)));
    };
    if matches!(name.as_str(), "--help" | "-h" | "help") {
        return Ok(Request::Help(overview(commands)));
    }
    let command = commands.iter().find(|command| command.name == name).ok_or_else(|| {
        let known: Vec<_> = commands.iter().map(|command| command.name).collect();
        Error::Usage(format!("there is no command '{name}'; there are: {}", known.join(", ")))
    })?;

    let mut arguments = Arguments::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if matches!(word.as_str(), "--help" | "-h") {
            return Ok(Request::Help(help(command)));
        }
        if word == "--" && command.rest.is_some() {
            arguments.rest = words.by_ref().cloned().collect();
        } else if let Some(switch) = command.switches.iter().find(|switch| switch.name == word) {
            arguments.switches.push(switch.name);
        } else {
            return Err(Error::Usage(format!(
                "'{name}' does not know '{word}'; `cargo xtask {name} --help` lists what it knows"
            )));
        }
    }
    Ok(Request::Run(command, arguments))
}

fn overview(commands: &[Command]) -> String {
    let mut text = String::from("Usage: cargo xtask <command> [options]\n\nCommands:\n");
    for Command { name, summary, .. } in commands {
        let _ = writeln!(text, "  {name:<12}{summary}");
    }
    text.push_str("\n`cargo xtask <command> --help` says more about one of them.\n");
    text
}

fn help(command: &Command) -> String {
    let rest = if command.rest.is_some() { " [-- arguments]" } else { "" };
    let mut text = format!(
        "{}\n\nUsage: cargo xtask {} [options]{rest}\n\n{}\n\nOptions:\n",
        command.summary,
        command.name,
        command.details.trim()
    );
    for Switch { name, help } in command.switches {
        let _ = writeln!(text, "  {name:<12}{help}");
    }
    let _ = writeln!(text, "  {:<12}Says this", "--help");
    if let Some(rest) = command.rest {
        let _ = writeln!(text, "  {:<12}{rest}", "-- …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: &[Command] = &[Command {
        name: "paint",
        summary: "Paints the shed",
        details: "In any colour.",
        switches: &[Switch { name: "--green", help: "In green" }],
        rest: Some("For the brush"),
        run: |_, _| Ok(()),
    }];

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn switches_and_the_rest_are_told_apart() {
        let Ok(Request::Run(command, arguments)) = parse(COMMANDS, &words("paint --green -- --help x"))
        else {
            panic!("a valid line must run");
        };
        assert_eq!(command.name, "paint");
        assert!(arguments.has("--green"));
        assert!(!arguments.has("--help"));
        assert_eq!(arguments.rest, ["--help", "x"]);
    }

    #[test]
    fn help_names_commands_and_switches() {
        let Ok(Request::Help(text)) = parse(COMMANDS, &[]) else { panic!("no words mean help") };
        assert!(text.contains("paint") && text.contains("Paints the shed"));
        let Ok(Request::Help(text)) = parse(COMMANDS, &words("paint --help")) else { panic!("help wins") };
        assert!(text.contains("--green") && text.contains("For the brush"));
    }

    #[test]
    fn unknown_words_are_named() {
        let error = parse(COMMANDS, &words("pant")).unwrap_err().to_string();
        assert!(error.contains("'pant'") && error.contains("paint"), "{error}");
        let error = parse(COMMANDS, &words("paint --red")).unwrap_err().to_string();
        assert!(error.contains("'--red'"), "{error}");
    }
}
