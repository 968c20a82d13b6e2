//! Made-up leaderboards, and what holds over all of them.

use lossnet_analysis::report::data::{
    Baseline, Board, BoardCorrelation, Correlation, Entry, MeanRank, Network, Overall, Pair, Ranks,
};

use lossnet_analysis::report::texts;
use lossnet_core::store::Cost;

use super::{Sizes, TASKS, Task, backbone, noise};

pub(super) fn board(task: usize, networks: &[Network], sizes: Sizes) -> Board {
    let Task { name, variant, dataset, metric, split, unit, higher_is_better, typical, spread } = TASKS[task];
    let score = |index: usize| {
        let network = &networks[index];
        let depth = network.depth.unwrap_or(0.5);
        let accuracy = network.imagenet_top1.unwrap_or(70.0) / 100.0 - 0.7;
        let quality =
            1.2 - 5.0 * (depth - 0.5).powi(2) + accuracy + 0.5 * (noise(index * 17 + task * 5003) - 0.5);
        typical + spread * (quality - 0.8) * if higher_is_better { 1.0 } else { -1.0 }
    };
    let mut entries: Vec<Entry> = (0..networks.len())
        .map(|index| {
            let value = score(index);
            let half = spread * (0.08 + 0.06 * noise(index + 31 * task));
            Entry {
                network: index,
                value: Some(value),
                interval: Some([value - half, value + half]),
                deviation: (sizes.repetitions > 1).then(|| half * noise(index + 11)),
                repetitions: sizes.repetitions,
                samples: 36_500,
                failed: u64::from(index % 41 == 3),
                nan: u64::from(index % 53 == 7) * 2,
                rank: 0,
                tied_with_best: false,
                seconds: Some(30.0 * (0.2 + noise(index + 5)) * networks[index].depth.unwrap_or(0.5)),
                peak_memory: Some((4e8 * (1.0 + 3.0 * noise(index + 71))) as u64),
                cost: Some(Cost {
                    height: 64,
                    width: 64,
                    forward_seconds: 0.02 * (0.2 + noise(index + 5)) * networks[index].depth.unwrap_or(0.5),
                    backward_seconds: Some(0.03 * (0.2 + noise(index + 7))),
                    forward_memory: (4e6 * (1.0 + 3.0 * noise(index + 71))) as u64,
                    backward_memory: (9e6 * (1.0 + 3.0 * noise(index + 72))) as u64,
                }),
                cells: (0..sizes.repetitions)
                    .map(|repetition| format!("{:016x}", index * 64 + task * 8 + repetition))
                    .collect(),
                ..Entry::default()
            }
        })
        .collect();
    let key = |entry: &Entry| entry.value.unwrap_or(f64::NAN) * if higher_is_better { -1.0 } else { 1.0 };
    entries.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let best = entries[0].clone();
    let overlaps = |entry: &Entry| match (best.interval, entry.interval) {
        (Some(best), Some(other)) => best[0] <= other[1] && other[0] <= best[1],
        _ => false,
    };
    for (index, entry) in entries.iter_mut().enumerate() {
        entry.rank = index + 1;
        entry.tied_with_best = overlaps(entry);
    }
    let tied = entries.iter().filter(|entry| entry.tied_with_best).count() - 1;
    let answer =
        format!("{} is best on {name}; {tied} others can't be told from it.", networks[best.network].label);
    let pairs = pairs(&entries, higher_is_better, spread);
    let ranks = ranks(&entries);
    let correlations = ["imagenet_top1", "parameters", "multiply_adds", "depth"]
        .iter()
        .enumerate()
        .flat_map(|(with, name)| {
            ["pearson", "spearman", "kendall"].into_iter().enumerate().map(move |(kind, label)| {
                let value = 1.4 * noise(with * 3 + kind + task * 101) - 0.7;
                correlation(name, label, value)
            })
        })
        .collect();
    let mut board = Board {
        task: name.into(),
        variant: variant.into(),
        dataset: dataset.into(),
        metric: metric.into(),
        split: split.into(),
        unit: unit.into(),
        higher_is_better,
        main: true,
        entries,
        baselines: vec![Baseline { name: "chance".into(), value: typical - spread, ..Baseline::default() }],
        method: "Intervals: percentile bootstrap over samples (2,000 draws). Ties: Holm-corrected paired Wilcoxon tests, α = 0.05.".into(),
        answer,
        pairs,
        ranks: Some(ranks),
        correlations,
        ..Board::default()
    };
    texts::of_board(&mut board);
    board
}

fn correlation(with: &str, kind: &str, value: f64) -> Correlation {
    let interval = Some([(value - 0.2).max(-1.0), (value + 0.2).min(1.0)]);
    Correlation {
        with: with.into(),
        kind: kind.into(),
        value,
        interval,
        p: Some(0.03),
        count: 48,
        ..Correlation::default()
    }
}

fn pairs(entries: &[Entry], higher_is_better: bool, spread: f64) -> Vec<Pair> {
    let top = &entries[..entries.len().min(16)];
    let mut pairs = Vec::new();
    for (first, a) in top.iter().enumerate() {
        for b in &top[first + 1..] {
            let difference = a.value.unwrap_or(0.0) - b.value.unwrap_or(0.0);
            assert!(
                difference == 0.0 || (difference > 0.0) == higher_is_better,
                "entries are the best first"
            );
            let half = spread * 0.1;
            let p = (-(difference / half).powi(2)).exp().min(1.0);
            pairs.push(Pair {
                networks: [a.network, b.network],
                difference,
                interval: Some([difference - half, difference + half]),
                test: "wilcoxon".into(),
                p: Some(p),
                p_alone: Some(p / 2.0),
                ..Pair::default()
            });
        }
    }
    pairs
}

fn ranks(entries: &[Entry]) -> Ranks {
    let top = &entries[..entries.len().min(16)];
    let averages =
        top.iter().enumerate().map(|(index, entry)| (entry.network, 1.5 + index as f64 * 0.83)).collect();
    let last = top.len() - 1;
    let cliques = [(0, 4), (2, 7), (6, 11)].into_iter().filter(|(_, end)| *end <= last).collect();
    Ranks {
        blocks: "samples".into(),
        count: 36_500,
        averages,
        friedman_p: Some(1e-9),
        critical_difference: 3.4,
        cliques,
        ..Ranks::default()
    }
}

pub(super) fn overall(boards: &[Board], networks: &[Network], sizes: Sizes) -> Overall {
    let mean = |name: String, seed: usize| {
        let ranks: Vec<Option<f64>> = (0..boards.len())
            .map(|board| Some((0.7 * noise(seed) + 0.3 * noise(seed + board * 7919)).min(1.0)))
            .collect();
        let mean_rank = ranks.iter().flatten().sum::<f64>() / ranks.len() as f64;
        MeanRank {
            name,
            mean_rank,
            ranks,
            interval: Some([mean_rank / 2.0, f64::midpoint(1.0, mean_rank)]),
            ..MeanRank::default()
        }
    };
    let sorted = |mut list: Vec<MeanRank>| {
        list.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank));
        list
    };
    let mut between_boards = Vec::new();
    for first in 0..boards.len() {
        for (second, other) in boards.iter().enumerate().skip(first + 1) {
            for kind in ["spearman", "kendall"] {
                let value = 1.6 * noise(first * 31 + second + kind.len()) - 0.6;
                between_boards.push(BoardCorrelation {
                    boards: [first, second],
                    correlation: correlation(&other.task, kind, value),
                });
            }
        }
    }
    let mut overall = Overall {
        boards: (0..boards.len()).collect(),
        backbones: sorted((0..sizes.backbones).map(|index| mean(backbone(index), index)).collect()),
        networks: sorted(
            networks
                .iter()
                .enumerate()
                .map(|(index, network)| mean(network.label.clone(), index + 4000))
                .collect(),
        ),
        layers: (0..sizes.layers.min(4))
            .map(|layer| mean(format!("layer {} of {}", layer + 1, sizes.layers.min(4)), layer + 90))
            .collect(),
        between_boards,
    };
    texts::of_overall(&mut overall);
    overall
}
