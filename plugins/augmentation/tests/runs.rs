//! Whole runs in memory: rankings, every variant, interrupted runs, and the published protocol.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::tch;
use lossnet_plugin_augmentation::{AugmentationSettings, Ranking, task};
use lossnet_plugin_kit::augment::Augmentation;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::metric::Picture;
use lossnet_plugin_kit::testing::{MemoryRun, formula_images, recomputed};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

fn picture(name: &str) -> Field {
    let image = Image::from_tensor(&formula_images(5, name, &[3, 16, 16]).unwrap()).unwrap();
    Field::Image(image.into())
}

fn images(split: &str, count: usize) -> Vec<Sample> {
    let image = |index: usize| {
        let id = format!("{split}/{index}");
        let fields = vec![("image".to_owned(), picture(&id)), ("label".to_owned(), Field::Number(1.0))];
        Sample { id, group: String::new(), fields }
    };
    (0..count).map(image).collect()
}

fn judgements(fields: &[&str], opinion: &str, count: usize) -> Vec<Sample> {
    let judgement = |index: usize| {
        let id = format!("{opinion}/{index}");
        let image = |name: &&str| ((*name).to_owned(), picture(&format!("{id}/{name}")));
        let mut fields: Vec<(String, Field)> = fields.iter().map(image).collect();
        fields.push((opinion.to_owned(), Field::Number(index as f64 / count as f64)));
        Sample { id, group: "cnn".to_owned(), fields }
    };
    (0..count).map(judgement).collect()
}

/// Trained on 14 images, tested on others, on another dataset's, and on judgements.
fn run_in(folder: &Path) -> MemoryRun {
    MemoryRun::new(folder)
        .unwrap()
        .with_samples("test", images("test", 9))
        .with_samples("other:test", images("other", 5))
        .with_samples("bapps:val", judgements(&["ref", "p0", "p1"], "judge", 6))
        .with_samples("bapps:jnd", judgements(&["p0", "p1"], "same", 5))
        .with_samples("train", images("train", 14))
        .with_splits(&["test"])
        .with_config(config(json!({ "loss_network": { "normalize": "imagenet", "calibration": null } })))
}

fn config(config: Value) -> Map<String, Value> {
    let Value::Object(config) = config else { panic!("a config is a table") };
    config
}

fn settings(variant: &str) -> Value {
    let mut settings = serde_json::to_value(AugmentationSettings::default()).unwrap();
    settings["variant"] = variant.into();
    settings["size"] = 16.into();
    let training = &mut settings["training"];
    training["epochs"] = 3.into();
    training["batch_size"] = 4.into();
    training["learning_rate"] = 0.01.into();
    training["checkpoint_minutes"] = 0.0.into();
    settings
}

/// Dropout is drawn from libtorch's generator, which is one for all tests of a process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn execute(settings: &Value, run: &MemoryRun) -> Result<(), PluginError> {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    task().run_json(&settings.to_string(), run)
}

/// A column of all samples of a split.
fn column(run: &MemoryRun, split: &str, column: &str) -> Vec<f64> {
    let mut found = Vec::new();
    for report in run.reports() {
        if let Report::Samples(rows) = report
            && rows.split == split
        {
            found.extend_from_slice(rows.column(column).unwrap());
        }
    }
    found
}

fn rank(run: &MemoryRun) -> Vec<(String, f64)> {
    let ranks = run.metrics().into_iter().filter(|metric| metric.name == "rank");
    ranks.map(|metric| (metric.split, metric.value)).collect()
}

#[test]
fn a_ranking_is_a_permutation_of_its_own_for_each_seed() {
    let mut first = BTreeSet::new();
    let mut different = BTreeSet::new();
    for seed in 0..60 {
        let ranking = Ranking::new(&[], &[], seed).unwrap();
        let set: BTreeSet<Augmentation> = ranking.order().iter().copied().collect();
        assert_eq!(set, Augmentation::ALL.into_iter().collect());
        assert_eq!(ranking, Ranking::new(&[], &[], seed).unwrap());
        first.insert(ranking.order()[0]);
        different.insert(format!("{ranking:?}"));
    }
    assert_eq!(first.len(), 6);
    assert!(different.len() > 40);
    let named = Ranking::new(&[Augmentation::ZoomIn, Augmentation::Blur], &[], 1).unwrap();
    assert_eq!(named.order(), [Augmentation::ZoomIn, Augmentation::Blur]);
    let text = Ranking::new(&[Augmentation::Blur, Augmentation::Color, Augmentation::Blur], &[], 1)
        .unwrap_err()
        .to_string();
    assert_eq!(text, "task.ranking names `blur` twice");
    assert_eq!(
        Ranking::new(&[Augmentation::Blur], &[], 1).unwrap_err().to_string(),
        "task.ranking names only `blur`"
    );
}

#[test]
fn an_order_of_some_augmentations_can_be_drawn() {
    let some = [Augmentation::Blur, Augmentation::Color, Augmentation::Rotate];
    let orders: BTreeSet<Vec<Augmentation>> =
        (0..60).map(|seed| Ranking::new(&[], &some, seed).unwrap().order().to_vec()).collect();
    assert_eq!(orders.len(), 6);
    let all = |order: &Vec<Augmentation>| order.iter().copied().collect::<BTreeSet<_>>();
    assert!(orders.iter().all(|order| all(order) == some.into_iter().collect()));
    let refused = |ranking: &[Augmentation], some: &[Augmentation]| {
        Ranking::new(ranking, some, 1).unwrap_err().to_string()
    };
    assert_eq!(refused(&[], &some[..1]), "task.augmentations names only `blur`");
    assert_eq!(refused(&some, &some), "task.ranking and task.augmentations are both given");
}

#[test]
fn the_lower_ranking_augmentation_is_the_closer_one() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    // Darkened images are dimmer than enlarged ones, so that both can be told apart by their sums.
    let ranking = Ranking::new(&[Augmentation::ZoomIn, Augmentation::Darken], &[], 0).unwrap();
    let sample = &images("a", 1)[0];
    let mut judges = 0.0;
    for _ in 0..200 {
        let triplet = ranking.triplet(sample, 16, &mut random).unwrap();
        let sums: Vec<f32> = triplet
            .images
            .iter()
            .map(|picture| match picture {
                Picture::Planes(values) => values.iter().sum(),
                Picture::Image(_) => panic!("an 8-bit image"),
            })
            .collect();
        let darker = if sums[1] < sums[2] { 1 } else { 2 };
        assert!(sums[darker] < 0.8 * sums[0] && sums[3 - darker] > 0.8 * sums[0], "{sums:?}");
        assert_eq!(triplet.opinion, if darker == 2 { 0.0 } else { 1.0 });
        judges += triplet.opinion;
    }
    assert!((60.0..140.0).contains(&judges), "{judges} of 200 are 1");
}

#[test]
fn every_variant_is_trained_and_tested() {
    let expected = [
        ("2afc_score", "test"),
        ("2afc_accuracy", "test"),
        ("2afc_score", "other:test"),
        ("2afc_score", "bapps:val/cnn"),
        ("2afc_score", "bapps:val/mean"),
        ("jnd_map", "bapps:jnd/cnn"),
    ];
    let mut all = Vec::new();
    for variant in ["baseline", "lin", "tune", "scratch"] {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        execute(&settings(variant), &run).unwrap();
        let metrics = run.metrics();
        for (name, split) in expected {
            let metric = metrics.iter().find(|metric| metric.name == name && metric.split == split);
            let metric = metric.unwrap_or_else(|| panic!("{variant}: no {name} of {split}"));
            assert!((0.0..=1.0).contains(&metric.value), "{variant}: {name} of {split} is {}", metric.value);
        }
        // Every result but the six ranks can be computed from the reported samples.
        let again = recomputed(&run.reports());
        assert_eq!(again.len(), metrics.len() - 6);
        for (name, split, reported, computed) in again {
            assert!((reported - computed).abs() < 1e-9, "{name} of {split}: {reported} and {computed}");
        }
        // 11 of 14 images in batches of 4 for 3 epochs, 3 to validate with.
        let steps = if variant == "baseline" { 0 } else { 9 };
        assert_eq!(run.curve("training/step_loss").len(), steps, "{variant}");
        let scores = run.curve("training/validation/objective");
        assert!(scores.iter().all(|(_, score)| (0.0..=1.0).contains(score)), "{scores:?}");
        let ranks: BTreeSet<u64> = rank(&run).iter().map(|(_, rank)| *rank as u64).collect();
        assert_eq!(ranks, (1..=6).collect());
        assert!(run.notices()[0].starts_with("ranking, from the most to the least similar: "));
        assert!(run.folder().join("ranking.png").exists());
        assert_eq!(folder.path().join("checkpoints/calibration.pth").exists(), variant != "baseline");
        all.push(column(&run, "test", "d0"));
    }
    for (one, other) in [(0, 1), (1, 2), (2, 3)] {
        assert_ne!(all[one], all[other]);
    }
}

#[test]
fn images_in_several_groups_have_a_mean_over_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut grouped = images("grouped", 8);
    for (index, sample) in grouped.iter_mut().enumerate() {
        sample.group = ["a", "b"][index % 2].to_owned();
    }
    let run = run_in(folder.path()).with_samples("grouped:test", grouped).with_config(Map::new());
    execute(&settings("baseline"), &run).unwrap();
    let metrics = run.metrics();
    let score = |split: &str| {
        metrics.iter().find(|of| of.name == "2afc_score" && of.split == split).map(|metric| metric.value)
    };
    let parts = [score("grouped:test/a").unwrap(), score("grouped:test/b").unwrap()];
    assert_eq!(score("grouped:test/mean"), Some(f64::midpoint(parts[0], parts[1])));
    // A single group's mean would be its score.
    assert_eq!(score("test/mean"), None);
}

#[test]
fn what_is_tested_depends_on_the_seed_and_not_on_batches_or_variants() {
    let judges = |variant: &str, seed: u64, batch_size: usize| {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path()).with_seed(seed).with_batch_size(batch_size);
        execute(&settings(variant), &run).unwrap();
        (rank(&run), column(&run, "test", "judge"), column(&run, "test", "d0"))
    };
    let (baseline, lin, other) = (judges("baseline", 0, 8), judges("lin", 0, 8), judges("baseline", 1, 8));
    assert_eq!((&baseline.0, &baseline.1), (&lin.0, &lin.1));
    let batches = judges("baseline", 0, 2);
    assert_eq!((&baseline.0, &baseline.1), (&batches.0, &batches.1));
    assert!(baseline.2.iter().zip(&batches.2).all(|(one, other)| (one - other).abs() <= 1e-6 * one.abs()));
    assert_ne!(baseline.0, other.0);
    assert_ne!(baseline.2, other.2);
    // With a seed of its own a ranking is the same in all cells.
    let named = |seed: u64, ranking_seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path()).with_seed(seed);
        let mut settings = settings("baseline");
        settings["ranking_seed"] = ranking_seed.into();
        execute(&settings, &run).unwrap();
        rank(&run)
    };
    assert_eq!(named(0, 5), named(1, 5));
    assert_ne!(named(0, 5), named(0, 6));
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_results() {
    tch::set_num_threads(1);
    let whole = tempfile::tempdir().unwrap();
    let uninterrupted = run_in(whole.path());
    execute(&settings("tune"), &uninterrupted).unwrap();
    for questions in [3, 12] {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path()).cancelled_after(questions);
        let error = execute(&settings("tune"), &run).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Interrupted, "{error}");
        let resumed = run_in(folder.path());
        execute(&settings("tune"), &resumed).unwrap();
        assert_eq!(resumed.metrics(), uninterrupted.metrics(), "after {questions} questions");
        // What a run reports before it says that it goes on makes the curves of earlier attempts void.
        let first = resumed.reports().into_iter().next();
        assert!(matches!(first, Some(Report::Resume { .. })), "{first:?}");
    }
}

#[test]
fn in_the_published_protocol_the_reference_is_not_normalized() {
    let distances = |protocol: &str, split: &str| {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        let mut settings = settings("baseline");
        settings["protocol"] = protocol.into();
        execute(&settings, &run).unwrap();
        column(&run, split, if split == "bapps:jnd" { "d" } else { "d0" })
    };
    assert_ne!(distances("published", "test"), distances("corrected", "test"));
    for split in ["bapps:val", "bapps:jnd"] {
        assert_eq!(distances("published", split), distances("corrected", split), "{split}");
    }
}

#[test]
fn what_can_t_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = |settings: &Value, run: &MemoryRun| {
        let error = execute(settings, run).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Input, "{error}");
        format!("{error}; {}", error.help.clone().unwrap_or_default())
    };
    let mut none = settings("lin");
    none["train_split"] = "training".into();
    let text = told(&none, &run_in(folder.path()));
    assert!(text.contains("`training`") && text.contains("task.train_split"), "{text}");

    let given = json!({ "loss_network": { "normalize": "none", "calibration": "mine.pth" } });
    let run = run_in(folder.path()).with_config(config(given));
    let text = told(&settings("lin"), &run);
    assert!(text.contains("the variant `lin` learns a calibration of its own"), "{text}");

    let curves =
        Sample { id: "1".into(), group: String::new(), fields: vec![("input".to_owned(), picture("1"))] };
    let run = MemoryRun::new(folder.path()).unwrap().with_samples("test", vec![curves]);
    let text = told(&settings("baseline"), &run);
    assert!(
        text.contains("the samples of `test` have input, and the task `augmentation` is tested with"),
        "{text}"
    );

    let run = MemoryRun::new(folder.path()).unwrap().with_samples("test", Vec::new());
    let text = told(&settings("baseline"), &run);
    assert!(text.contains("the split `test` has no samples"), "{text}");
}

#[test]
fn by_default_the_test_split_is_tested() {
    let defaults: Vec<(String, Value)> =
        task().manifest().unwrap().details.config_defaults.into_iter().collect();
    assert_eq!(defaults, [("data.splits".to_owned(), json!(["test"]))]);
}
