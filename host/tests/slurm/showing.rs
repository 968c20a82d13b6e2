//! The sweep over all tasks that the documentation shows: killed half-way, gone on with, and the same on Slurm.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::lab::{Lab, signal};
use crate::same::assert_same_results;

const CELLS: usize = 60;

/// Takes some minutes. `LOSSNET_TEST_SHOW` names a folder where the report is left.
#[test]
#[ignore = "trains for minutes: cargo test -p lossnet --test slurm -- --ignored"]
fn all_tasks_with_all_networks_end_the_same_wherever_they_run() {
    let Some(lab) = Lab::new(1001) else { return };
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/show.toml");
    let run = |logs: &str, executor: &str| {
        let words = ["run", config.to_str().unwrap(), "--executor", executor, "--logs", logs];
        words.map(str::to_owned).to_vec()
    };
    let words = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<_>>().join("\n");

    // Killed half-way, with whatever its workers were at.
    let local = [run("local", "local"), vec!["--workers".to_owned(), "2".to_owned()]].concat();
    let local = words(&local);
    let local: Vec<&str> = local.lines().collect();
    let mut killed = lab.command(&local).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let done = |logs: &str| {
        let cells = std::fs::read_dir(lab.user.path(logs).join("show"));
        cells.into_iter().flatten().flatten().filter(|cell| cell.path().join("result.json").is_file()).count()
    };
    lab.wait_until("half of the cells are done", || done("local") >= CELLS / 2);
    signal(killed.id(), "KILL");
    killed.wait().unwrap();
    assert!(done("local") < CELLS, "the run ended before it could be killed");

    // The same command goes on, and repeats nothing.
    let before = done("local");
    let told = lab.must(&local).err;
    assert!(told.contains(" of 60 cells done already"), "{before} were done, and it said:\n{told}");
    assert_eq!(done("local"), CELLS);

    let slurm = [run("slurm", "slurm"), vec!["--wait".to_owned()]].concat();
    let slurm = words(&slurm);
    lab.must(&slurm.lines().collect::<Vec<_>>());
    assert_eq!(done("slurm"), CELLS);
    for name in lab.user.names("local/show").iter().filter(|name| name.len() == 16) {
        let folder = |logs: &str| lab.user.path(logs).join("show").join(name);
        assert_same_results(&folder("local"), &folder("slurm"));
    }

    let out = std::env::var_os("LOSSNET_TEST_SHOW").map_or_else(|| lab.user.path("report"), PathBuf::from);
    lab.must(&["report", "show", "--logs", "slurm", "--out", out.to_str().unwrap()]);
    assert!(out.join("report.html").is_file());
}
