//! What is put on a board together, who competes, and what is said of it.
#![allow(clippy::unwrap_used, missing_docs)]

mod synthetic_store;

use std::path::Path;

use lossnet_analysis::leaderboards::{About, Analysis, Measured, analyze};
use lossnet_core::model::ResolvedConfig;
use lossnet_plugin_protocol::report::{Column, FromSamples, Metric, SampleRows};
use proptest::prelude::*;
use synthetic_store::{Random, component, config, metric, result, write};

fn rows(scores: &[f64], first: usize) -> SampleRows {
    SampleRows {
        split: "val".to_owned(),
        groups: vec![String::new(); scores.len()],
        ids: (first..first + scores.len()).map(|id| id.to_string()).collect(),
        columns: vec![Column { name: "score".to_owned(), values: scores.to_vec() }],
    }
}

/// Scores about `level`, the same noise for all.
fn scores(level: f64, count: usize) -> Vec<f64> {
    let (mut shared, mut own) = (Random(1), Random(level.to_bits()));
    (0..count).map(|_| level + shared.number() + 0.1 * own.number()).collect()
}

fn cell(root: &Path, config: ResolvedConfig, repetition: u32, scores: &[f64]) -> Measured {
    let value = scores.iter().sum::<f64>() / scores.len() as f64;
    let metric = metric("score", "val", value, true, scores.len() as u64);
    write(root, &result(config, repetition, &[metric]), &[rows(scores, 0)])
}

fn analysis(cells: &[Measured]) -> Analysis {
    analyze(cells, &About::default())
}

fn labels(analysis: &Analysis) -> Vec<&str> {
    analysis.networks.iter().map(|network| network.label.as_str()).collect()
}

#[test]
fn repetitions_are_no_contenders_and_settings_that_vary_are() {
    let root = tempfile::tempdir().unwrap();
    let mut cells = Vec::new();
    for (variant, epochs) in [("lin", 5), ("lin", 10), ("tune", 5)] {
        for repetition in 0..2 {
            let mut config = config("metric", "alexnet", "4");
            config.task.settings.insert("variant".to_owned(), variant.into());
            let training = serde_json::json!({ "epochs": epochs, "batch_size": 4 });
            config.task.settings.insert("training".to_owned(), training);
            cells.push(cell(root.path(), config, repetition, &scores(f64::from(epochs), 20)));
        }
    }
    // The same network in another task, where nothing else varies.
    cells.push(cell(root.path(), config("autoencoder", "alexnet", "4"), 0, &scores(1.0, 20)));
    let found = analysis(&cells);
    assert_eq!(
        labels(&found),
        ["alexnet · epochs=5 · lin", "alexnet · epochs=10 · lin", "alexnet · epochs=5 · tune", "alexnet"]
    );
    assert_eq!(found.network_of_cell, [0, 0, 1, 1, 2, 2, 3]);
    assert_eq!(found.boards.len(), 2);
    assert_eq!(found.boards[0].entries[0].repetitions, 2);
}

#[test]
fn a_network_that_two_tasks_have_is_one_contender_though_their_defaults_differ() {
    let root = tempfile::tempdir().unwrap();
    let mut cells = Vec::new();
    for (task, normalize) in [("metric", "imagenet"), ("autoencoder", "none")] {
        for layer in ["1", "4"] {
            let mut config = config(task, "alexnet", layer);
            config.loss_network.normalize = normalize.to_owned();
            cells.push(cell(root.path(), config, 0, &scores(1.0, 20)));
        }
    }
    let found = analysis(&cells);
    assert_eq!(labels(&found), ["alexnet · layer 1", "alexnet · layer 4"]);
    assert_eq!(found.overall.boards.len(), 2);
}

#[test]
fn other_data_and_other_versions_are_never_on_one_board() {
    let root = tempfile::tempdir().unwrap();
    let change = |number: usize| {
        let mut config = config("metric", "alexnet", "1");
        match number {
            1 => config.data.limit = Some(20),
            2 => config.data.dataset = component("bapps"),
            _ => {}
        }
        config
    };
    let mut cells: Vec<Measured> =
        (0..3).map(|number| cell(root.path(), change(number), 0, &scores(1.0, 20))).collect();
    let mut newer = cells[0].clone();
    newer.result.cell.protocol_version = 2;
    newer.result.cell.id = "00000000000000ff".to_owned();
    cells.push(newer);
    let found = analysis(&cells);
    assert_eq!(found.boards.len(), 4);
    assert!(found.boards.iter().all(|board| board.entries.len() == 1 && board.main));
    let sentence = "results of `metric` on photos differ in data.limit, protocol version, so they are on boards of their own \
                    and not compared";
    assert_eq!(found.problems, [sentence]);
    assert!(found.boards.iter().any(|board| board.variant.contains("limit=20")), "{:?}", found.boards[0]);
}

#[test]
fn of_several_splits_the_one_that_is_named_first_has_the_main_board() {
    let root = tempfile::tempdir().unwrap();
    for splits in [["views", "jnd"], ["jnd", "views"]] {
        let mut config = config("metric", "a", "1");
        config.data.splits = splits.map(str::to_owned).to_vec();
        let metrics =
            ["jnd", "jnd/blur", "views", "views/blur"].map(|split| metric("score", split, 0.5, true, 20));
        let cells = [write(root.path(), &result(config, 0, &metrics), &[])];
        let found = analysis(&cells);
        let main: Vec<&str> =
            found.boards.iter().filter(|board| board.main).map(|board| board.split.as_str()).collect();
        assert_eq!(main, [splits[0]]);
    }
}

#[test]
fn other_samples_are_never_on_one_board() {
    let root = tempfile::tempdir().unwrap();
    let mut cells: Vec<Measured> = ["a", "b", "c"]
        .map(|backbone| cell(root.path(), config("metric", backbone, "1"), 0, &scores(1.0, 20)))
        .to_vec();
    let result = cells[2].result.clone();
    write(root.path(), &result, &[rows(&scores(1.0, 20), 1)]);
    let found = analysis(&cells);
    assert_eq!(found.boards.iter().map(|board| board.entries.len()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((found.boards[0].main, found.boards[1].main), (true, false));
    assert!(found.problems[0].contains("different samples"), "{:?}", found.problems);
    // Samples that can't be read are named, and their cell keeps its place without an interval.
    std::fs::write(cells[2].folder.path().join("samples.val.csv"), "group,id,score\n,1\n").unwrap();
    cells.swap(0, 2);
    let found = analysis(&cells);
    assert_eq!(found.boards.len(), 1);
    assert_eq!(found.boards[0].entries.iter().filter(|entry| entry.interval.is_none()).count(), 1);
    assert!(found.problems[0].contains("samples.val.csv"), "{:?}", found.problems);
}

#[test]
fn boards_of_one_name_say_in_what_they_differ() {
    let root = tempfile::tempdir().unwrap();
    let mut cells = Vec::new();
    // The mean over what was evaluated, one part or two; and a smaller part of the data.
    for (backbone, splits, limit) in [
        ("a", &["cnn", "deblur"][..], None),
        ("b", &["cnn"], None),
        ("c", &["deblur"], None),
        ("d", &["cnn"], Some(5)),
    ] {
        let mut config = config("metric", backbone, "1");
        config.data.splits = splits.iter().map(|split| format!("val/{split}")).collect();
        config.data.limit = limit;
        let samples = 10 * splits.len() as u64;
        let from = FromSamples::mean_of_groups("score", splits.iter().map(|split| ("val", *split)));
        let metric = metric("score", "val/mean", 0.5, true, samples);
        let metric = Metric { from_samples: Some(from), ..metric };
        cells.push(write(root.path(), &result(config, 0, &[metric]), &[]));
    }
    let found = analysis(&cells);
    let mut variants: Vec<&str> = found.boards.iter().map(|board| board.variant.as_str()).collect();
    variants.sort_unstable();
    assert_eq!(
        variants,
        ["limit=5", "limit=none, over cnn", "limit=none, over cnn + deblur", "limit=none, over deblur"]
    );
    // Older results, which say nothing of parts, are told apart by how many samples they have.
    for cell in &mut cells {
        cell.result.metrics[0].from_samples = None;
    }
    let found = analysis(&cells);
    let mut variants: Vec<&str> = found.boards.iter().map(|board| board.variant.as_str()).collect();
    variants.sort_unstable();
    assert_eq!(variants, ["limit=5", "limit=none, samples=10", "limit=none, samples=20"]);
}

#[test]
fn a_score_that_is_no_number_is_counted_and_comes_last() {
    let root = tempfile::tempdir().unwrap();
    let mut bad = scores(9.0, 20);
    bad[3] = f64::NAN;
    let cells = [
        cell(root.path(), config("metric", "bad", "1"), 0, &bad),
        cell(root.path(), config("metric", "good", "1"), 0, &scores(1.0, 20)),
    ];
    let entries = &analysis(&cells).boards[0].entries;
    assert_eq!((entries[0].nan, entries[1].nan, entries[1].value), (0, 1, None));
    assert!(entries[1].interval.is_none() && !entries[1].tied_with_best);
}

#[test]
fn answers_say_who_is_best_and_how_sure_that_is() {
    let root = tempfile::tempdir().unwrap();
    let levels = [("wide", 0.5), ("middle", 0.499), ("narrow", 0.2)];
    let cells: Vec<Measured> = levels
        .map(|(backbone, level)| cell(root.path(), config("metric", backbone, "1"), 0, &scores(level, 200)))
        .to_vec();
    let found = analysis(&cells);
    let answer = &found.boards[0].answer;
    assert!(
        answer.starts_with("On `metric` (photos val, score), ")
            && answer.contains(" is best: 1.")
            && answer.contains("it can't be told from ")
            && !answer.contains("narrow"),
        "{answer}"
    );
    assert_eq!(found.answer[0], *answer);
    // One result is not the best of anything.
    let one = analysis(&cells[..1]);
    assert!(one.answer[0].contains("only wide was measured"), "{:?}", one.answer);
    assert_eq!(analysis(&[]).answer, ["There are no results yet."]);
    // What no test was made of is not beaten: a single run has nothing to compare its repetitions by.
    let mut repeated = Vec::new();
    for (backbone, level, runs) in [("fewer", 9.0, 1), ("worse", 1.0, 3), ("worst", 0.0, 3)] {
        for run in 0..runs {
            let scores = scores(level + 1e-3 * f64::from(run), 20);
            let mut cell = cell(root.path(), config("delineation", backbone, "1"), run, &scores);
            cell.result.metrics[0].from_samples = None;
            repeated.push(cell);
        }
    }
    let found = analysis(&repeated);
    assert!(
        found.boards[0].entries.iter().all(|entry| entry.tied_with_best),
        "{:?}",
        found.boards[0].entries
    );
    assert!(found.answer[0].ends_with("nothing says how sure that is."), "{:?}", found.answer);
    // Older results don't say how they come from samples.
    let mut old = cells;
    for cell in &mut old {
        cell.result.metrics[0].from_samples = None;
    }
    let found = analysis(&old);
    assert!(found.answer[0].ends_with("nothing says how sure that is."), "{:?}", found.answer);
    let no_intervals = |found: &Analysis| {
        let mut said =
            found.answer.iter().filter_map(|sentence| sentence.strip_prefix("There are no intervals for "));
        let (why, method) = (said.next().unwrap().to_owned(), found.boards[0].method.clone());
        assert_eq!(said.next(), None);
        (why.split_once(": ").unwrap().1.to_owned(), method)
    };
    let (why, method) = no_intervals(&found);
    assert_eq!(why, "the results don't say how they come from samples.");
    assert!(method.starts_with("There are no intervals: the results don't say how"), "{method}");
    // A single sample has no neighbours, and what is not there can't be read.
    let root = tempfile::tempdir().unwrap();
    let single = ["a", "b"].map(|backbone| cell(root.path(), config("metric", backbone, "1"), 0, &[0.5]));
    let (why, method) = no_intervals(&analysis(&single));
    assert_eq!(why, "there are fewer than two samples.");
    assert!(method.starts_with("There are no intervals: there are fewer than two samples, and "), "{method}");
    for cell in &single {
        std::fs::remove_file(cell.folder.path().join("samples.val.csv")).unwrap();
    }
    let found = analysis(&single);
    assert_eq!(no_intervals(&found).0, "the scores of single samples can't be read.");
    // Each missing file is named.
    assert_eq!(found.problems.len(), 2);
    for (cell, problem) in single.iter().zip(&found.problems) {
        let path = cell.folder.path().join("samples.val.csv").display().to_string();
        assert!(problem.contains(&path), "{problem}");
    }
}

/// A cell whose score is a share of right answers, to be measured against these scores.
fn share(
    root: &Path,
    backbone: &str,
    repetition: u32,
    scores: &[f64],
    baselines: &[(&str, f64)],
) -> Measured {
    let value = scores.iter().sum::<f64>() / scores.len() as f64;
    let metric = metric("score", "val", value, true, scores.len() as u64).at_least(0.0).at_most(1.0);
    let metric = baselines.iter().fold(metric, |metric, (name, score)| metric.against(name, *score));
    write(root, &result(config("metric", backbone, "1"), repetition, &[metric]), &[rows(scores, 0)])
}

#[test]
fn shared_first_places_are_counted() {
    let root = tempfile::tempdir().unwrap();
    let cells: Vec<Measured> = ["a", "b", "c", "d", "e", "f"]
        .map(|backbone| share(root.path(), backbone, 0, &[1.0; 40], &[]))
        .to_vec();
    let answer = |cells: &[Measured]| analysis(cells).boards[0].answer.clone();
    let all = answer(&cells);
    assert!(all.contains("score), all 6 share the best score: 1.000 [0.912, 1.000]."), "{all}");
    let mut worse = [1.0; 40];
    worse[..20].fill(0.0);
    let mut some = cells;
    some.push(share(root.path(), "worse", 0, &worse, &[]));
    let some = answer(&some);
    assert!(
        some.contains("6 of 7 share the best score") && some.contains("they are better than all others"),
        "{some}"
    );
}

#[test]
fn intervals_of_shares_are_exact_at_the_ends_and_stay_within() {
    let root = tempfile::tempdir().unwrap();
    let mut half = [1.0; 40];
    half[39] = 0.5;
    let cells =
        [share(root.path(), "all", 0, &[1.0; 40], &[]), share(root.path(), "none", 0, &[0.0; 40], &[])];
    let found = analysis(&cells);
    let interval = |at: usize| found.boards[0].entries[at].interval.unwrap();
    assert!((interval(0)[0] - 0.025_f64.powf(1.0 / 40.0)).abs() < 1e-9 && interval(0)[1] >= 1.0);
    assert!((interval(1)[1] - (1.0 - 0.025_f64.powf(1.0 / 40.0))).abs() < 1e-9 && interval(1)[0] <= 0.0);
    assert!(found.boards[0].method.contains("Clopper"), "{}", found.boards[0].method);
    // Half an answer: no longer fractions, but as wide.
    let found = analysis(&[cells[0].clone(), share(root.path(), "half", 0, &half, &[])]);
    for entry in &found.boards[0].entries {
        let [low, high] = entry.interval.unwrap();
        assert!(low > 0.85 && low < 0.93 && high <= 1.0 && high > 0.99, "{entry:?}");
    }
    assert!(found.boards[0].method.contains("Gaffke"), "{}", found.boards[0].method);
}

#[test]
fn two_repetitions_and_few_samples_are_not_made_more_of_than_they_are() {
    let root = tempfile::tempdir().unwrap();
    let (mut good, mut bad) = ([1.0; 40], [1.0; 40]);
    good[..8].fill(0.0);
    bad[..12].fill(0.0);
    let cells = [
        share(root.path(), "a", 0, &good, &[]),
        share(root.path(), "a", 1, &bad, &[]),
        share(root.path(), "b", 0, &bad, &[]),
        share(root.path(), "b", 1, &bad, &[]),
    ];
    let board = &analysis(&cells).boards[0];
    for entry in &board.entries {
        let [low, high] = entry.interval.unwrap();
        // A t interval with one degree of freedom would reach far beyond 1.
        assert!(low > 0.5 && high < 0.92, "{entry:?}");
    }
    assert!(board.method.contains("Two repetitions are too few"), "{}", board.method);
    // Two samples: no interval at all, and why.
    let root = tempfile::tempdir().unwrap();
    let two =
        ["a", "b"].map(|backbone| cell(root.path(), config("metric", backbone, "1"), 0, &[0.9989, 0.9993]));
    let found = analysis(&two);
    assert!(found.boards[0].entries.iter().all(|entry| entry.interval.is_none()));
    assert!(found.boards[0].method.contains("too few"), "{}", found.boards[0].method);
}

#[test]
fn answers_say_when_the_best_does_not_reach_a_baseline() {
    let root = tempfile::tempdir().unwrap();
    let mut scores = [1.0; 40];
    scores[..18].fill(0.0);
    let answer = |baselines: &[(&str, f64)]| {
        let cells = ["a", "b"].map(|backbone| share(root.path(), backbone, 0, &scores, baselines));
        let board = analysis(&cells).boards[0].clone();
        let names: Vec<String> = board.baselines.iter().map(|baseline| baseline.name.clone()).collect();
        assert_eq!(board.entries.len(), 2, "a baseline is not a contender");
        (board.answer, names)
    };
    let (lost, names) = answer(&[("chance", 0.5), ("bicubic", 0.8)]);
    assert!(
        lost.ends_with("No contender is better than bicubic (0.80), which needs no loss network."),
        "{lost}"
    );
    assert_eq!(names, ["bicubic", "chance"]);
    let (near, _) = answer(&[("chance", 0.5)]);
    assert!(
        near.ends_with("The interval of the best holds chance (0.50), which needs no loss network."),
        "{near}"
    );
    let (above, _) = answer(&[("chance", 0.1)]);
    assert!(!above.contains("no loss network"), "{above}");
}

#[test]
fn pixel_losses_are_contenders_and_what_others_are_measured_against() {
    let root = tempfile::tempdir().unwrap();
    let [mut good, mut bad] = [[1.0; 40]; 2];
    good[..10].fill(0.0);
    bad[..20].fill(0.0);
    let cells = [share(root.path(), "pixels", 0, &good, &[]), share(root.path(), "alexnet", 0, &bad, &[])];
    let board = analysis(&cells).boards[0].clone();
    assert_eq!(board.entries.len(), 2);
    let baseline = &board.baselines[0];
    assert_eq!((baseline.name.as_str(), baseline.text.value.as_str()), ("pixel loss", "0.75"));
    assert!(board.answer.contains("No contender is better than pixel loss (0.75)"), "{}", board.answer);
    assert!(analysis(&cells[..1]).boards[0].baselines.is_empty(), "there is nothing to measure");
}

#[test]
fn mean_ranks_say_how_sure_they_are() {
    let root = tempfile::tempdir().unwrap();
    let over = |boards: usize| {
        let one = |task: usize, backbone: &str, level: f64| {
            cell(root.path(), config(&format!("task-{task}"), backbone, "1"), 0, &scores(level, 40))
        };
        let cells: Vec<Measured> = (0..boards)
            .flat_map(|task| [("a", 9.0), ("b", 6.0), ("c", 3.0)].map(|(name, level)| one(task, name, level)))
            .collect();
        analysis(&cells)
    };
    // The lower end of seven equal ranks of 0 is 0, the upper one 1 - 0.025^(1/7).
    let found = over(7);
    assert!(
        found.answer[0].starts_with(
            "Over all 7 main leaderboards, a · 1 has the best mean rank of the 3 networks that are on each of them: 0.00 \
             [0.00, 0.41], where 0 is the best and 1 the worst on each; one of the others can't be told from it"
        ),
        "{}",
        found.answer[0]
    );
    let tied: Vec<bool> = found.overall.networks.iter().map(|network| network.tied_with_best).collect();
    assert_eq!(tied, [true, true, false]);
    // Over two boards chance brings about any order.
    let few = over(2);
    assert!(few.answer[0].contains("over so few leaderboards none of the others"), "{}", few.answer[0]);
    // Over one board nothing is said of mean ranks.
    assert!(over(1).answer.iter().all(|sentence| !sentence.contains("mean rank")));
}

#[test]
fn the_same_cell_in_two_experiments_counts_once() {
    let root = tempfile::tempdir().unwrap();
    let once = cell(root.path(), config("metric", "alexnet", "1"), 0, &scores(1.0, 20));
    let mut again = once.clone();
    again.result.experiment = "other".to_owned();
    let found = analysis(&[once, again]);
    assert_eq!(found.boards[0].entries[0].repetitions, 1);
    assert_eq!(found.problems.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn boards_are_in_order_and_intervals_hold_their_scores(
        levels in prop::collection::vec(0.0..1.0_f64, 2..6), count in 5_usize..40, repetitions in 1_u32..4,
    ) {
        let root = tempfile::tempdir().unwrap();
        let mut cells = Vec::new();
        for (number, level) in levels.iter().enumerate() {
            for repetition in 0..repetitions {
                let config = config("metric", &format!("network{number}"), "1");
                cells.push(cell(root.path(), config, repetition, &scores(level + f64::from(repetition) * 0.01, count)));
            }
        }
        let forward = analysis(&cells);
        let board = &forward.boards[0];
        for pair in board.entries.windows(2) {
            prop_assert!(pair[0].value >= pair[1].value && pair[0].rank <= pair[1].rank);
        }
        for entry in &board.entries {
            let ([low, high], value) = (entry.interval.unwrap(), entry.value.unwrap());
            prop_assert!(low <= value + 1e-12 && value <= high + 1e-12);
        }
        for pair in &board.pairs {
            prop_assert!((0.0..=1.0).contains(&pair.p.unwrap()));
        }
        // The order of the cells changes no number.
        cells.reverse();
        let backward = analysis(&cells);
        let name = |analysis: &Analysis, board: usize| -> Vec<(String, Option<f64>, usize)> {
            let label = |network: usize| analysis.networks[network].label.clone();
            let entries = analysis.boards[board].entries.iter();
            entries.map(|entry| (label(entry.network), entry.value.map(|value| (value * 1e9).round()), entry.rank)).collect()
        };
        let (mut one, mut other) = (name(&forward, 0), name(&backward, 0));
        one.sort_by(|a, b| a.0.cmp(&b.0));
        other.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(one, other);
    }
}
