//! Configs that come from elsewhere than a file in the working directory.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Done, User};

const TINY: &str = r#"
[experiment]
name = "tiny"
[task]
name = "metric"
[data]
name = "synthetic"
content = "triplets"
samples = 4
splits = ["val"]
[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
layers = [1]
[run]
device = "cpu"
"#;

/// `lossnet` with these arguments and this standard input.
fn piped(user: &User, arguments: &[&str], input: &str) -> Done {
    let mut command = user.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Done::of(&child.wait_with_output().unwrap())
}

#[test]
fn a_config_comes_from_a_pipe() {
    let user = User::new();
    for name in ["-", "/dev/stdin", "/dev/fd/0"] {
        let done = piped(&user, &["run", name, "--plan"], TINY);
        assert_eq!(done.code, 0, "{name}: {}", done.err);
        assert!(done.out.starts_with("tiny: 1 cell in 1 group"), "{name}: {}", done.out);
    }
    // A shell's <(…) is a named pipe, or a file in /dev/fd.
    user.write("tiny.toml", TINY);
    let fifo = user.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = std::thread::spawn({
        let fifo = fifo.clone();
        move || std::fs::write(fifo, TINY).unwrap()
    });
    let plan = user.json(&["run", "fifo", "--plan", "--json"]);
    writer.join().unwrap();
    assert_eq!(plan["experiment"], "tiny");
    let done = piped(&user, &["run", "-"], TINY);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(user.path("logs/tiny/results.csv").is_file());
}

#[test]
fn what_comes_through_a_pipe_is_named_and_leads_from_the_working_directory() {
    let user = User::new();
    let nameless = TINY.replace("name = \"tiny\"", "");
    let done = piped(&user, &["run", "-", "--plan"], &nameless);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("`experiment.name` is not set"), "{}", done.err);
    let wrong = piped(&user, &["run", "-", "--plan"], &TINY.replace("samples = 4", "samples = 0"));
    assert!(wrong.err.contains("standard input:9: `data.samples`"), "{}", wrong.err);
    let twice = piped(&user, &["run", "-", "-", "--plan"], TINY);
    assert_eq!(twice.code, 2);
    assert!(twice.err.contains("the standard input can be one config only"), "{}", twice.err);

    // It can extend a file, and be put on top of one.
    user.write("base/tiny.toml", TINY);
    for (files, input) in [
        (vec!["-"], "extends = \"base/tiny.toml\"\n[loss_network]\nlayers = [2]\n"),
        (vec!["base/tiny.toml", "-"], "[loss_network]\nlayers = [2]\n"),
    ] {
        let arguments = [&["run"][..], &files, &["--plan", "--json"]].concat();
        let done = piped(&user, &arguments, input);
        assert_eq!(done.code, 0, "{}", done.err);
        let plan: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(plan["experiment"], "tiny");
        assert_eq!(plan["cells"][0]["config"]["loss_network"]["layers"], serde_json::json!(["2"]));
    }
}
