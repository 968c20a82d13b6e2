//! `tensorboard`, read back with the real package.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::python::{python, read};
use crate::small::{board, cell, config, curves, images, kill, results};
use crate::support::User;

/// To name a tracker is enough.
const TRACKER: &str = "[trackers.tensorboard]";

#[test]
fn event_files_hold_what_lossnet_keeps_also_after_kills() {
    let Some(python) = python() else { return };
    let user = User::new();
    user.write("small.toml", &config(7, TRACKER));
    kill(&user, 12, 2);
    // What the killed attempts left is whole as far as it goes.
    let events = board(&cell(&user));
    assert!(
        events.file_name().unwrap().to_str().unwrap().starts_with("squeezenet1_1_1_spatial_"),
        "{events:?}"
    );
    let before = read(&python, "read_tensorboard.py", &[&events]);
    user.must(&["run", "small.toml"]);
    let cell = cell(&user);
    assert_eq!(std::fs::read_dir(&events).unwrap().count(), 1, "old event files are left");
    let found = read(&python, "read_tensorboard.py", &[&events]);

    // Curves and results: every point, once, in single precision.
    let mut expected: BTreeMap<String, Vec<(u64, f64)>> =
        curves(&cell).into_iter().map(|(name, points)| (name, points.into_iter().collect())).collect();
    let results = results(&cell);
    let results: BTreeMap<String, f64> =
        results.into_iter().map(|(name, value)| (format!("~results/{name}"), value)).collect();
    // TensorBoard sorts by tag: curves come first.
    assert!(expected.keys().max() < results.keys().min(), "{expected:?} {results:?}");
    expected.extend(results.iter().map(|(name, value)| (name.clone(), vec![(0, *value)])));
    let scalars = found["scalars"].as_object().unwrap();
    assert_eq!(scalars.keys().collect::<BTreeSet<_>>(), expected.keys().collect::<BTreeSet<_>>());
    for (name, points) in &expected {
        let mut read: Vec<(u64, f32)> = serde_json::from_value(scalars[name].clone()).unwrap();
        read.sort_by_key(|point| point.0);
        let points: Vec<(u64, f32)> = points.iter().map(|(step, value)| (*step, *value as f32)).collect();
        assert_eq!(read, points, "{name}");
    }
    let result = results.keys().next().unwrap();
    assert!(found["descriptions"][result].as_str().unwrap().contains("is better"), "{found}");
    // Points that were told again keep the time at which they were new.
    let (name, times) =
        before["times"].as_object().unwrap().iter().find(|(_, times)| times[0].is_f64()).unwrap();
    assert_eq!(found["times"][name][0], times[0]);

    // Images, byte for byte.
    let files = images(&cell);
    let mut expected: Vec<String> =
        files.iter().map(|file| format!("{:x}", Sha256::digest(std::fs::read(file).unwrap()))).collect();
    let read = found["images"].as_object().unwrap().values().flat_map(|images| images.as_array().unwrap());
    let mut read: Vec<String> = read.map(|image| image[3].as_str().unwrap().to_owned()).collect();
    for list in [&mut expected, &mut read] {
        list.sort();
        list.dedup();
    }
    assert_eq!(read, expected);

    // The config, and the HPARAMS tab.
    let config = std::fs::read_to_string(cell.join("config.toml")).unwrap();
    assert!(found["texts"]["config"][0].as_str().unwrap().contains(config.trim_end()), "{found}");
    let start = &found["hparams"]["start"];
    assert_eq!(start["values"]["loss_network.backbone"], "squeezenet1_1");
    assert_eq!(start["values"]["loss_network.layers"], "1");
    assert!(start["group"].as_str().unwrap().starts_with("small: "), "{start}");
    assert_eq!(found["hparams"]["end"], "STATUS_SUCCESS");
}
