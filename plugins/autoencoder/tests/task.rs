//! The whole task on images made here: what it reports, that it goes on after interruptions, and what it says of data that
//! it can't use.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_autoencoder::task;
use lossnet_plugin_kit::image::{Image, read};
use lossnet_plugin_kit::testing::{MemoryRun, recomputed};
use serde_json::{Value, json};

use common::Pooled;

/// libtorch draws from one generator for all threads: one training at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A class is a bright square in one of ten places.
fn sample(split: &str, index: usize, width: usize, height: usize) -> Sample {
    let label = (index * 7) % 10;
    let (left, top) = ((label % 5) * width / 5, (label / 5) * height / 2);
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let inside = (left..left + width / 5).contains(&x) && (top..top + height / 2).contains(&y);
            let noise = (x * 31 + y * 17 + index * 101) % 64;
            data.extend([if inside { 255 } else { 20 + noise as u8 }, 90, noise as u8 * 2]);
        }
    }
    let image = Image::rgb(width, height, data).unwrap();
    let fields = vec![
        ("image".to_owned(), Field::Image(image.into())),
        ("label".to_owned(), Field::Number(label as f64)),
    ];
    Sample { id: format!("{split}/{index:03}"), group: String::new(), fields }
}

fn samples(split: &str, count: usize, width: usize, height: usize) -> Vec<Sample> {
    (0..count).map(|index| sample(split, index, width, height)).collect()
}

fn run_in(folder: &Path, width: usize, height: usize) -> MemoryRun {
    // Images to train the autoencoder on have no label.
    let mut unlabeled = samples("unlabeled", 20, width, height);
    for sample in &mut unlabeled {
        sample.fields.truncate(1);
    }
    MemoryRun::new(folder)
        .unwrap()
        .with_samples("unlabeled", unlabeled)
        .with_samples("train", samples("train", 24, width, height))
        .with_samples("test", samples("test", 12, width, height))
}

/// Small settings, with these on top.
fn settings(more: &Value) -> String {
    let mut settings = json!({
        "latent_dim": 6,
        "predictors": [[], [8, 4]],
        "training": { "epochs": 2, "batch_size": 8, "picture_epochs": 1 },
        "predictor_training": { "epochs": 12, "batch_size": 8, "learning_rate": 0.01, "picture_epochs": 0 },
    });
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings.to_string()
}

fn attempt(run: MemoryRun, more: &Value) -> (MemoryRun, Result<(), PluginError>) {
    let run = run.with_splits(&["test"]).with_networks(|_| Ok(Box::new(Pooled)));
    let outcome = task().run_json(&settings(more), &run);
    (run, outcome)
}

fn value(run: &MemoryRun, name: &str, split: &str) -> f64 {
    let metrics = run.metrics();
    let mut found = metrics.iter().filter(|metric| metric.name == name && metric.split == split);
    let metric = found.next().unwrap_or_else(|| panic!("no {name} of {split}"));
    assert!(found.next().is_none(), "{name} of {split} was reported twice");
    metric.value
}

#[test]
fn predictors_are_reported_with_the_best_of_them_and_every_sample() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (run, outcome) = attempt(run_in(folder.path(), 64, 64), &json!({}));
    outcome.unwrap();
    let names = ["predictor-linear", "predictor-8x4"];
    let smallest = names.map(|name| value(&run, "loss", &format!("validation/{name}")));
    let best = if smallest[0] <= smallest[1] { names[0] } else { names[1] };
    for split in ["validation", "test"] {
        for metric in ["accuracy", "loss", "l1", "l2"] {
            let of = |predictor: &str| value(&run, metric, &format!("{split}/{predictor}"));
            assert_eq!(of("best"), of(best), "{split} {metric}");
            assert!(names.iter().all(|name| of(name).is_finite()));
        }
    }
    assert!(value(&run, "loss", "validation/autoencoder") > 0.0);
    // What needs no code is reported beside what needs one.
    let metrics = run.metrics();
    let of_best =
        |name: &str| metrics.iter().find(|one| one.name == name && one.split == "test/best").unwrap();
    let names = |name: &str| -> Vec<&str> {
        of_best(name).baselines.iter().map(|baseline| baseline.name.as_str()).collect()
    };
    assert_eq!(names("accuracy"), ["the most frequent class", "chance"]);
    assert_eq!(
        (names("loss"), of_best("accuracy").highest),
        (vec!["the frequencies of the classes"], Some(1.0))
    );
    assert_eq!(run.metrics().len(), 2 * 3 * 4 + 1);

    let rows = run.reports().into_iter().find_map(|report| match report {
        Report::Samples(rows) => Some(rows),
        _ => None,
    });
    let rows = rows.unwrap();
    assert_eq!((rows.split.as_str(), rows.len(), rows.ids[3].as_str()), ("test", 12, "test/003"));
    let mean = |name: &str| rows.column(name).unwrap().iter().sum::<f64>() / 12.0;
    assert!((mean("correct") - value(&run, "accuracy", "test/best")).abs() < 1e-12);
    assert!((mean("loss") - value(&run, "loss", "test/best")).abs() < 1e-12);

    // What the best predictor makes of the test images, and which ones each of both gets right.
    let again = recomputed(&run.reports());
    assert_eq!(again.len(), 4 + 2);
    for (name, split, reported, computed) in again {
        assert!((reported - computed).abs() < 1e-9, "{name} of {split}: {reported} and {computed}");
    }

    let notices = run.notices();
    assert!(
        notices.contains(&"the autoencoder is trained on the split `unlabeled`".to_owned()),
        "{notices:?}"
    );
    // 16 of 20 images in batches of 8, twice; single steps of predictors are not recorded.
    assert_eq!(run.curve("autoencoder/step_loss").len(), 4);
    assert_eq!(run.curve("predictor-8x4/loss").len(), 12);
    assert_eq!(run.curve("predictor-8x4/step_loss").len(), 0);
    // Two rows of four images, with gaps.
    let sheet = read(run.folder().join("autoencoder-reconstructions.png")).unwrap().image;
    assert!(sheet.width() >= 4 * 64 && sheet.height() >= 2 * 64);
    assert!(run.folder().join("autoencoder-reconstructions-epoch-0001.png").is_file());

    let network = Tensor::read_safetensors(folder.path().join("checkpoints/network.safetensors")).unwrap();
    let names: Vec<&str> = network.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["encoder.0.weight", "encoder.10.running_var", "mu.bias", "dense.weight", "decoder.9.bias"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    assert!(!names.contains(&"logvar.weight"));
}

#[test]
fn pictures_of_all_seeds_are_of_the_same_images() {
    let _alone = alone();
    let originals = |seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let more = json!({ "predictors": [[]], "training": { "epochs": 1, "batch_size": 8 } });
        let (run, outcome) = attempt(run_in(folder.path(), 64, 64).with_seed(seed), &more);
        outcome.unwrap();
        let sheet = read(run.folder().join("autoencoder-reconstructions.png")).unwrap().image;
        (0..sheet.width()).map(|x| sheet.pixel(x, 32).to_vec()).collect::<Vec<_>>()
    };
    let first = originals(1);
    // Eight of the twelve test images, with gaps of two pixels.
    assert_eq!(first.len(), 8 * 66 - 2);
    let second = lossnet_plugin_kit::samples::image(&sample("test", 1, 64, 64), "image").unwrap();
    assert_eq!(first[66 + 10], second.pixel(10, 32).to_vec());
    assert_eq!(first, originals(2));
}

#[test]
fn an_interrupted_task_ends_with_the_same_results() {
    let _alone = alone();
    for protocol in ["corrected", "published"] {
        let folder = tempfile::tempdir().unwrap();
        let more = json!({ "protocol": protocol, "divergence_weight": 0.1, "model": "feature-autoencoder" });
        let (whole, outcome) = attempt(run_in(&folder.path().join("whole"), 64, 64), &more);
        outcome.unwrap();
        let parts = folder.path().join("parts");
        let mut attempts = 0;
        let resumed = loop {
            attempts += 1;
            let (run, outcome) = attempt(run_in(&parts, 64, 64).cancelled_after(15 + attempts % 3), &more);
            match outcome {
                Ok(()) => break run,
                Err(error) => assert_eq!(error.kind, ErrorKind::Interrupted, "{error}"),
            }
            assert!(attempts < 60);
        };
        assert!(attempts > 4, "{attempts} attempts");
        assert_eq!(resumed.metrics(), whole.metrics(), "{protocol}");
    }
}

#[test]
fn an_interrupted_validation_loses_no_steps() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // One question after each of the epoch's two steps, the third in the validation; checkpoints are due later.
    let (_, outcome) = attempt(run_in(folder.path(), 64, 64).cancelled_after(2), &json!({}));
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Interrupted);
    let (run, outcome) = attempt(run_in(folder.path(), 64, 64), &json!({}));
    outcome.unwrap();
    let steps: Vec<u64> = run.curve("autoencoder/step_loss").into_iter().map(|(step, _)| step).collect();
    // The last step's point comes again; its epoch's other one does not.
    assert_eq!(steps, [2, 3, 4]);
}

#[test]
fn both_protocols_test_predictors_with_their_best_weights() {
    let _alone = alone();
    // Steps so large that the best epoch is an early one. This loss network has no training mode, and neither divergence_weight nor sorted_weight
    // is set, and shares need no rounding, so that nothing is left for the protocols to differ in.
    let more = |protocol: &str| {
        json!({
            "protocol": protocol,
            "model": "feature-autoencoder",
            "predictors": [[8]],
            "predictor_training": {
                "epochs": 40, "batch_size": 4, "learning_rate": 0.5, "patience": 4, "validation_fraction": 0.25,
            },
            "training": { "epochs": 1, "batch_size": 8, "validation_fraction": 0.25 },
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let metrics = |protocol: &str| {
        let (run, outcome) = attempt(run_in(&folder.path().join(protocol), 64, 64), &more(protocol));
        outcome.unwrap();
        run.metrics()
    };
    assert_eq!(metrics("published"), metrics("corrected"));
}

#[test]
fn all_other_models_learn_from_images_of_any_size_with_all_terms() {
    let _alone = alone();
    let models = [
        "feature-predictor-cvae",
        "feature-autoencoder",
        "perceptual-feature-to-img-cvae",
        "feature-to-img-cvae",
    ];
    for model in models {
        let folder = tempfile::tempdir().unwrap();
        // Padded to 64×80.
        let more = json!({
            "model": model, "divergence_weight": 0.01, "sorted_weight": 0.5, "predictors": [[]], "keep_checkpoints": false,
            "perceptual": if model == "perceptual-feature-to-img-cvae" { "comparison" } else { "mse" },
            "training": { "epochs": 1, "batch_size": 16 },
        });
        let (run, outcome) = attempt(run_in(folder.path(), 32, 70), &more);
        outcome.unwrap();
        for term in ["loss", "reconstruction", "divergence", "sorted"] {
            assert_eq!(run.curve(&format!("autoencoder/step_{term}")).len(), 1, "{model} {term}");
        }
        assert_eq!(run.curve("autoencoder/validation/divergence").len(), 1);
        let pictured = run.folder().join("autoencoder-reconstructions.png").is_file();
        assert_eq!(pictured, !["feature-predictor-cvae", "feature-autoencoder"].contains(&model), "{model}");
        // Nothing is kept.
        let kept = std::fs::read_dir(folder.path().join("checkpoints")).map_or(0, Iterator::count);
        assert_eq!(kept, 0, "{model}");
    }
}

#[test]
fn evaluation_reaches_further_datasets() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(folder.path(), 64, 64).with_samples("other:test", samples("other", 4, 32, 32));
    let training = json!({ "epochs": 1, "batch_size": 16 });
    let more = json!({ "model": "feature-autoencoder", "predictors": [[]], "training": training });
    let (run, outcome) = attempt(run, &more);
    outcome.unwrap();
    assert!(value(&run, "accuracy", "other:test/best") >= 0.0);
}

fn failure(run: MemoryRun, more: &Value) -> String {
    let _alone = alone();
    let (_, outcome) = attempt(run, more);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Input, "{error}");
    error.to_string()
}

#[test]
fn data_that_can_t_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let training = json!({ "epochs": 1, "batch_size": 16 });
    let quick = json!({ "model": "feature-autoencoder", "predictors": [[]], "training": training });
    let contains = |error: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    let error = failure(run_in(folder.path(), 20, 64), &json!({}));
    contains(error, &["20×64 pixels is too small to be padded to 64×64"]);

    let error = failure(run_in(folder.path(), 208, 208), &json!({}));
    contains(error, &["features of images of 208×208", "takes no such images"]);

    let new = |name: &str| MemoryRun::new(&folder.path().join(name)).unwrap();
    let run = new("sizes")
        .with_samples("train", samples("train", 10, 64, 64))
        .with_samples("test", samples("test", 3, 90, 64));
    contains(failure(run, &quick), &["sample test/000", "96×64 pixels", "takes 64×64"]);

    let test = || samples("test", 3, 64, 64);
    let mut unlabelled = samples("train", 10, 64, 64);
    unlabelled[4].fields.truncate(1);
    let run = new("labels").with_samples("train", unlabelled).with_samples("test", test());
    contains(failure(run, &quick), &["the sample train/004 has no number `label`: it has image"]);

    let run = new("classes").with_samples("train", samples("train", 10, 64, 64)).with_samples("test", test());
    let mut few = quick.clone();
    few["classes"] = json!(4);
    contains(failure(run, &few), &["is 7, and with 4 classes it must be a whole number from 0 to 3"]);

    let run = new("imageless").with_samples(
        "train",
        vec![
            Sample {
                id: "text".to_owned(),
                group: String::new(),
                fields: vec![("label".to_owned(), Field::Number(1.0))],
            };
            4
        ],
    );
    let run = run.with_samples("test", test());
    contains(failure(run, &quick), &["the sample text has no image `image`: it has label"]);

    let run = new("splits").with_samples("validate", samples("validate", 4, 64, 64));
    contains(failure(run, &quick), &["no split unlabeled, extra or train", "it has validate"]);

    let run = new("few").with_samples("train", samples("train", 1, 64, 64));
    contains(failure(run, &quick), &["`train` has 1 samples"]);

    let error = failure(run_in(folder.path(), 64, 64), &json!({ "predictors": [[8], [8]] }));
    contains(error, &["`task.predictors` has [8] twice"]);
    let error = failure(run_in(folder.path(), 64, 64), &json!({ "predictors": [[8, 0]] }));
    contains(error, &["[8, 0] has a layer of size 0"]);
}

#[test]
fn what_is_evaluated_is_looked_at_before_hours_of_training() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut unlabelled = samples("test", 3, 64, 64);
    for sample in &mut unlabelled {
        sample.fields.truncate(1);
    }
    let training = json!({ "epochs": 1, "batch_size": 16 });
    let quick = json!({ "model": "feature-autoencoder", "predictors": [[]], "training": training });
    for (test, message) in [
        (Vec::new(), "the split `test` has no samples"),
        (unlabelled, "the sample test/000 has no number `label`: it has image"),
    ] {
        let run = MemoryRun::new(folder.path()).unwrap().with_samples("train", samples("train", 10, 64, 64));
        let (run, outcome) = attempt(run.with_samples("test", test), &quick);
        assert_eq!(outcome.unwrap_err().to_string(), message);
        assert!(run.curve("autoencoder/step_loss").is_empty(), "{message}: after the training");
    }
}

#[test]
fn its_defaults_are_the_papers() {
    let manifest = task().manifest().unwrap();
    assert_eq!(manifest.details.config_defaults["loss_network.normalize"], "none");
    assert_eq!(manifest.details.config_defaults["data.splits"], json!(["test"]));
    let defaults = &manifest.config_schema["properties"];
    assert_eq!(defaults["latent_dim"]["default"], 64);
    assert_eq!(defaults["predictors"]["default"].as_array().unwrap().len(), 7);
    assert_eq!(defaults["training"]["default"]["epochs"], 50);
    assert_eq!(defaults["predictor_training"]["default"]["epochs"], 500);
}

/// The config of a cell with these predictors.
fn cell(predictors: &Value) -> serde_json::Map<String, Value> {
    let mut task: Value = serde_json::from_str(&settings(&json!({ "predictors": predictors }))).unwrap();
    task["name"] = json!("autoencoder");
    json!({ "task": task }).as_object().unwrap().clone()
}

#[test]
fn an_autoencoder_is_trained_once_for_all_its_predictors_and_found_again_by_later_ones() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (json!([[]]), json!([[8, 4]]));
    let run = run_in(folder.path(), 64, 64).with_config(cell(&first)).with_another_cell(cell(&second));
    let (run, outcome) = attempt(run, &json!({ "predictors": first }));
    outcome.unwrap();
    // Two epochs of two steps, and each step is told to both cells.
    assert_eq!(run.curve("autoencoder/step_loss").len(), 2 * 2 * 2);
    for name in ["predictor-linear", "predictor-8x4"] {
        assert!(value(&run, "accuracy", &format!("test/{name}")).is_finite());
    }

    // A predictor that is added later finds the autoencoder, and gives what it would have given at once.
    let later = run_in(folder.path(), 64, 64).with_config(cell(&json!([[16]])));
    let (later, outcome) = attempt(later, &json!({ "predictors": [[16]] }));
    outcome.unwrap();
    assert_eq!(later.curve("autoencoder/step_loss"), []);
    let alone = tempfile::tempdir().unwrap();
    let (at_once, outcome) = attempt(run_in(alone.path(), 64, 64), &json!({ "predictors": [[16]] }));
    outcome.unwrap();
    let loss = |run: &MemoryRun| value(run, "loss", "test/predictor-16");
    assert_eq!(loss(&later).to_bits(), loss(&at_once).to_bits());
    // Another seed, as other settings have it, is another autoencoder.
    let (other, outcome) = attempt(run_in(folder.path(), 64, 64).with_seed(5), &json!({}));
    outcome.unwrap();
    assert!(!other.curve("autoencoder/step_loss").is_empty());
}

#[test]
fn the_manifest_says_what_shares_an_autoencoder() {
    let details = task().manifest().unwrap().details;
    assert_eq!(details.shared_axes.len(), 1);
    assert!(details.shared_axes[0].axes.contains(&"task.predictors".to_owned()));
}
