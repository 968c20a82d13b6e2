//! The numbers of an analysis are those that NumPy and SciPy give (`fixtures/analysis/generate.py`).
//!
//! Tolerances: 1e-9 of the value for what has a closed form; intervals of a bootstrap, whose draws are other ones, within 8 % of
//! their half width, about three standard errors of their ends at 10,000 resamples.
#![allow(clippy::unwrap_used, missing_docs)]

mod synthetic_store;

use std::path::PathBuf;

use lossnet_analysis::leaderboards::{About, Analysis, Measured, analyze, compare};
use lossnet_analysis::report::data::{Board, Pair};
use lossnet_plan::catalog::{Catalog, CataloguedPlugin};
use lossnet_plugin_protocol::manifest::{Details, LayerName, MainMetric, WeightsEntry};
use lossnet_plugin_protocol::report::{Column, FromSamples, Metric, SampleRows, SampleStatistic};
use lossnet_plugin_protocol::{ComponentManifest, Kind, PluginManifest};
use serde_json::{Value, json};
use synthetic_store::{config, metric, result, write};

fn golden() -> Value {
    serde_json::from_str(include_str!("fixtures/analysis/results.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn lists(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(list).collect()
}

/// What plugins would say: three backbones of five layers, a task that seeds don't change, and one that they do.
fn about(cells: &[Measured]) -> About {
    let component = |kind, name: &str, details| ComponentManifest {
        kind,
        name: name.to_owned(),
        summary: String::new(),
        config_schema: json!({}),
        details,
    };
    let mut components = Vec::new();
    for (name, top1) in golden()["top1"].as_object().unwrap() {
        let layer = |index: i32| LayerName {
            name: format!("features.{index}"),
            class: "Conv2d".to_owned(),
            aliases: Vec::new(),
        };
        let weights =
            WeightsEntry { name: "IMAGENET1K_V1".to_owned(), acc1: top1.as_f64(), ..WeightsEntry::default() };
        let details =
            Details { layers: (0..5).map(layer).collect(), weights: vec![weights], ..Details::default() };
        components.push(component(Kind::Backbone, name, details));
    }
    let judged = Details {
        deterministic: Some([("run.precision".to_owned(), "fp32".into())].into_iter().collect()),
        main_metric: Some(MainMetric::new("2afc_score").on("mean")),
        measure_settings: vec!["size".to_owned()],
        reference_metrics: vec!["baseline".to_owned()],
        ..Details::default()
    };
    components.push(component(Kind::Task, "judged", judged));
    components.push(component(Kind::Task, "trained", Details::default()));
    let manifest = PluginManifest {
        name: "fixture".to_owned(),
        version: "1.0.0".to_owned(),
        components,
        refused: Vec::new(),
    };
    let plugin = CataloguedPlugin { path: PathBuf::from("libfixture.so"), manifest };
    let (catalog, _) = Catalog::new(vec![plugin], Vec::new());
    About::new(&catalog, &|_| None, cells)
}

fn rows(split: &str, sizes: &[usize], columns: &[(&str, &[f64])]) -> SampleRows {
    let groups = || ["a", "b"].iter().zip(sizes).flat_map(|(group, &size)| std::iter::repeat_n(*group, size));
    let column =
        |(name, values): &(&str, &[f64])| Column { name: (*name).to_owned(), values: values.to_vec() };
    SampleRows {
        split: split.to_owned(),
        groups: groups().map(str::to_owned).collect(),
        ids: (0..groups().count()).map(|id| id.to_string()).collect(),
        columns: columns.iter().map(column).collect(),
    }
}

fn mean_of_groups(values: &[f64], sizes: &[usize]) -> f64 {
    let (a, b) = values.split_at(sizes[0]);
    f64::midpoint(a.iter().sum::<f64>() / a.len() as f64, b.iter().sum::<f64>() / b.len() as f64)
}

/// Writes the golden results: per network one cell of `judged` and three of `trained`.
fn cells(root: &std::path::Path) -> Vec<Measured> {
    let golden = golden();
    let (judged, noticed, trained) = (&golden["judged"], &golden["noticed"], &golden["trained"]);
    let same = list(&noticed["same"]);
    let mut cells = Vec::new();
    for (number, network) in golden["networks"].as_array().unwrap().iter().enumerate() {
        let (backbone, layer) = (network[0].as_str().unwrap(), network[1].to_string());
        let sizes = [100, 100];
        let (scores, agreed) = (list(&judged["scores"][number]), list(&judged["agreed"][number]));
        let mut metrics = Vec::new();
        for (name, values) in [("2afc_accuracy", &agreed), ("2afc_score", &scores)] {
            let groups = FromSamples::mean_of_groups(name, [("val", "a"), ("val", "b")]);
            let mean = metric(name, "val/mean", mean_of_groups(values, &sizes), true, 200);
            metrics.push(Metric { from_samples: Some(groups), ..mean });
        }
        let precision = SampleStatistic::AveragePrecision { distance: "d".into(), same: "same".into() };
        let value = noticed["values"][number].as_f64().unwrap();
        metrics.push(Metric {
            from_samples: Some(FromSamples::of(precision, "jnd", None)),
            ..metric("jnd_map", "jnd", value, true, 60)
        });
        let distances = list(&noticed["distances"][number]);
        let samples = [
            rows("val", &sizes, &[("2afc_score", &scores), ("2afc_accuracy", &agreed)]),
            rows("jnd", &[60, 0], &[("d", &distances), ("same", &same)]),
        ];
        metrics.push(metric("baseline", "val", 0.5, true, 200));
        cells.push(write(root, &result(config("judged", backbone, &layer), 0, &metrics), &samples));
        for (repetition, scores) in lists(&trained["scores"][number]).iter().enumerate() {
            let sizes = [12, 40];
            let value = mean_of_groups(scores, &sizes);
            let mean = metric("loss", "val/mean", value, false, 52);
            let groups = FromSamples::mean_of_groups("loss", [("val", "a"), ("val", "b")]);
            let mean = Metric { from_samples: Some(groups), ..mean };
            let alone = Metric { from_samples: None, ..metric("alone", "val/mean", value, false, 52) };
            let samples = [rows("val", &sizes, &[("loss", scores)])];
            let result = result(config("trained", backbone, &layer), repetition as u32, &[mean, alone]);
            cells.push(write(root, &result, &samples));
        }
    }
    cells
}

fn analysis() -> Analysis {
    let root = tempfile::tempdir().unwrap();
    let cells = cells(root.path());
    let analysis = analyze(&cells, &about(&cells));
    assert_eq!(analysis.problems, [""; 0]);
    analysis
}

fn board<'a>(analysis: &'a Analysis, metric: &str) -> &'a Board {
    analysis.boards.iter().find(|board| board.metric == metric).unwrap()
}

#[track_caller]
fn close(actual: f64, expected: f64) {
    let allowed = 1e-9 * expected.abs().max(1e-12);
    assert!((actual - expected).abs() <= allowed, "{actual} is not {expected}");
}

#[track_caller]
fn near(actual: Option<[f64; 2]>, expected: &[f64]) {
    let (actual, half) = (actual.unwrap(), (expected[1] - expected[0]) / 2.0);
    for (actual, expected) in actual.iter().zip(expected) {
        assert!((actual - expected).abs() <= 0.08 * half, "{actual} is not near {expected} ± {half}");
    }
}

/// The network of each entry, which are those of the golden file in its order.
fn order(board: &Board) -> Vec<usize> {
    board.entries.iter().map(|entry| entry.network).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|index| index.as_u64().unwrap() as usize).collect()
}

#[track_caller]
fn same_pairs(pairs: &[Pair], test: &str, expected: &Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(pairs.len(), expected.len());
    for (pair, expected) in pairs.iter().zip(expected) {
        assert_eq!((pair.test.as_str(), pair.networks.to_vec()), (test, indices(&expected["networks"])));
        close(pair.difference, expected["difference"].as_f64().unwrap());
        close(pair.p.unwrap(), expected["p"].as_f64().unwrap());
    }
}

#[test]
fn means_of_samples_have_the_intervals_tests_and_ranks_of_scipy() {
    let (analysis, golden) = (analysis(), golden());
    let expected = &golden["judged"];
    let board = board(&analysis, "2afc_score");
    assert!(board.main && board.task == "judged" && board.dataset == "photos");
    assert_eq!(order(board), indices(&expected["order"]));
    for entry in &board.entries {
        close(entry.value.unwrap(), expected["values"][entry.network].as_f64().unwrap());
        near(entry.interval, &list(&expected["intervals"][entry.network]));
        assert_eq!((entry.repetitions, entry.deviation, entry.samples, entry.nan), (1, None, 200, 0));
    }
    assert_eq!(board.entries.iter().map(|entry| entry.rank).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    same_pairs(&board.pairs, "wilcoxon", &expected["wilcoxon"]);
    for (position, entry) in board.entries.iter().enumerate().skip(1) {
        assert_eq!(entry.tied_with_best, board.pairs[position - 1].p.unwrap() >= 0.05);
    }
    let ranks = board.ranks.as_ref().unwrap();
    assert_eq!((ranks.blocks.as_str(), ranks.count), ("samples", 200));
    for (network, rank) in &ranks.averages {
        close(*rank, expected["average_ranks"][*network].as_f64().unwrap());
    }
    close(ranks.friedman_p.unwrap(), expected["friedman_p"].as_f64().unwrap());
    // SciPy's quantile has seven digits.
    let difference = expected["critical_difference"].as_f64().unwrap();
    assert!((ranks.critical_difference - difference).abs() < 1e-6);
    for &(first, last) in &ranks.cliques {
        assert!(ranks.averages[last].1 - ranks.averages[first].1 <= difference);
    }
    for (with, kinds) in [("imagenet_top1", &expected["imagenet_top1"]), ("depth", &expected["depth"])] {
        for (kind, numbers) in kinds.as_object().unwrap() {
            let found = board.correlations.iter().find(|found| found.with == with && found.kind == *kind);
            let found = found.unwrap();
            close(found.value, numbers[0].as_f64().unwrap());
            close(found.p.unwrap(), numbers[1].as_f64().unwrap());
            assert_eq!(found.count, 6);
        }
    }
    assert!(!board.correlations.iter().any(|found| found.with == "parameters"), "no graph is known");
}

#[test]
fn shares_of_right_samples_are_tested_by_mcnemar() {
    let (analysis, golden) = (analysis(), golden());
    let board = board(&analysis, "2afc_accuracy");
    // All pairs are tested on main boards, the best against all others elsewhere; Holm corrects for those that are tested.
    assert!(!board.main && board.pairs.len() == 5 && board.ranks.is_none());
    assert!(board.pairs.iter().all(|pair| pair.test == "mcnemar" && pair.networks[0] == order(board)[0]));
    let root = tempfile::tempdir().unwrap();
    let mut cells = cells(root.path());
    for cell in &mut cells {
        cell.result.metrics.retain(|metric| metric.name == "2afc_accuracy");
    }
    let alone = analyze(&cells, &about(&cells));
    same_pairs(&alone.boards[0].pairs, "mcnemar", &golden["judged"]["mcnemar"]);
}

#[test]
fn average_precision_is_computed_anew_on_every_resample() {
    let (analysis, golden) = (analysis(), golden());
    let board = board(&analysis, "jnd_map");
    for entry in &board.entries {
        near(entry.interval, &list(&golden["noticed"]["intervals"][entry.network]));
    }
    let last = board.pairs.last().unwrap();
    assert_eq!(last.test, "paired-bootstrap");
    near(last.interval, &list(&golden["noticed"]["first_less_last"]));
}

#[test]
fn repeated_trainings_vary_by_samples_and_by_repetitions() {
    let (analysis, golden) = (analysis(), golden());
    let expected = &golden["trained"];
    let board = board(&analysis, "loss");
    assert!(board.main && !board.higher_is_better);
    assert_eq!(order(board), indices(&expected["order"]));
    for entry in &board.entries {
        close(entry.value.unwrap(), expected["values"][entry.network].as_f64().unwrap());
        close(entry.deviation.unwrap(), expected["deviations"][entry.network].as_f64().unwrap());
        let [low, high] = entry.interval.unwrap();
        let interval = list(&expected["intervals"][entry.network]);
        close(low, interval[0]);
        close(high, interval[1]);
        assert_eq!((entry.repetitions, entry.cells.len()), (3, 3));
    }
    same_pairs(&board.pairs, "paired-t", &expected["paired_t"]);
    assert_eq!(
        board.method,
        "T intervals and paired t tests with the variances of both samples and repetitions (Satterthwaite) of those that were \
         repeated three times or more; tests are of all pairs, Holm-corrected."
    );
}

#[test]
fn without_samples_repetitions_are_what_there_is() {
    let (analysis, golden) = (analysis(), golden());
    let expected = &golden["trained"];
    let first = board(&analysis, "alone");
    for entry in &first.entries {
        let [low, high] = entry.interval.unwrap();
        let interval = list(&expected["student"][entry.network]);
        close(low, interval[0]);
        close(high, interval[1]);
    }
    let root = tempfile::tempdir().unwrap();
    let mut cells = cells(root.path());
    for cell in &mut cells {
        cell.result.metrics.retain(|metric| metric.name == "alone");
    }
    let alone = analyze(&cells, &about(&cells));
    same_pairs(&alone.boards[0].pairs, "welch", &expected["welch"]);
}

#[test]
fn ranks_over_all_boards_and_their_correlations_are_scipys() {
    let (analysis, golden) = (analysis(), golden());
    let (overall, expected) = (&analysis.overall, &golden["overall"]);
    assert_eq!(overall.boards.len(), 2);
    for (number, network) in golden["networks"].as_array().unwrap().iter().enumerate() {
        let name = format!("{} · {}", network[0].as_str().unwrap(), network[1]);
        let found = overall.networks.iter().find(|found| found.name == name).unwrap();
        close(found.mean_rank, expected["networks"][number].as_f64().unwrap());
    }
    for (number, backbone) in golden["top1"].as_object().unwrap().keys().enumerate() {
        let found = overall.backbones.iter().find(|found| found.name == *backbone).unwrap();
        close(found.mean_rank, expected["backbones"][number].as_f64().unwrap());
    }
    let early = overall.layers.iter().find(|found| found.name == "layer 1 of 2").unwrap();
    close(early.mean_rank, expected["early"].as_f64().unwrap());
    for found in &overall.between_boards {
        close(found.correlation.value, expected[found.correlation.kind.as_str()].as_f64().unwrap());
        assert_eq!((found.boards, found.correlation.count), ([overall.boards[0], overall.boards[1]], 6));
    }
    assert_eq!(overall.between_boards.len(), 2);
}

#[test]
fn two_contenders_are_compared_alone() {
    let root = tempfile::tempdir().unwrap();
    let cells = cells(root.path());
    let about = about(&cells);
    let found = compare(&cells, &about, ["wide · layer 3", "narrow · layer 1"]).unwrap();
    assert_eq!(found.boards.len(), 5);
    for board in &found.boards {
        assert_eq!((board.entries.len(), board.pairs.len()), (2, 1), "{}", board.metric);
    }
    let names: Vec<&str> = found.networks.iter().map(|network| network.label.as_str()).collect();
    assert_eq!(names, ["narrow · layer 1", "wide · layer 3"]);
    let unknown = compare(&cells, &about, ["wide · layer 3", "narow · layer 1"]).unwrap_err().to_string();
    assert!(
        unknown.starts_with("no contender is called `narow · layer 1`; did you mean `narrow · layer 1`"),
        "{unknown}"
    );
    let far = compare(&cells, &about, ["wide · layer 3", "perceptron"]).unwrap_err().to_string();
    assert!(far.starts_with("no contender is called `perceptron`; there are `"), "{far}");
    let same = compare(&cells, &about, ["wide · layer 3"; 2]).unwrap_err().to_string();
    assert_eq!(same, "`wide · layer 3` can't differ from itself: name two different ones");
}
