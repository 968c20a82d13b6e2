//! Trackers that can't do what they should: a run that has one completes, and its user is told once.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::small::{cell, config, curves, results};
use crate::support::{User, faulty};

/// Runs with this tracker, and returns what was said of it, once.
fn complains(trackers: &str, arguments: &[&str]) -> String {
    let user = User::new();
    user.write("small.toml", &config(2, trackers));
    let mut all = arguments.to_vec();
    all.extend(["run", "small.toml"]);
    let done = user.run(&all);
    assert_eq!(done.code, 0, "{}", done.err);
    let cell = cell(&user);
    assert!(!curves(&cell).is_empty() && !results(&cell).is_empty());
    let said: Vec<&str> = done.err.lines().filter(|line| line.contains("the tracker `")).collect();
    assert_eq!(said.len(), 1, "{}", done.err);
    said[0].to_owned()
}

/// A server that does this with every connection, for as long as the test runs.
fn server(answer: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    format!("http://{address}")
}

fn mlflow(address: &str) -> String {
    format!("[trackers.mlflow]\ntracking_uri = \"{address}\"\ntimeout_seconds = 0.5")
}

#[test]
fn a_server_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let said = complains(&mlflow(&address), &[]);
    assert!(
        said.contains("`mlflow` of lossnet-plugin-trackers 0.1.0 failed, and the run goes on")
            && said.contains("can't be reached"),
        "{said}"
    );
    assert!(said.contains(&address) && said.contains("tracking_uri"), "{said}");
}

#[test]
fn a_server_that_does_not_answer() {
    let held = std::sync::Mutex::new(Vec::new());
    let address = server(move |connection| held.lock().unwrap().push(connection));
    let said = complains(&mlflow(&address), &[]);
    assert!(said.contains("did not answer within 0.5 s"), "{said}");
}

#[test]
fn a_server_that_is_broken() {
    let address = server(|mut connection| {
        let _ = connection.read(&mut [0; 4096]);
        let _ =
            connection.write_all(b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlost");
    });
    let said = complains(&mlflow(&address), &[]);
    assert!(said.contains("status 500: lost"), "{said}");
}

#[test]
fn a_server_that_wants_a_password() {
    let address = server(|mut connection| {
        let _ = connection.read(&mut [0; 4096]);
        let _ = connection.write_all(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    });
    let said = complains(&mlflow(&address), &[]);
    assert!(said.contains("status 401") && said.contains("MLFLOW_TRACKING_TOKEN"), "{said}");
}

#[test]
fn a_server_that_hangs_does_not_stall_the_run() {
    let held = std::sync::Mutex::new(Vec::new());
    let address = server(move |connection| held.lock().unwrap().push(connection));
    let user = User::new();
    let tracker = format!("[trackers.mlflow]\ntracking_uri = \"{address}\"\ntimeout_seconds = 100.0");
    user.write("small.toml", &config(2, &tracker));
    let started = Instant::now();
    let done = user.command(&["run", "small.toml"]).env("LOSSNET_TRACKER_SECONDS", "1").output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{err}");
    assert!(started.elapsed() < Duration::from_secs(90), "the run waited");
    let said: Vec<&str> = err.lines().filter(|line| line.contains("the tracker `")).collect();
    assert_eq!(said.len(), 1, "{err}");
    assert!(said[0].contains("`mlflow` did not answer for 1 s and is left alone"), "{err}");
}

#[test]
fn a_python_without_wandb() {
    let user = User::new();
    let python = user.write("python", "#!/bin/sh\nexec python3 -S \"$@\"\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&python, executable).unwrap();
    let wandb =
        |python: &Path| format!("[trackers.wandb]\nmode = \"offline\"\npython = \"{}\"", python.display());
    let said = complains(&wandb(&python), &[]);
    assert!(
        said.contains("can't import the package wandb") && said.contains("-m pip install wandb"),
        "{said}"
    );
    let said = complains(&wandb(Path::new("/none/python3")), &[]);
    assert!(said.contains("`/none/python3` can't be started") && said.contains("[trackers.wandb]"), "{said}");
}

#[test]
fn a_tracker_that_panics() {
    let library = faulty("faulty_panics");
    let folder = User::new();
    let plugin = folder.write("plugins/libfaulty_panics.so", "");
    std::fs::copy(library, &plugin).unwrap();
    for at in ["start", "report", "finish"] {
        let tracker = format!("[trackers.faulty_tracker]\nat = \"{at}\"\nhow = \"panic\"");
        let said = complains(&tracker, &["--plugin-dir", &plugin.parent().unwrap().to_string_lossy()]);
        assert!(
            said.contains("`faulty_tracker` of lossnet-engine 0.1.0 failed, and the run goes on"),
            "{said}"
        );
    }
}

#[test]
fn a_setting_that_is_wrong_is_refused_before_the_run() {
    let user = User::new();
    user.write("small.toml", &config(2, "[trackers.wandb]\nmode = \"ofline\""));
    user.refused(&["run", "small.toml"], &["trackers.wandb.mode", "offline"]);
    user.write("small.toml", &config(2, "[trackers.tensorbord]\nenabled = true"));
    user.refused(&["run", "small.toml"], &["tensorboard"]);
    assert!(!user.path("logs").exists());
}
