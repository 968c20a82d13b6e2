//! What is around a command: its working directory, names of files, memory, a terminal that goes away.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Done, User};

const NETWORK: [&str; 6] = ["--backbone", "squeezenet1_1", "--layers", "1", "--weights", "random:0"];

/// The same command started by another program, which gets its words behind these.
fn started_by(user: &User, words: &[&str], command: &Command) -> Command {
    let [program, arguments @ ..] = words else { panic!("a program was to be named") };
    let mut other = Command::new(program);
    other.current_dir(user.path(".")).args(arguments).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}

/// The same command started by a shell that does something first.
fn in_shell(user: &User, before: &str, command: &Command) -> Done {
    let script = format!("{before}; exec \"$@\"");
    Done::of(&started_by(user, &["sh", "-c", &script, "sh"], command).output().unwrap())
}

#[test]
fn a_working_directory_that_was_deleted_is_a_sentence() {
    let user = User::new();
    let images = [user.picture("a.ppm", 64, 1.0), user.picture("b.ppm", 64, 0.5)];
    let images = images.each_ref().map(|path| path.to_str().unwrap());
    let command = user.command(&[&["compare"][..], &images, &NETWORK].concat());
    let done = in_shell(&user, "mkdir gone; cd gone; rmdir ../gone", &command);
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.starts_with("error: the working directory is gone"), "{}", done.err);
    assert!(done.err.contains("cd") && !done.err.contains("MKL"), "{}", done.err);
}

#[test]
fn names_that_are_not_utf_8_are_named() {
    let user = User::new();
    let picture = user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.5);
    let odd = OsStr::from_bytes(b"\xe4.ppm");
    std::fs::copy(&picture, user.path("").join(odd)).unwrap();
    for command in ["compare", "features"] {
        let mut command = user.command(&[&[command, "a.ppm"][..], &NETWORK].concat());
        let done = Done::of(&command.arg(odd).output().unwrap());
        assert_eq!(done.code, 2, "{}", done.err);
        for part in [r#"the argument "\xE4.ppm" is not UTF-8"#, "rename"] {
            assert!(done.err.contains(part), "{}", done.err);
        }
    }
    // In a folder such a file is left out, which is said.
    let done = user.run(&[&["compare", "b.ppm", "."][..], &NETWORK].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("1 whose name is not UTF-8 (rename it)"), "{}", done.err);
    assert!(done.out.contains("n 1"), "{}", done.out);
}

#[test]
fn too_little_memory_is_one_sentence_with_advice() {
    let user = User::new();
    user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.5);
    let large = ["--size", "6000"];
    for command in [
        user.command(&[&["compare", "a.ppm", "b.ppm"][..], &large, &NETWORK].concat()),
        user.command(&[&["features", "a.ppm", "--out", "f.safetensors"][..], &large, &NETWORK].concat()),
    ] {
        let done = in_shell(&user, "ulimit -v 3000000", &command);
        assert_eq!(done.code, 1, "{}", done.err);
        assert!(done.err.contains("the memory is used up: "), "{}", done.err);
        assert!(done.err.contains("what to do: make the images smaller (--size)"), "{}", done.err);
        assert!(!done.err.contains("frame #") && done.err.lines().count() < 6, "{}", done.err);
    }
}

#[test]
fn a_terminal_that_goes_away_is_an_interruption_that_saves() {
    let user = User::new();
    user.write(
        "long.toml",
        "[experiment]\nname = \"long\"\n[run]\ndevice = \"cpu\"\nbatch_size = 1\n[task]\nname = \"metric\"\n\
         [loss_network]\nbackbone = \"squeezenet1_1\"\nweights = \"random:0\"\nlayers = [12]\n\
         [data]\nname = \"photos\"\ntriplets = 100\n",
    );
    let hang_up = |arguments: &[&str]| {
        // These tests may have been started by `nohup`, which would be inherited.
        let mut command = started_by(&user, &["env", "--default-signal=HUP"], &user.command(arguments));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        let has_scores = || {
            let cells = std::fs::read_dir(user.path("logs/long")).into_iter().flatten().flatten();
            cells
                .filter_map(|cell| std::fs::read_dir(cell.path()).ok())
                .flatten()
                .flatten()
                .any(|file| file.file_name().to_string_lossy().starts_with("samples."))
        };
        while !has_scores() {
            assert!(started.elapsed() < Duration::from_mins(2), "no score was recorded");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        Command::new("kill").args(["-HUP", &id]).status().unwrap();
        Done::of(&child.wait_with_output().unwrap())
    };
    let done = hang_up(&["run", "long.toml"]);
    assert_eq!(done.code, 130, "{}", done.err);
    assert!(done.err.contains("same command") || done.err.contains("run it again"), "{}", done.err);
}
