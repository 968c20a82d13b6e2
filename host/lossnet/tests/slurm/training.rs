//! Trainings that reach their time limit, and such that never save anything.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::lab::Lab;
use crate::support::Done;

/// A training with a checkpoint after every step.
fn config(epochs: u32, checkpoint_minutes: &str) -> String {
    format!(
        r#"
[experiment]
name = "small"
[run]
device = "cpu"
threads = 1
num_workers = 1
[task]
name = "delineation"
crop = 32
size = 32
[task.training]
epochs = {epochs}
batch_size = 4
checkpoint_minutes = {checkpoint_minutes}
[data]
name = "synthetic"
content = "curves"
samples = 10
side = 32
[loss_network]
weights = "random:0"
backbone = "squeezenet1_1"
layers = [1]
[executor.slurm]
time = "1"
signal_seconds = 40
"#
    )
}

/// Networks, scores and checkpoints that a run leaves.
fn kept(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            kept(&path, root, files);
        } else if name.ends_with(".safetensors") || name.contains("/samples.") {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

fn outcome(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["checkpoints/small", "logs/small"] {
        kept(&lab.user.path(folder), &lab.user.path(""), &mut files);
    }
    files
}

#[test]
fn a_training_that_reaches_its_time_limit_goes_on_from_its_checkpoint() {
    let Some(lab) = Lab::new(1001) else { return };
    lab.user.write("small.toml", &config(epochs_that_outlast_the_limit(&lab), "0.0"));
    let following = lab
        .command(&["run", "small.toml", "--executor", "slurm", "--wait"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    lab.wait_until("it is submitted", || {
        lab.user.path("logs/small/slurm").is_dir() && lab.submissions("small") == 1
    });
    lab.wait_until("the task begins", || lab.printed("small", 0).contains("attempt 1"));
    let task = format!("{}_0", lab.job("small"));
    // The limit is a minute, but Slurm warns of it earlier.
    lab.let_go_on(&task);
    lab.wait_until("the task begins again", || lab.printed("small", 0).contains("attempt 2"));
    let status = lab.must(&["status", "small"]).out;
    assert!(status.contains(&format!("(job {task}, RUNNING on n")), "{status}");
    lab.wait_until("the training is over", || {
        if lab.slurm_state(&task).starts_with("PENDING") {
            lab.let_go_on(&task);
        }
        lab.count("small", "done") == 1
    });
    let done = Done::of(&following.wait_with_output().unwrap());
    assert_eq!(done.code, 0, "{}{}", done.err, lab.printed("small", 0));
    assert!(done.err.contains("1 queued") && done.err.contains("1 running"), "{}", done.err);
    let printed = lab.printed("small", 0);
    assert!(
        printed.contains("put into the queue again") && printed.contains("goes on after step"),
        "{printed}"
    );

    let slurm = outcome(&lab);
    for folder in ["checkpoints/small", "logs/small"] {
        std::fs::remove_dir_all(lab.user.path(folder)).unwrap();
    }
    lab.must(&["-q", "run", "small.toml", "--executor", "in-process"]);
    let whole = outcome(&lab);
    assert!(whole.len() > 1, "{:?}", whole.keys());
    assert_eq!(slurm.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    for (name, bytes) in &whole {
        assert!(slurm[name] == *bytes, "{name} differs");
    }
}

/// So many epochs that this machine trains for about a minute: Slurm warns after somewhat more than half a minute at the latest.
fn epochs_that_outlast_the_limit(lab: &Lab) -> u32 {
    const TRIED: u32 = 200;
    lab.user.write("speed.toml", &config(TRIED, "0.0"));
    let started = Instant::now();
    lab.must(&["-q", "run", "speed.toml", "-s", "experiment.name=speed", "--executor", "in-process"]);
    (f64::from(TRIED) * 60.0 / started.elapsed().as_secs_f64()).ceil() as u32
}
