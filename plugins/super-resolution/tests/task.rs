//! The whole task on small images.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::report::BaselineScore;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::testing::{MemoryRun, recomputed};
use lossnet_plugin_super_resolution::task;
use serde_json::{Value, json};

/// libtorch's generator is one for the whole process, so two trainings at once would disturb each other.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A picture that depends on its number, and on nothing else.
fn sample(number: usize, width: usize, height: usize) -> Sample {
    let level = |x: usize, y: usize, channel: usize| {
        let (x, y, n) = (x as f64, y as f64, number as f64);
        let wave = (x / (2.0 + n % 5.0) + channel as f64 + n).sin() + (y / (3.0 + n % 3.0)).cos();
        (127.5 + 60.0 * wave) as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data = pixels.flat_map(|(x, y)| [0, 1, 2].map(|channel| level(x, y, channel))).collect();
    let image = Image::rgb(width, height, data).unwrap();
    let fields = vec![("image".to_owned(), Field::Image(image.into()))];
    Sample { id: format!("pictures/{number}"), group: String::new(), fields }
}

fn samples(first: usize, count: usize) -> Vec<Sample> {
    (first..first + count).map(|number| sample(number, 40 + number % 3, 36)).collect()
}

fn run(folder: &Path) -> MemoryRun {
    MemoryRun::new(folder)
        .unwrap()
        .with_samples("train", samples(0, 9))
        .with_samples("val", samples(20, 6))
        .with_samples("small:test", samples(40, 2))
}

fn settings() -> Value {
    json!({
        "size": 32,
        "train_images": 8,
        "val_images": 4,
        "save_images": 1,
        "training": { "epochs": 2, "batch_size": 4, "checkpoint_minutes": 60 },
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut settings = settings();
    settings[key] = value;
    settings
}

fn refusal(run: &MemoryRun, settings: &Value) -> String {
    task().run_json(&settings.to_string(), run).unwrap_err().to_string()
}

#[test]
fn a_network_is_trained_tested_and_kept() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    task().run_json(&settings().to_string(), &run).unwrap();
    let names: Vec<(String, String, String)> =
        run.metrics().into_iter().map(|metric| (metric.name, metric.split, metric.unit)).collect();
    let mut expected = Vec::new();
    for split in ["small/center-crop", "small/standard"] {
        for (name, unit) in
            [("psnr", "dB"), ("ssim", "share"), ("bicubic_psnr", "dB"), ("bicubic_ssim", "share")]
        {
            expected.push((name.to_owned(), split.to_owned(), unit.to_owned()));
        }
        // Of images of the training's side.
        if split == "small/center-crop" {
            expected.push(("feature_loss".to_owned(), split.to_owned(), "1".to_owned()));
        }
    }
    assert_eq!(names, expected);
    for metric in run.metrics() {
        let is_loss = metric.name == "feature_loss";
        assert!(
            metric.samples == 2 && metric.higher_is_better != is_loss && metric.value > 0.0,
            "{metric:?}"
        );
        let bicubic = BaselineScore::Metric(format!("bicubic_{}", metric.name));
        let has_none = is_loss || metric.name.starts_with("bicubic_");
        let expected = (!has_none).then_some(bicubic);
        assert_eq!(metric.baselines.first().map(|baseline| baseline.score.clone()), expected);
    }
    let rows: Vec<SampleRows> = run
        .reports()
        .into_iter()
        .filter_map(|report| match report {
            Report::Samples(rows) => Some(rows),
            _ => None,
        })
        .collect();
    assert_eq!(rows.len(), 2);
    for rows in &rows {
        assert_eq!(rows.ids, ["pictures/40", "pictures/41"]);
        for column in ["psnr", "ssim", "bicubic_psnr", "bicubic_ssim"] {
            let mean = rows.column(column).unwrap().iter().sum::<f64>() / 2.0;
            let metric =
                run.metrics().into_iter().find(|m| m.name == column && m.split == rows.split).unwrap();
            assert_eq!(metric.value, mean);
        }
    }
    // All results are means over the reported images.
    let again = recomputed(&run.reports());
    assert_eq!(again.len(), 9);
    for (name, split, reported, computed) in again {
        assert!((reported - computed).abs() < 1e-9, "{name} of {split}: {reported} and {computed}");
    }
    assert_eq!(run.curve("training/step_loss").len(), 4);
    assert_eq!(run.curve("training/validation/psnr").len(), 2);
    assert_eq!(run.curve("training/validation/objective"), run.curve("training/validation/psnr"));
    for file in
        ["training-validation-epoch-0001.png", "training-validation.png", "small-standard-pictures-40.png"]
    {
        assert!(run.folder().join(file).is_file(), "{file}");
    }
    assert!(!run.folder().join("small-standard-pictures-41.png").exists());
    let network = Tensor::read_safetensors(folder.path().join("checkpoints/network.safetensors")).unwrap();
    let weights = network.iter().find(|(name, _)| name == "residual.3.1.conv.weight").unwrap();
    assert_eq!(weights.1.size(), [64, 64, 3, 3]);
    // 12 layers of six tensors.
    assert_eq!(network.len(), 12 * 6);
    // A learned enlargement has some likeness; one of random weights has 10 dB or so.
    assert!(run.curve("training/loss")[1].1 < run.curve("training/loss")[0].1);
}

#[test]
fn an_interrupted_run_ends_with_the_same_numbers() {
    let _alone = alone();
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let straight = run(whole.path());
    task().run_json(&settings().to_string(), &straight).unwrap();
    // One question whether to stop while loading, one at each of four steps and two ends of epochs, one at each image.
    for questions in [0, 2, 3, 2, 4] {
        let attempt = run(parts.path()).cancelled_after(questions);
        let error = task().run_json(&settings().to_string(), &attempt).unwrap_err();
        assert_eq!(error, PluginError::interrupted(), "after {questions} questions");
    }
    let last = run(parts.path());
    task().run_json(&settings().to_string(), &last).unwrap();
    assert!(last.curve("training/step_loss").is_empty(), "nothing was left to be trained");
    assert_eq!(last.metrics(), straight.metrics());
    let network = |folder: &Path| std::fs::read(folder.join("checkpoints/network.safetensors")).unwrap();
    assert!(network(parts.path()) == network(whole.path()), "the networks differ");
}

#[test]
fn the_published_protocol_is_validated_with_the_luma_of_batches() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    let mut settings = with("protocol", json!("published"));
    settings["factor"] = json!(8);
    settings["size"] = json!(40);
    settings["perceptual"] = json!("comparison");
    settings["test_protocols"] = json!(["center-crop"]);
    settings["training"]["epochs"] = json!(1);
    task().run_json(&settings.to_string(), &run).unwrap();
    let objective = run.curve("training/validation/objective");
    assert_eq!(objective, run.curve("training/validation/psnr_of_batches"));
    assert_ne!(objective, run.curve("training/validation/psnr"));
    assert!(run.metrics().iter().all(|metric| metric.split == "small/center-crop"));
}

#[test]
fn without_a_validation_split_a_share_is_set_aside() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path())
        .unwrap()
        .with_samples("train", samples(0, 9))
        .with_samples("test", samples(40, 1));
    let mut settings = with("test_protocols", json!(["center-crop"]));
    settings["train_images"] = json!(20);
    settings["training"]["epochs"] = json!(1);
    // Splits of the main dataset that are configured are tested on where there is no other test set.
    let error = refusal(&run, &with("train_split", json!("training")));
    assert_eq!(error, "the dataset has no split `training`: it has train, test");
    task().run_json(&settings.to_string(), &run).unwrap();
    let notices = run.notices();
    assert!(
        notices.contains(&"2 of the 9 images of `train` are set aside for the validation".to_owned()),
        "{notices:?}"
    );
    assert!(notices[0].contains("has 9 images, fewer than the 20"), "{notices:?}");
    let splits: Vec<String> = run.metrics().into_iter().map(|metric| metric.split).collect();
    assert!(splits.iter().any(|split| split == "test/center-crop"), "{splits:?}");
}

#[test]
fn splits_that_are_not_tested_on_are_told_of() {
    let _alone = alone();
    let told = |splits: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let run = run(folder.path()).with_splits(splits);
        let mut settings = with("test_protocols", json!(["center-crop"]));
        settings["training"]["epochs"] = json!(1);
        task().run_json(&settings.to_string(), &run).unwrap();
        assert!(
            run.metrics().iter().all(|metric| metric.split == "small/center-crop"),
            "{:?}",
            run.metrics()
        );
        run.notices().into_iter().filter(|notice| notice.contains("data.splits")).collect::<Vec<_>>()
    };
    assert_eq!(
        told(&["val", "train"]),
        [
            "only the datasets of [data.test.LABEL] are tested on, not `data.splits` (val, train): the main dataset can \
          have such a section, too"
        ]
    );
    // Nobody asked for what is there by default.
    assert_eq!(told(&["test"]), [""; 0]);
    assert_eq!(told(&[]), [""; 0]);
}

#[test]
fn validation_images_are_never_those_that_are_trained_with() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    let mut settings = with("train_split", json!("val"));
    settings["test_protocols"] = json!(["standard"]);
    settings["training"]["epochs"] = json!(1);
    task().run_json(&settings.to_string(), &run).unwrap();
    let told = "1 of the 6 images of `val` are set aside for the validation".to_owned();
    assert!(run.notices().contains(&told), "{:?}", run.notices());
    // Five images are left: a batch of four and one of one.
    assert_eq!(run.curve("training/step_loss").len(), 2);
}

#[test]
fn test_protocols_have_the_names_of_their_specification() {
    let schema = task().manifest().unwrap().config_schema;
    assert_eq!(schema["properties"]["test_protocols"]["default"], json!(["center-crop", "standard"]));
}

#[test]
fn settings_and_data_that_do_not_fit_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path());
    assert_eq!(
        refusal(&run, &with("size", json!(34))),
        "`task.size` must be a multiple of the factor 4 and at least 20, not 34"
    );
    assert_eq!(
        refusal(&run, &with("size", json!(16))),
        "`task.size` must be a multiple of the factor 4 and at least 20, not 16"
    );
    assert_eq!(refusal(&run, &with("factor", json!(3))), "`task.factor` must be 4 or 8, not 3");
    assert_eq!(
        refusal(&run, &with("test_protocols", json!([]))),
        "`task.test_protocols` must name a protocol at least"
    );
    assert_eq!(
        refusal(&run, &with("val_split", json!("valid"))),
        "the dataset has no split `valid`: it has train, val"
    );
    let without_image = Sample { fields: vec![("input".to_owned(), Field::Number(1.0))], ..sample(0, 8, 8) };
    let other = tempfile::tempdir().unwrap();
    let broken = MemoryRun::new(other.path())
        .unwrap()
        .with_samples("train", samples(0, 9))
        .with_samples("val", vec![without_image])
        .with_samples("test", samples(0, 1));
    assert_eq!(
        refusal(&broken, &settings()),
        "sample pictures/0: the sample pictures/0 has no image `image`: it has input"
    );
    let other = tempfile::tempdir().unwrap();
    let empty = MemoryRun::new(other.path()).unwrap().with_samples("small:test", Vec::new());
    assert_eq!(refusal(&empty, &settings()), "the split `small:test` has no image to test on");
}

#[test]
fn images_too_small_to_be_tested_are_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path())
        .unwrap()
        .with_samples("train", samples(0, 4))
        .with_samples("val", samples(20, 1))
        .with_samples("test", vec![sample(7, 30, 18)]);
    let mut settings = settings();
    settings["training"]["epochs"] = json!(1);
    assert_eq!(
        refusal(&run, &settings),
        "sample pictures/7: an image of 30×18 pixels is too small to be tested with the factor 4: each side must have \
         20 pixels at least"
    );
}
