//! Whole runs in memory: every variant, interrupted ones, and what they leave behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pictures;
mod support;

use std::path::Path;

use lossnet_plugin_api::component::{LossNetwork, Run};
use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::protocol::report::BaselineScore;
use lossnet_plugin_api::tch::{self, Tensor};
use lossnet_plugin_kit::testing::{ConvLossNetwork, MemoryRun, NormalizedLossNetwork, Wanted, recomputed};
use pytorch_reader::PytorchReader;
use safetensors::SafeTensors;
use serde_json::Value;

use support::{distances, execute, pairs, picture, run_in, settings, triplets};

/// The binary cross-entropy of the judgements behind a result with a prediction of one half for each of them.
fn undecided(run: &MemoryRun, name: &str) -> f64 {
    let split = name.split('/').next().unwrap();
    let judgements = distances(run, split, "judge");
    let entropies = judgements.iter().map(|judge| -(judge * 0.5_f64.ln() + (1.0 - judge) * 0.5_f64.ln()));
    entropies.sum::<f64>() / judgements.len() as f64
}

#[test]
fn every_variant_is_trained_and_evaluated() {
    let expected = [
        ("2afc_score", "train/a"),
        ("2afc_accuracy", "train/b"),
        ("2afc_score", "val/a"),
        ("2afc_score", "val/mean"),
        ("2afc_accuracy", "val/mean"),
        ("jnd_map", "jnd"),
        ("2afc_score", "other:val/a"),
        ("2afc_score", "other:val/mean"),
    ];
    let mut all = Vec::new();
    for (variant, protocol) in [
        ("baseline", "corrected"),
        ("lin", "corrected"),
        ("lin", "published"),
        ("tune", "corrected"),
        ("scratch", "corrected"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        let mut settings = settings(variant);
        settings["protocol"] = protocol.into();
        execute(&settings, &run).unwrap();
        let metrics = run.metrics();
        for (name, split) in expected {
            let metric = metrics.iter().find(|metric| metric.name == name && metric.split == split);
            let metric = metric.unwrap_or_else(|| panic!("{variant}: no {name} of {split}"));
            assert!((0.0..=1.0).contains(&metric.value), "{variant}: {name} of {split} is {}", metric.value);
        }
        // A trained metric has a loss, too, which the network without one does not have.
        for metric in &metrics {
            let [baseline] = &metric.baselines[..] else { panic!("{metric:?}") };
            let expected = match metric.name.as_str() {
                "2afc_loss" => ("always undecided", undecided(&run, &metric.split)),
                // 0/7, 1/7, …, 6/7 of the people said that the images of a pair look the same.
                "jnd_map" => ("chance", 3.0 / 7.0),
                _ => ("chance", 0.5),
            };
            let BaselineScore::Value(score) = baseline.score else { panic!("{metric:?}") };
            assert!(baseline.name == expected.0 && (score - expected.1).abs() < 1e-12, "{metric:?}");
        }
        let losses = metrics.iter().filter(|metric| metric.name == "2afc_loss").map(|metric| &*metric.split);
        let of_mean = losses.filter(|split| split.ends_with("/mean")).collect::<Vec<_>>();
        let expected: &[&str] =
            if variant == "baseline" { &[] } else { &["other:val/mean", "train/mean", "val/mean"] };
        assert_eq!(of_mean, expected, "{variant}");
        // Every result can be computed from the reported samples.
        let again = recomputed(&run.reports());
        assert_eq!(again.len(), metrics.len());
        for (name, split, reported, computed) in again {
            assert!((reported - computed).abs() < 1e-9, "{name} of {split}: {reported} and {computed}");
        }
        // 12 triplets in batches of 5 for 3 epochs.
        let steps = if variant == "baseline" { 0 } else { 9 };
        assert_eq!(run.curve("training/step_loss").len(), steps, "{variant}");
        let exported = |name: &str| folder.path().join("checkpoints").join(name).exists();
        let network_changed = !(variant == "baseline" || (variant, protocol) == ("lin", "corrected"));
        assert_eq!(exported("calibration.pth"), variant != "baseline", "{variant}");
        assert_eq!(exported("network.safetensors"), network_changed, "{variant} {protocol}");
        all.push(distances(&run, "val", "d0"));
    }
    // Training changes distances, and each variant in another way; so do the protocols, which bring the calibration to 0 or
    // more at another moment of a step.
    for (one, other) in [(0, 1), (1, 2), (1, 3), (3, 4), (0, 3)] {
        assert_ne!(all[one], all[other]);
    }
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_results() {
    tch::set_num_threads(1);
    let whole = tempfile::tempdir().unwrap();
    let uninterrupted = run_in(whole.path());
    execute(&settings("tune"), &uninterrupted).unwrap();
    for questions in [2, 7, 13] {
        let folder = tempfile::tempdir().unwrap();
        let error =
            execute(&settings("tune"), &run_in(folder.path()).cancelled_after(questions)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Interrupted, "{error}");
        let resumed = run_in(folder.path());
        execute(&settings("tune"), &resumed).unwrap();
        assert_eq!(resumed.metrics(), uninterrupted.metrics(), "after {questions} questions");
        assert_eq!(distances(&resumed, "val", "d1"), distances(&uninterrupted, "val", "d1"));
    }
}

#[test]
fn what_an_interrupted_run_has_scored_is_not_scored_again() {
    let folder = tempfile::tempdir().unwrap();
    let whole = run_in(folder.path());
    execute(&settings("baseline"), &whole).unwrap();
    // Of the dataset itself, and of one that is for tests only.
    for (split, kept, left) in [("val", 5, 4), ("other:val", 3, 1)] {
        let scored = whole.reports().into_iter().find_map(|report| match report {
            Report::Samples(rows) if rows.split == split => Some(rows),
            _ => None,
        });
        let mut rows = scored.unwrap();
        rows.ids.truncate(kept);
        rows.groups.truncate(kept);
        rows.columns.iter_mut().for_each(|column| column.values.truncate(kept));
        let resumed = run_in(folder.path()).with_recorded(rows);
        execute(&settings("baseline"), &resumed).unwrap();
        assert_eq!(distances(&resumed, split, "d0").len(), left, "{split}");
        assert_eq!(resumed.metrics(), whole.metrics(), "{split}");
    }
}

#[test]
fn the_published_protocol_scores_pairs_in_training_mode_and_all_of_them_behind_an_interruption() {
    tch::set_num_threads(1);
    let run_in = |folder: &Path| {
        run_in(folder)
            .with_networks(|wanted| Ok(Box::new(NormalizedLossNetwork::new(0, wanted != Wanted::Frozen)?)))
    };
    let of = |protocol: &str, batch_size: u64| {
        let mut settings = settings("lin");
        settings["protocol"] = protocol.into();
        settings["training"]["batch_size"] = batch_size.into();
        settings
    };
    let folder = tempfile::tempdir().unwrap();
    let whole = run_in(folder.path());
    execute(&of("published", 5), &whole).unwrap();
    // Dropout and the batches' statistics: distances are other ones than behind training mode.
    let corrected = tempfile::tempdir().unwrap();
    let other = run_in(corrected.path());
    execute(&of("corrected", 5), &other).unwrap();
    assert_ne!(distances(&whole, "jnd", "d"), distances(&other, "jnd", "d"));
    // Pairs move the running statistics by which triplets are scored, so that those that were scored are so again.
    let scored = |split: &str, kept: usize| {
        let found = whole.reports().into_iter().find_map(|report| match report {
            Report::Samples(rows) if rows.split == split => Some(rows),
            _ => None,
        });
        let mut rows = found.unwrap();
        rows.ids.truncate(kept);
        rows.groups.truncate(kept);
        rows.columns.iter_mut().for_each(|column| column.values.truncate(kept));
        rows
    };
    for (split, kept, left) in [("jnd", 3, 4), ("jnd", 5, 2), ("val", 2, 7)] {
        let resumed = run_in(folder.path()).with_recorded(scored(split, kept));
        execute(&of("published", 5), &resumed).unwrap();
        let column = if split == "jnd" { "d" } else { "d0" };
        assert_eq!(distances(&resumed, split, column).len(), left, "{split}");
        assert_eq!(resumed.metrics(), whole.metrics(), "{split} {kept}");
    }
}

#[test]
fn a_part_that_is_named_twice_counts_once_in_the_mean() {
    let means = |run: &MemoryRun| {
        execute(&settings("baseline"), run).unwrap();
        let metrics = run.metrics().into_iter().filter(|metric| metric.split == "val/mean");
        // Which table the part's scores stand in may differ.
        metrics.map(|metric| (metric.name, metric.value, metric.samples)).collect::<Vec<_>>()
    };
    let folder = tempfile::tempdir().unwrap();
    let expected = means(&run_in(folder.path()));
    assert_eq!(expected.len(), 2);
    let part = triplets("val", 9).into_iter().filter(|sample| sample.group == "a").collect();
    assert_eq!(means(&run_in(folder.path()).with_samples("val/a", part)), expected);
}

#[test]
fn what_is_exported_gives_the_distances_that_were_recorded() {
    for variant in ["lin", "tune"] {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        execute(&settings(variant), &run).unwrap();
        let checkpoints = folder.path().join("checkpoints");
        let file = PytorchReader::new(checkpoints.join("calibration.pth")).unwrap();
        let calibration: Vec<Tensor> = [4_i64, 6]
            .into_iter()
            .enumerate()
            .map(|(layer, channels)| {
                let tensor = file.get(&format!("lin{layer}.model.1.weight")).unwrap();
                assert_eq!(tensor.shape(), [1, channels as usize, 1, 1]);
                Tensor::from_slice(&floats(&tensor.read().unwrap()))
            })
            .collect();
        assert!(calibration.iter().all(|weights| weights.min().double_value(&[]) >= 0.0));
        let network = ConvLossNetwork::new(0, true).unwrap();
        if variant == "tune" {
            let bytes = std::fs::read(checkpoints.join("network.safetensors")).unwrap();
            let file = SafeTensors::deserialize(&bytes).unwrap();
            for (name, tensor) in network.parameters().unwrap() {
                let values = Tensor::from_slice(&floats(file.tensor(&name).unwrap().data()))
                    .view(tensor.size().as_slice());
                tch::no_grad(|| tensor.shallow_clone().copy_(&values));
            }
        }
        let samples = run.samples("val").unwrap();
        let recorded = distances(&run, "val", "d0");
        assert_eq!(recorded.len(), samples.len());
        for (index, recorded) in recorded.into_iter().enumerate() {
            let sample = samples.sample(index).unwrap();
            let features = |field: &str| {
                let image = lossnet_plugin_kit::samples::image(&sample, field).unwrap().to_tensor().unwrap();
                tch::no_grad(|| network.features(&image.unsqueeze(0)).unwrap())
            };
            let distance = network.compare(0, &features("ref"), &features("p0"), Some(&calibration)).unwrap();
            let distance = tch::no_grad(|| distance.double_value(&[0]));
            assert!(
                (distance - recorded).abs() <= 1e-6 * recorded.abs().max(1e-3),
                "{variant}: {distance} {recorded}"
            );
        }
        let told = run.notices().join("\n");
        assert!(told.contains("loss_network.calibration") && told.contains("calibration.pth"), "{told}");
        assert_eq!(told.contains("loss_network.weights"), variant == "tune");
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]])).collect()
}

#[test]
fn with_a_share_for_validation_the_best_weights_count() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(folder.path());
    let mut settings = settings("lin");
    settings["training"]["validation_fraction"] = 0.25.into();
    execute(&settings, &run).unwrap();
    let objectives = run.curve("training/validation/objective");
    assert_eq!(objectives.len(), 3);
    assert!(objectives.iter().all(|(_, score)| (0.0..=1.0).contains(score)), "{objectives:?}");
    // 9 of the 12 triplets are left to train with.
    assert_eq!(run.curve("training/step_loss").len(), 6);
}

#[test]
fn validation_stops_when_the_user_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    // After the two steps of an epoch.
    let run = run_in(folder.path()).cancelled_after(2);
    let mut settings = settings("lin");
    settings["training"]["validation_fraction"] = 0.25.into();
    assert_eq!(execute(&settings, &run).unwrap_err().kind, ErrorKind::Interrupted);
    assert!(run.curve("training/validation/objective").is_empty());
}

#[test]
fn what_can_t_be_trained_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = |settings: &Value, run: MemoryRun| {
        let error = execute(settings, &run).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Input, "{error}");
        format!("{error}; {}", error.help.clone().unwrap_or_default())
    };
    let mut jnd = settings("lin");
    jnd["train_split"] = "jnd".into();
    let text = told(&jnd, run_in(folder.path()));
    assert!(text.contains("the samples of the split `jnd`, such as jnd/0, are not triplets"), "{text}");
    assert!(text.contains("task.train_split"), "{text}");

    let mut none = settings("tune");
    none["train_split"] = "training".into();
    let text = told(&none, run_in(folder.path()));
    assert!(text.contains("`training`") && text.contains("task.train_split"), "{text}");

    let empty = MemoryRun::new(folder.path()).unwrap().with_samples("train", Vec::new());
    assert!(told(&settings("lin"), empty).contains("the split `train` has no samples to train with"));

    let mut wrong = triplets("val", 2);
    wrong[1].fields.retain(|(name, _)| name != "p1");
    let broken = MemoryRun::new(folder.path()).unwrap().with_samples("val", wrong);
    assert!(told(&settings("baseline"), broken).contains("val/1: it has no image `p1`"));

    let mut mixed = triplets("val", 2);
    mixed.extend(pairs(1));
    let mixed = MemoryRun::new(folder.path()).unwrap().with_samples("val", mixed);
    assert!(told(&settings("baseline"), mixed).contains("a split has either triplets or pairs"));

    let image = vec![Sample { id: "1".into(), group: String::new(), fields: vec![picture("1/image")] }];
    let images = MemoryRun::new(folder.path()).unwrap().with_samples("val", image);
    let text = told(&settings("baseline"), images);
    assert!(text.contains("the sample 1 has image, and the task `metric` needs triplets"), "{text}");
}
