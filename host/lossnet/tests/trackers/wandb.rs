//! `wandb` in offline mode, read back with the package's own reader.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::python::{python, read};
use crate::small::{Curves, cell, config, curves, id, images, kill, results};
use crate::support::User;

/// The command lines of processes that were started for this user, directly or not: they have the user's environment.
fn processes(user: &User) -> Vec<String> {
    let mark = user.path("data").to_string_lossy().into_owned();
    let entries = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    entries
        .filter(|path| {
            let environment = std::fs::read(path.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&mark)
        })
        .filter_map(|path| std::fs::read(path.join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Waits until none of them is left.
fn end(user: &User) {
    let started = Instant::now();
    while !processes(user).is_empty() {
        assert!(started.elapsed() < Duration::from_mins(1), "{:?}", processes(user));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_offline_run_holds_what_lossnet_keeps_also_after_kills() {
    let Some(python) = python() else { return };
    let user = User::new();
    let tracker = format!(
        "[trackers.wandb]\nmode = \"offline\"\nproject = \"test\"\ncheckpoints = true\npython = \"{}\"",
        python.display()
    );
    user.write("small.toml", &config(7, &tracker));
    kill(&user, 14, 1);
    // What a killed run has started ends by itself.
    end(&user);
    user.must(&["run", "small.toml"]);
    end(&user);
    let cell = cell(&user);
    let runs = read(&python, "read_wandb.py", &[&cell]);
    // An attempt may die before the SDK has written anything but an empty file.
    let runs: Vec<&Value> = runs.as_array().unwrap().iter().filter(|run| !run["id"].is_null()).collect();

    // All attempts are one run, which the last one completed.
    let ids: Vec<&Value> = runs.iter().map(|run| &run["id"]).collect();
    let expected = format!("small-{}", id(&cell));
    assert!(ids.iter().all(|found| **found == expected.as_str()), "{ids:?}");
    let last = runs.last().unwrap();
    assert_eq!(last["exit"], 0, "{last}");
    assert_eq!((last["project"].as_str(), last["group"].as_str()), (Some("test"), Some("small")));
    assert_eq!(last["config"]["loss_network"]["backbone"], "squeezenet1_1");
    assert_eq!((last["job_type"].as_str(), last["notes"].as_str()), (Some("delineation"), Some("A try.")));
    let mut better: Vec<&str> = last["better"].as_object().unwrap().keys().map(String::as_str).collect();
    better.sort_unstable();
    assert_eq!(better, results(&cell).keys().map(String::as_str).collect::<Vec<_>>());

    // Every point once, over all of them; rows have numbers that grow.
    let mut found = Curves::new();
    let mut row_number = -1;
    for row in runs.iter().flat_map(|run| run["rows"].as_array().unwrap()) {
        assert!(row["_row"].as_i64().unwrap() > row_number, "{row}");
        row_number = row["_row"].as_i64().unwrap();
        for (name, value) in row.as_object().unwrap() {
            let Some(value) = value.as_f64() else { continue };
            if name.starts_with('_') || name.ends_with("/step") || name == "step" {
                continue;
            }
            let stage = name.split('/').next().unwrap();
            let step = row[format!("{stage}/step")].as_u64().unwrap();
            let twice = found.entry(name.clone()).or_default().insert(step, value);
            assert!(twice.is_none(), "{name} at {step} comes twice");
        }
    }
    assert_eq!(found, curves(&cell));
    let summary: BTreeMap<String, f64> =
        results(&cell).keys().map(|name| (name.clone(), last["summary"][name].as_f64().unwrap())).collect();
    assert_eq!(summary, results(&cell));

    let logged: usize = runs.iter().map(|run| run["images"].as_array().unwrap().len()).sum();
    assert_eq!(logged, images(&cell).len());
    let (name, files) = (&last["artifacts"][0][0], last["artifacts"][0][1].as_array().unwrap());
    assert!(name.as_str().unwrap().starts_with("checkpoints-"), "{last}");
    assert!(files.iter().any(|file| file.as_str().unwrap().ends_with(".safetensors")), "{files:?}");
}
