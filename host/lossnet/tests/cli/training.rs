//! Tasks that train: killed at any moment they end with the bits of an undisturbed run; a full disk loses nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::support::{Done, User};

/// What all of them share: a checkpoint after every step.
fn config(task: &str, settings: &str, training: &str, rest: &str) -> String {
    format!(
        r#"
[experiment]
name = "small"
[run]
device = "cpu"
num_workers = 1
[task]
name = "{task}"
{settings}
[task.training]
checkpoint_minutes = 0.0
{training}
[loss_network]
weights = "random:0"
{rest}
"#
    )
}

const DELINEATION: &str = r#"
backbone = "squeezenet1_1"
layers = [1]
[data]
name = "synthetic"
content = "curves"
samples = 10
side = 32
"#;

/// The weights that a run ends with, and all that it found, in a form in which equal runs are equal.
fn outcome(user: &User) -> (BTreeMap<String, String>, Vec<String>) {
    let rows = user.json(&["results", "small", "--json"]);
    let mut found: Vec<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {} {}", row["cell"], row["metric"], row["split"], row["value"]))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    let mut files = BTreeMap::new();
    for folder in ["checkpoints/small", "logs/small"] {
        checksums(&user.path(folder), &user.path(""), &mut files);
    }
    // Curves are whole, scores of samples and pictures are there.
    assert!(files.keys().any(|name| name.ends_with("metrics.jsonl")), "{files:?}");
    (files, found)
}

/// SHA-256 of what must not depend on interruptions: networks, the checkpoints that are left, curves, scores, pictures.
fn checksums(folder: &Path, root: &Path, files: &mut BTreeMap<String, String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            checksums(&path, root, files);
            continue;
        }
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let kept = [".safetensors", ".pth", "metrics.jsonl", ".png"].iter().any(|end| name.ends_with(end));
        if kept || name.contains("/samples.") {
            let mut bytes = std::fs::read(&path).unwrap();
            if name.ends_with("metrics.jsonl") {
                bytes = curves(&String::from_utf8(bytes).unwrap(), root).into_bytes();
            }
            files.insert(name, format!("{:x}", Sha256::digest(&bytes)));
        }
    }
}

/// The points of curves, the pictures and the results, without where files are.
fn curves(text: &str, root: &Path) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    assert!(lines.iter().all(|line| !line.contains(&*root.to_string_lossy())));
    lines.sort_unstable();
    lines.join("\n")
}

/// Newest checkpoint of the first stage that has one, as a name that changes with every step.
fn newest_checkpoint(user: &User) -> Option<PathBuf> {
    let mut newest: Option<(std::time::SystemTime, PathBuf)> = None;
    let mut folders = vec![user.path("checkpoints/small")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json")
                && let Ok(made) = entry.metadata().and_then(|data| data.modified())
                && newest.as_ref().is_none_or(|(known, _)| *known < made)
            {
                newest = Some((made, path));
            }
        }
    }
    newest.map(|(_, path)| path)
}

/// The scores of samples are where the main metric says that they are, and give what it is.
fn has_intervals(user: &User) {
    let boards = user.json(&["results", "small", "--pairs", "--json"]);
    let boards = boards.as_array().unwrap();
    assert!(!boards.is_empty());
    for board in boards {
        // `… only squeezenet1_1 was measured: 0.512 [0.401, 0.623].`
        let answer = board["answer"].as_str().unwrap();
        // Where all samples score the same there is nothing to tell an interval from.
        let is_told = answer.contains('[') || answer.ends_with(": 1.000.");
        assert!(answer.contains(" was measured: ") && is_told, "{answer}");
    }
}

/// Kills runs with signal 9 at a moment after a new checkpoint, another moment each time, then lets one end.
fn survives_killing(config: &str) -> User {
    let whole = User::new();
    whole.write("small.toml", config);
    whole.must(&["run", "small.toml"]);
    let expected = outcome(&whole);
    has_intervals(&whole);

    let cut = User::new();
    cut.write("small.toml", config);
    let mut killed = 0;
    for after in [0, 9, 40, 130] {
        let before = newest_checkpoint(&cut);
        let mut child = cut.command(&["-q", "run", "small.toml"]).spawn().unwrap();
        let started = Instant::now();
        while newest_checkpoint(&cut) == before && child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < Duration::from_mins(2), "no step was made");
            std::thread::sleep(Duration::from_millis(3));
        }
        std::thread::sleep(Duration::from_millis(after));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    assert!(killed >= 3, "the run was over after {killed} attempts");
    cut.must(&["run", "small.toml"]);
    let found = outcome(&cut);
    assert_eq!(found.1, expected.1);
    assert_eq!(found.0, expected.0);
    cut
}

#[test]
fn a_delineation_survives_killing() {
    survives_killing(&config(
        "delineation",
        "crop = 32\nsize = 32",
        "epochs = 8\nbatch_size = 4",
        DELINEATION,
    ));
}

#[test]
fn a_super_resolution_survives_killing() {
    let rest = r#"
backbone = "squeezenet1_1"
layers = [1]
[data]
name = "synthetic"
content = "shapes"
samples = 8
side = 24
splits = ["test"]
"#;
    let settings = "size = 24\ntrain_images = 8\nval_images = 2\nsave_images = 1";
    survives_killing(&config("super-resolution", settings, "epochs = 5\nbatch_size = 4", rest));
}

#[test]
fn an_autoencoder_and_its_predictors_survive_killing() {
    // Kills hit the autoencoder first, and then its predictors.
    let rest = r#"
backbone = "pixels"
layers = "all"
[task.predictor_training]
epochs = 6
batch_size = 4
checkpoint_minutes = 0.0
[data]
name = "synthetic"
content = "shapes"
samples = 8
side = 64
"#;
    let settings = "latent_dim = 4\ndivergence_weight = 0.1\npredictors = [[], [8]]";
    let training = "epochs = 1\nbatch_size = 4";
    let user = survives_killing(&config("autoencoder", settings, training, rest));
    // What the autoencoder gives back with its best weights, told of before its predictors are trained, is still told of.
    let logs = user.path("logs/small");
    let cell = user.names("logs/small").into_iter().find(|name| logs.join(name).is_dir()).unwrap();
    let told = std::fs::read_to_string(logs.join(cell).join("metrics.jsonl")).unwrap();
    let last = r#""path":"autoencoder-reconstructions.png""#;
    assert_eq!(told.lines().filter(|line| line.contains(last)).count(), 1, "{told}");
}

#[test]
fn a_metric_with_its_network_survives_killing() {
    // Dropout, and a network whose parameters are trained.
    let rest = r#"
backbone = "squeezenet1_1"
layers = [1, 4]
[data]
name = "synthetic"
content = "triplets"
samples = 12
splits = ["val", "jnd"]
"#;
    let settings = "variant = \"tune\"\nsize = 32";
    survives_killing(&config("metric", settings, "epochs = 4\nbatch_size = 4", rest));
}

#[test]
fn an_adapted_metric_survives_killing() {
    let rest = r#"
backbone = "squeezenet1_1"
layers = [1, 4]
[data]
name = "synthetic"
content = "shapes"
samples = 12
"#;
    let settings = "variant = \"lin\"\nsize = 32";
    survives_killing(&config("augmentation", settings, "epochs = 4\nbatch_size = 4", rest));
}

#[test]
fn a_terminated_training_saves_and_says_how_to_go_on() {
    let user = User::new();
    let training = "epochs = 500\nbatch_size = 4";
    user.write("small.toml", &config("delineation", "crop = 32\nsize = 32", training, DELINEATION));
    let child = user.command(&["run", "small.toml"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while newest_checkpoint(&user).is_none() {
        assert!(started.elapsed() < Duration::from_mins(2), "no step was made");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let done = Done::of(&child.wait_with_output().unwrap());
    assert_eq!(done.code, 130, "{}", done.err);
    assert!(done.err.contains("run it again") || done.err.contains("same command"), "{}", done.err);
    // The next attempt begins behind the last step.
    let child = user.command(&["run", "small.toml"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(4));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let done = Done::of(&child.wait_with_output().unwrap());
    assert!(done.err.contains("goes on after step"), "{}", done.err);
}

/// A small file system of its own, as long as this lives.
struct TinyDisk(PathBuf);

impl TinyDisk {
    /// None where it can't be mounted, which takes a superuser.
    fn new(folder: PathBuf, size: &str) -> Option<TinyDisk> {
        std::fs::create_dir_all(&folder).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(TinyDisk(folder))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // A folder that stays mounted would stay behind.
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_an_error_that_loses_nothing() {
    let user = User::new();
    let Some(disk) = TinyDisk::new(user.path("checkpoints/small"), "4m") else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let training = "epochs = 6\nbatch_size = 4";
    user.write("small.toml", &config("delineation", "crop = 32\nsize = 32", training, DELINEATION));
    // Two steps fit, and then something else takes the room.
    let mut child =
        user.command(&["run", "small.toml"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while newest_checkpoint(&user).is_none() {
        assert!(started.elapsed() < Duration::from_mins(2), "no step was made");
        std::thread::sleep(Duration::from_millis(2));
    }
    let ballast = disk.0.join("ballast");
    let _ = std::fs::write(&ballast, vec![0; 8 << 20]);
    let mut err = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{err}");
    assert!(err.contains("checkpoint can't be written") && err.contains("make room"), "{err}");

    std::fs::remove_file(&ballast).unwrap();
    let done = user.run(&["run", "small.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("goes on after step"), "{}", done.err);
    let whole = User::new();
    whole.write("small.toml", &config("delineation", "crop = 32\nsize = 32", training, DELINEATION));
    whole.must(&["run", "small.toml"]);
    assert_eq!(outcome(&user), outcome(&whole));
}

#[test]
fn lines_of_a_picture_are_of_one_variant_each() {
    let user = User::new();
    let rest = r#"
backbone = "squeezenet1_1"
[data]
name = "synthetic"
content = "triplets"
samples = 8
splits = ["val"]
[sweep]
"loss_network.layers" = [1, 4]
"task.variant" = ["baseline", "lin"]
"#;
    user.write("small.toml", &config("metric", "size = 32", "epochs = 1\nbatch_size = 4", rest));
    user.must(&["run", "small.toml"]);
    let picture = user.path("logs/small/score-by-layer.2afc_score.val-mean.spatial.svg");
    let picture = std::fs::read_to_string(picture).unwrap();
    for line in ["squeezenet1_1 (variant=baseline)", "squeezenet1_1 (variant=lin)"] {
        assert!(picture.contains(line), "no {line} in {picture}");
    }
}

#[test]
fn a_cell_costs_what_all_its_attempts_did_and_another_folder_of_results_begins_anew() {
    let user = User::new();
    let training = "epochs = 60\nbatch_size = 4";
    user.write("small.toml", &config("delineation", "crop = 32\nsize = 32", training, DELINEATION));
    // Killed as soon as it is noted what was spent.
    let mut child = user.command(&["-q", "run", "small.toml"]).spawn().unwrap();
    let spent = || -> Option<f64> {
        let cells = std::fs::read_dir(user.path("logs/small")).ok()?.flatten();
        let note = cells.map(|cell| cell.path().join("spent.json")).find(|file| file.is_file())?;
        serde_json::from_slice::<serde_json::Value>(&std::fs::read(note).ok()?).ok()?["seconds"].as_f64()
    };
    let started = Instant::now();
    while spent().is_none() {
        assert!(child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_mins(2));
        std::thread::sleep(Duration::from_millis(3));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = spent().unwrap();
    assert!(before >= 2.0, "{before}");

    let resumed = Instant::now();
    user.must(&["run", "small.toml"]);
    let resumed = resumed.elapsed().as_secs_f64();
    let rows = user.json(&["results", "small", "--json"]);
    let seconds = rows[0]["seconds"].as_f64().unwrap();
    assert!(seconds > before && seconds < before + resumed, "{before} {seconds} {resumed}");
    assert!(rows[0]["cpu_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(spent(), None, "the result has it");

    // Not from what the other run has trained.
    let done = user.run(&["run", "small.toml", "--logs", "trial"]);
    assert!(done.code == 0 && !done.err.contains("goes on after step"), "{}", done.err);
    let curves = |logs: &str| {
        let cell = user.names(&format!("{logs}/small")).into_iter().find(|name| name.len() == 16).unwrap();
        std::fs::read_to_string(user.path(logs).join("small").join(cell).join("curves.csv")).unwrap()
    };
    assert_eq!(curves("trial"), curves("logs"));
    assert!(user.path("trial-checkpoints/small").is_dir());
}
