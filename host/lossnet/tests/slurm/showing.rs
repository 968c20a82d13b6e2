//! The sweep over all tasks that the documentation shows: killed half-way, resumed, and the same on Slurm.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::lab::{Lab, signal};
use crate::same::assert_same_results;

const CELLS: usize = 60;

/// Takes some minutes. `LOSSNET_TEST_SHOW` names a folder where the report is left.
#[test]
#[ignore = "trains for minutes: cargo test -p lossnet --test slurm -- --ignored"]
fn all_tasks_with_all_networks_end_the_same_wherever_they_run() {
    let Some(lab) = Lab::new(1001) else { return };
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/show.toml");
    let config = config.to_str().unwrap();

    // Killed half-way, with whatever its workers were at.
    let local = ["run", config, "--executor", "local", "--workers", "2"];
    let mut killed = lab.command(&local).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let done = |logs: &str| {
        let cells = std::fs::read_dir(lab.user.path(logs).join("show"));
        cells.into_iter().flatten().flatten().filter(|cell| cell.path().join("result.json").is_file()).count()
    };
    while done("logs") < CELLS / 2 {
        assert!(killed.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        std::thread::sleep(Duration::from_millis(100));
    }
    signal(killed.id(), "KILL");
    killed.wait().unwrap();

    // The same command goes on, and repeats nothing.
    let told = lab.must(&local).err;
    assert!(told.contains(" of 60 cells done already"), "{told}");
    assert_eq!(done("logs"), CELLS);
    // Reports of pictures name their folder: both runs have it under the same name.
    std::fs::rename(lab.user.path("logs"), lab.user.path("local")).unwrap();
    // Nor may one go on from the other's checkpoints.
    std::fs::rename(lab.user.path("checkpoints"), lab.user.path("local-checkpoints")).unwrap();

    lab.must(&["run", config, "--executor", "slurm", "--wait"]);
    assert_eq!(done("logs"), CELLS);
    for name in lab.user.names("local/show").iter().filter(|name| name.len() == 16) {
        let folder = |logs: &str| lab.user.path(logs).join("show").join(name);
        assert_same_results(&folder("local"), &folder("logs"));
    }

    let out = std::env::var_os("LOSSNET_TEST_SHOW").map_or_else(|| lab.user.path("report"), PathBuf::from);
    lab.must(&["report", "show", "--out", out.to_str().unwrap()]);
    assert!(out.join("report.html").is_file());
}
