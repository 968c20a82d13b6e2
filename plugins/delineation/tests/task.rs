//! The task from samples to results: end to end, interrupted, and with what a user may get wrong.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::protocol::report::{BaselineScore, Metric, Report, SampleRows};
use lossnet_plugin_api::protocol::sample::{Field, Sample};
use lossnet_plugin_delineation::task;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::testing::{MemoryRun, recomputed};
use serde_json::{Value, json};

/// libtorch draws from one generator for all threads: one training at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    // The images are too small for several threads to be of use.
    tch::set_num_threads(1);
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A bright diagonal or wave on noise, and where it is.
fn sample(split: &str, index: usize, (width, height): (usize, usize), channels: usize) -> Sample {
    let (mut input, mut map) = (Vec::new(), Vec::new());
    for y in 0..height {
        for x in 0..width {
            let wave = height as f64 / 2.0 + (x as f64 / 5.0 + index as f64).sin() * height as f64 / 4.0;
            let on = (y as f64 - wave).abs() < 2.0;
            let noise = ((x * 31 + y * 17 + index * 7) % 23) as u8;
            input.extend(std::iter::repeat_n(if on { 200 + noise } else { 40 + noise }, channels));
            map.push(if on { 255 } else { 0 });
        }
    }
    let image = |data, channels| {
        let image =
            if channels == 3 { Image::rgb(width, height, data) } else { Image::grey(width, height, data) };
        Field::Image(image.unwrap().into())
    };
    let fields = vec![("input".to_owned(), image(input, channels)), ("output".to_owned(), image(map, 1))];
    Sample { id: format!("{split}/{index}"), group: String::new(), fields }
}

fn samples(split: &str, count: usize, size: (usize, usize), channels: usize) -> Vec<Sample> {
    (0..count).map(|index| sample(split, index, size, channels)).collect()
}

fn run(folder: &Path) -> MemoryRun {
    MemoryRun::new(folder)
        .unwrap()
        .with_samples("train", samples("train", 8, (48, 40), 3))
        .with_samples("val", samples("val", 3, (40, 48), 3))
        .with_samples("roads:test", samples("test", 3, (50, 40), 3))
}

fn settings(changes: &Value) -> String {
    let mut settings = json!({
        "crop": 32, "size": 40, "perceptual_weight": 0.1, "tolerance": 1.5, "pictures": 2,
        "training": { "epochs": 2, "batch_size": 3, "learning_rate": 0.01, "checkpoint_minutes": 0.0 },
    });
    for (name, value) in changes.as_object().unwrap() {
        settings[name] = value.clone();
    }
    settings.to_string()
}

fn perform(run: &MemoryRun, changes: &Value) -> Result<(), PluginError> {
    task().run_json(&settings(changes), run)
}

fn rows(run: &MemoryRun) -> Vec<SampleRows> {
    let rows = |report| match report {
        Report::Samples(rows) => Some(rows),
        _ => None,
    };
    run.reports().into_iter().filter_map(rows).collect()
}

fn metric(run: &MemoryRun, split: &str, name: &str) -> Metric {
    let found = run.metrics().into_iter().find(|metric| metric.split == split && metric.name == name);
    found.unwrap_or_else(|| panic!("no {name} of {split} in {:?}", run.metrics()))
}

#[test]
fn a_run_reports_results_scores_pictures_and_the_network_also_after_interruptions() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let whole = run(&folder.path().join("whole"));
    perform(&whole, &json!({})).unwrap();
    for split in ["val", "roads:test"] {
        for name in [
            "completeness",
            "correctness",
            "quality",
            "constant_quality",
            "first_quality",
            "relaxed_completeness",
            "relaxed_correctness",
            "relaxed_quality",
            "relaxed_constant_quality",
        ] {
            let metric = metric(&whole, split, name);
            assert!((0.0..=1.0).contains(&metric.value) && metric.samples == 3, "{metric:?}");
        }
        assert!(metric(&whole, split, "bce").value > 0.0);
        let relaxed = metric(&whole, split, "relaxed_quality").value;
        assert!(relaxed >= metric(&whole, split, "quality").value);
    }
    // Four rows in about forty: what the constant predictor gets right.
    let constant = metric(&whole, "val", "constant_quality").value;
    assert!((0.05..0.12).contains(&constant), "{constant}");
    let quality = metric(&whole, "val", "quality");
    assert_eq!((quality.lowest, quality.highest), (Some(0.0), Some(1.0)));
    let [baseline] = &quality.baselines[..] else { panic!("{quality:?}") };
    assert_eq!(baseline.score, BaselineScore::Value(constant));
    // Who predicts every pixel finds all true ones, so completeness alone says nothing; the right ones are the quality.
    let relaxed = metric(&whole, "val", "relaxed_constant_quality").value;
    assert!(relaxed > constant, "{relaxed}");
    for (name, expected) in [
        ("completeness", 1.0),
        ("correctness", constant),
        ("first_quality", constant),
        ("relaxed_completeness", 1.0),
        ("relaxed_correctness", relaxed),
        ("relaxed_quality", relaxed),
        ("bce", std::f64::consts::LN_2),
    ] {
        let [baseline] = &metric(&whole, "val", name).baselines[..] else { panic!("{name}") };
        assert_eq!(baseline.score, BaselineScore::Value(expected), "{name}");
    }
    let table = rows(&whole).into_iter().find(|rows| rows.split == "roads:test").unwrap();
    assert_eq!(table.ids, ["test/0", "test/1", "test/2"]);
    let qualities = table.column("quality").unwrap();
    let mean = qualities.iter().sum::<f64>() / 3.0;
    assert_eq!(mean, metric(&whole, "roads:test", "quality").value);
    // All but the number of undefined images are means over the reported images of three splits.
    let again = recomputed(&whole.reports());
    assert_eq!(again.len(), 3 * 10);
    for (name, split, reported, computed) in again {
        assert!((reported - computed).abs() < 1e-9, "{name} of {split}: {reported} and {computed}");
    }
    for name in ["unet/step_loss", "unet/step_bce", "unet/step_perceptual"] {
        assert_eq!(whole.curve(name).len(), 6, "{name}");
    }
    let [loss, bce, perceptual] =
        ["loss", "bce", "perceptual"].map(|name| whole.curve(&format!("unet/step_{name}"))[0].1);
    assert!((loss - bce - 0.1 * perceptual).abs() < 1e-6 && perceptual > 0.0);
    assert_eq!(whole.curve("unet/validation/quality").len(), 2);
    for file in ["logs/test-roads-test.png", "logs/test-val.png", "checkpoints/network.safetensors"] {
        assert!(folder.path().join("whole").join(file).is_file(), "{file}");
    }
    let pictures = std::fs::read_dir(whole.folder()).unwrap();
    let pictures: Vec<String> =
        pictures.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(pictures.iter().any(|name| name.starts_with("unet-validation-epoch-")), "{pictures:?}");

    // Stopped again and again, now in the training, now in the evaluation.
    let parts = folder.path().join("parts");
    let mut attempts = 0;
    let resumed = loop {
        let run = run(&parts).cancelled_after(1 + attempts);
        match perform(&run, &json!({})) {
            Ok(()) => break run,
            Err(error) => assert_eq!(error.kind, ErrorKind::Interrupted, "{error}"),
        }
        attempts += 1;
        assert!(attempts < 30);
    };
    assert!(attempts >= 4, "{attempts} interruptions");
    assert_eq!(resumed.metrics(), whole.metrics());
    assert_eq!(rows(&resumed), rows(&whole));
    let network =
        |name: &str| std::fs::read(folder.path().join(name).join("checkpoints/network.safetensors"));
    assert_eq!(network("parts").unwrap(), network("whole").unwrap());
}

#[test]
fn lines_are_learned_without_a_loss_network_where_it_has_no_weight() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path()).with_networks(|_| Err(PluginError::input("the weights are missing")));
    let error = task().run_json(&settings(&json!({})), &run).unwrap_err();
    assert_eq!(error.to_string(), "the weights are missing");
    let training = json!({ "epochs": 30, "batch_size": 4, "learning_rate": 0.02, "picture_epochs": 0 });
    let changes = json!({ "training": training, "perceptual_weight": 0.0, "test_steps": 1 });
    task().run_json(&settings(&changes), &run).unwrap();
    let quality = metric(&run, "roads:test", "quality").value;
    let constant = metric(&run, "roads:test", "constant_quality").value;
    assert!(quality > 3.0 * constant, "{quality}, and {constant} without learning");
    // Nor is there anything of a perceptual loss, or of other refinements than the first.
    assert!(run.curve("unet/step_perceptual").is_empty());
    assert!(run.metrics().iter().all(|metric| metric.name != "first_quality"));
}

#[test]
fn published_results_are_sums_over_refinements_on_the_validation_images() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let outcome = |name: &str, changes: Value| {
        let run = MemoryRun::new(&folder.path().join(name))
            .unwrap()
            .with_samples("train", samples("train", 5, (48, 40), 1))
            .with_samples("val", samples("val", 2, (40, 48), 1))
            .with_samples("test", samples("test", 2, (48, 48), 1));
        perform(&run, &changes).unwrap();
        run
    };
    let published = outcome("a", json!({ "test_steps": 3, "protocol": "published" }));
    assert!(published.metrics().iter().all(|metric| metric.split == "val"), "{:?}", published.metrics());
    let quality = metric(&published, "val", "quality");
    assert_eq!(quality.unit, "sum of 6 shares");
    assert!((0.0..=6.0).contains(&quality.value), "{quality:?}");
    let constant = metric(&published, "val", "constant_quality");
    assert_eq!(constant.unit, "share");
    // Of a constant prediction as many shares are added up.
    for (name, expected) in [
        ("completeness", 6.0),
        ("correctness", 6.0 * constant.value),
        ("quality", 6.0 * constant.value),
        ("first_quality", constant.value),
    ] {
        let [baseline] = &metric(&published, "val", name).baselines[..] else { panic!("{name}") };
        let BaselineScore::Value(score) = baseline.score else { panic!("{name}") };
        assert!((score - expected).abs() < 1e-12, "{name}: {score} instead of {expected}");
    }
    // The best weights are chosen after as many refinements as in the training, whatever the test has.
    let other = outcome("b", json!({ "test_steps": 1, "protocol": "published" }));
    let objective = "unet/validation/objective";
    assert_eq!(published.curve(objective), other.curve(objective));
    let corrected = outcome("c", json!({ "test_steps": 3 }));
    assert_ne!(corrected.curve(objective), outcome("d", json!({ "test_steps": 1 })).curve(objective));

    let run = run(folder.path());
    let error = perform(&run, &json!({ "protocol": "published", "evaluation": "full" })).unwrap_err();
    assert!(error.to_string().contains("evaluates resized images"), "{error}");
}

#[test]
fn a_constant_prediction_finds_no_line_where_there_is_none() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut tested = samples("test", 2, (48, 40), 3);
    for (name, field) in &mut tested[1].fields {
        if name == "output" {
            *field = Field::Image(Image::grey(48, 40, vec![0; 48 * 40]).unwrap().into());
        }
    }
    let run = MemoryRun::new(folder.path())
        .unwrap()
        .with_samples("train", samples("train", 5, (48, 40), 3))
        .with_samples("val", samples("val", 2, (48, 40), 3))
        .with_samples("test", tested)
        .with_splits(&["test"]);
    let training = json!({ "epochs": 1, "batch_size": 4 });
    perform(&run, &json!({ "training": training, "pictures": 0 })).unwrap();
    for name in ["completeness", "relaxed_completeness"] {
        let [baseline] = &metric(&run, "test", name).baselines[..] else { panic!("{name}") };
        assert_eq!(baseline.score, BaselineScore::Value(0.5), "{name}");
    }
}

#[test]
fn whole_images_are_evaluated_and_a_share_is_set_aside_where_there_is_no_validation_split() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path())
        .unwrap()
        .with_samples("train", samples("train", 5, (33, 47), 3))
        .with_samples("test", samples("test", 2, (70, 35), 3));
    let training = json!({ "epochs": 1, "batch_size": 4, "validation_fraction": 0.2, "picture_epochs": 0 });
    perform(&run, &json!({ "evaluation": "full", "training": training, "pictures": 0 })).unwrap();
    // Four of five are trained with: one batch.
    assert_eq!(run.curve("unet/step_loss").len(), 1);
    assert_eq!(metric(&run, "test", "quality").samples, 2);
    assert!(!folder.path().join("logs/test-test.png").exists());
}

#[test]
fn pictures_of_all_seeds_are_of_the_same_images() {
    let _alone = alone();
    let inputs = |seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let run = MemoryRun::new(folder.path())
            .unwrap()
            .with_samples("train", samples("train", 12, (48, 40), 3))
            .with_samples("test", samples("test", 3, (50, 40), 3))
            .with_splits(&["test"])
            .with_seed(seed);
        let training =
            json!({ "epochs": 1, "batch_size": 4, "validation_fraction": 0.5, "picture_epochs": 1 });
        perform(&run, &json!({ "training": training })).unwrap();
        let sheet = lossnet_plugin_kit::image::read(run.folder().join("unet-test.png")).unwrap().image;
        // The inputs are the left column.
        (0..sheet.height()).map(|y| sheet.pixel(9, y).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(inputs(1), inputs(2));
}

#[test]
fn what_is_evaluated_is_looked_at_before_hours_of_training() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut nameless = samples("test", 2, (40, 40), 3);
    for sample in &mut nameless {
        sample.fields.truncate(1);
    }
    for (test, message) in [
        (Vec::new(), "the split `roads:test` has no samples to evaluate"),
        (
            nameless,
            "the split `roads:test`: sample test/0: the sample test/0 has no image `output`: it has input",
        ),
    ] {
        let run = MemoryRun::new(folder.path())
            .unwrap()
            .with_samples("train", samples("train", 5, (40, 40), 3))
            .with_samples("roads:test", test);
        assert_eq!(perform(&run, &json!({})).unwrap_err().to_string(), message);
        assert!(run.curve("unet/step_loss").is_empty(), "{message}: after the training");
    }
}

#[test]
fn the_best_weights_are_not_chosen_by_images_that_are_trained_on() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // `val` is what would be taken otherwise.
    let run = run(folder.path());
    let training = json!({ "epochs": 1, "batch_size": 1, "picture_epochs": 0 });
    perform(&run, &json!({ "train_split": "val", "training": training })).unwrap();
    let told = "1 of the 3 samples of `val` are set aside to choose the best weights by";
    assert!(run.notices().contains(&told.to_owned()), "{:?}", run.notices());
    assert_eq!(run.curve("unet/step_loss").len(), 2);
}

#[test]
fn maps_may_have_three_equal_channels_or_dark_lines() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let change = |name: &str, of: fn(Image) -> Image, settings: Value| {
        let changed = |split: &str, count| {
            let mut samples = samples(split, count, (40, 40), 3);
            for sample in &mut samples {
                let Field::Image(map) = sample.fields[1].1.clone() else { panic!("no map") };
                sample.fields[1].1 = Field::Image(of(Image::try_from(map).unwrap()).into());
            }
            samples
        };
        let run = MemoryRun::new(&folder.path().join(name))
            .unwrap()
            .with_samples("train", changed("train", 4))
            .with_samples("val", changed("val", 2));
        perform(&run, &settings).map(|()| run.metrics())
    };
    let plain = change("plain", |map| map, json!({})).unwrap();
    assert_eq!(change("rgb", |map| map.to_rgb(), json!({})).unwrap(), plain);
    let invert = |mut map: Image| {
        map.data_mut().iter_mut().for_each(|value| *value = 255 - *value);
        map
    };
    assert_eq!(change("dark", invert, json!({ "invert": true })).unwrap(), plain);
    let coloured = |map: Image| {
        let mut map = map.to_rgb();
        map.data_mut()[5] = 77;
        map
    };
    let error = change("coloured", coloured, json!({})).unwrap_err();
    assert!(error.to_string().contains("`output` is in color"), "{error}");
    assert!(error.help.unwrap().contains("#000000"));

    // Classes: refused with their values, and lines where they are named.
    let classes = |mut map: Image| {
        map.data_mut().iter_mut().for_each(|value| *value = u8::from(*value > 0));
        map
    };
    let error = change("classes", classes, json!({})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the maps (`output`) of `train` have the values 0, 1, and no pixel is bright, so there would be no lines"
    );
    assert!(error.help.unwrap().ends_with("task.foreground = [1]"));
    assert_eq!(change("named", classes, json!({ "foreground": [1] })).unwrap(), plain);
    let error = change("absent", classes, json!({ "foreground": [2] })).unwrap_err().to_string();
    assert!(error.contains("no pixel of the maps (`output`) of `train` has a value that"), "{error}");
    let painted = |map: Image| {
        let mut map = map.to_rgb();
        map.data_mut().chunks_exact_mut(3).for_each(|pixel| pixel[1] = 0);
        map
    };
    assert_eq!(change("painted", painted, json!({ "foreground": ["#ff00ff"] })).unwrap(), plain);
}

#[test]
fn what_a_user_gets_wrong_is_said() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let error = |samples: Vec<Sample>, changes: Value| {
        let run = MemoryRun::new(folder.path()).unwrap().with_samples("train", samples);
        let error = perform(&run, &changes).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Input, "{error}");
        error.to_string()
    };
    let many = |size| samples("train", 5, size, 3);
    let text = error(many((31, 40)), json!({}));
    assert!(text.starts_with("sample train/"), "{text}");
    assert!(
        text.ends_with("the image has 31×40 pixels, and crops of 32×32 are to be taken from it"),
        "{text}"
    );
    assert_eq!(
        error(many((40, 40)), json!({ "crop": 40 })),
        "`task.crop` is 40, and crops must be at least 32 pixels wide and a multiple of 16: the network halves them four \
         times"
    );
    let mut other = many((40, 40));
    let Field::Image(map) = &sample("x", 0, (40, 41), 3).fields[1].1 else { panic!("no map") };
    for sample in &mut other {
        sample.fields[1].1 = Field::Image(map.clone());
    }
    let text = error(other, json!({}));
    assert!(
        text.ends_with("`input` has 40×40 pixels and `output` 40×41: they must be of the same size"),
        "{text}"
    );
    let mut mixed = samples("train", 5, (40, 40), 1);
    mixed[1..].clone_from_slice(&many((40, 40))[1..]);
    let text = error(mixed, json!({}));
    assert!(text.contains("`input` is a colour image, and the first training image is grey"), "{text}");
    assert_eq!(error(Vec::new(), json!({})), "the split `train` has no samples to train on");
    assert_eq!(
        error(many((40, 40)), json!({ "training": { "validation_fraction": 0.0 } })),
        "the split `train` has 5 samples, of which a share of 0 leaves nothing to train on or nothing to choose the best \
         weights by"
    );
    assert_eq!(error(many((40, 40)), json!({ "val_split": "valid" })), "there is no split `valid`");
    let mut nameless = many((40, 40));
    for sample in &mut nameless {
        sample.fields[1].0 = "mask".to_owned();
    }
    let text = error(nameless, json!({}));
    assert!(text.contains("has no image `output`: it has input, mask"), "{text}");
}
