//! Made-up results that look like real ones. Everything follows from the sizes: the same sizes give the same report.

use std::collections::BTreeMap;

use lossnet::report::data::{
    Board, BoardCorrelation, Claim, Correlation, Curve, Entry, Experiment, MeanRank, Network, Overall, Pair,
    Panel, PanelImage, Provenance, Ranks, ReportData, Table, TableColumn,
};

/// A 16×16 image, as PNG.
const IMAGE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAANElEQVR4nGNkYLgjwMAAQ0uQ2DFYxVkYBBhIAnTRsASJG4PExi4+OP1A2N3I4oPTD0M+HgDG3Aqeo3nFpAAAAABJRU5ErkJggg==";

/// How much there is.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) backbones: usize,
    pub(crate) layers: usize,
    pub(crate) comparisons: usize,
    pub(crate) repetitions: usize,
    /// Metrics and splits of each cell in the table of all results.
    pub(crate) rows_per_cell: usize,
}

/// What a sweep over five tasks looks like.
pub(crate) const SMALL: Sizes =
    Sizes { backbones: 12, layers: 4, comparisons: 1, repetitions: 2, rows_per_cell: 3 };

/// 10,000 cells of 40 rows each: five tasks, 1,000 loss networks, 2 repetitions.
pub(crate) const LARGE: Sizes =
    Sizes { backbones: 50, layers: 5, comparisons: 4, repetitions: 2, rows_per_cell: 40 };

const BACKBONES: [&str; 12] = [
    "alexnet",
    "vgg11",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "squeezenet1_1",
    "resnet18",
    "resnet50",
    "densenet121",
    "inception_v3",
    "efficientnet_b0",
];

/// Task, variant, dataset, metric, split, unit, higher is better, typical score, spread between networks.
const TASKS: [(&str, &str, &str, &str, &str, &str, bool, f64, f64); 5] = [
    ("metric", "", "bapps", "2afc_score", "val/mean", "", true, 0.69, 0.03),
    ("autoencoder", "", "svhn", "linear_accuracy", "test", "%", true, 74.0, 6.0),
    ("delineation", "", "mnist-outline", "f1", "test", "", true, 0.81, 0.05),
    ("super-resolution", "factor=4", "set14", "psnr", "test/mean", "dB", true, 26.4, 0.6),
    ("augmentation", "", "bapps", "rank_distance", "val", "", false, 2.1, 0.4),
];

/// A number from 0 to 1 that looks random (the finalizer of MurmurHash3).
fn noise(seed: usize) -> f64 {
    let mut bits = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    ((bits ^ (bits >> 33)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn backbone(index: usize) -> String {
    BACKBONES.get(index).map_or_else(|| format!("network{index}"), |name| (*name).to_owned())
}

fn networks(sizes: Sizes) -> Vec<Network> {
    let mut networks = Vec::new();
    for index in 0..sizes.backbones {
        for layer in 0..sizes.layers {
            for comparison in 0..sizes.comparisons {
                let comparison = ["spatial", "mean", "sort", "gram", "cosine"][comparison];
                let depth = (layer + 1) as f64 / sizes.layers as f64 * 0.9;
                let backbone = backbone(index);
                networks.push(Network {
                    label: if sizes.comparisons > 1 {
                        format!("{backbone} · {} · {comparison}", layer * 3 + 1)
                    } else {
                        format!("{backbone} · {}", layer * 3 + 1)
                    },
                    weights: "imagenet".into(),
                    layers: (layer * 3 + 1).to_string(),
                    comparison: comparison.into(),
                    others: BTreeMap::new(),
                    depth: Some(depth),
                    imagenet_top1: Some(56.5 + 25.0 * noise(index)),
                    parameters: Some((1e6 * 10_f64.powf(2.1 * noise(index + 900))) as u64),
                    multiply_adds: Some((3e9 * depth * (0.1 + noise(index + 700))) as u64),
                    backbone,
                });
            }
        }
    }
    networks
}

fn board(task: usize, networks: &[Network], sizes: Sizes) -> Board {
    let (name, variant, dataset, metric, split, unit, higher_is_better, typical, spread) = TASKS[task];
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
                cells: (0..sizes.repetitions)
                    .map(|repetition| format!("{:016x}", index * 64 + task * 8 + repetition))
                    .collect(),
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
    Board {
        task: name.into(),
        variant: variant.into(),
        dataset: dataset.into(),
        metric: metric.into(),
        split: split.into(),
        unit: unit.into(),
        higher_is_better,
        main: true,
        entries,
        method: "Intervals: percentile bootstrap over samples (2,000 draws). Ties: Holm-corrected paired Wilcoxon tests, α = 0.05.".into(),
        answer,
        pairs,
        ranks: Some(ranks),
        correlations,
    }
}

fn correlation(with: &str, kind: &str, value: f64) -> Correlation {
    let interval = Some([(value - 0.2).max(-1.0), (value + 0.2).min(1.0)]);
    Correlation { with: with.into(), kind: kind.into(), value, interval, p: Some(0.03), count: 48 }
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
    }
}

fn overall(boards: &[Board], networks: &[Network], sizes: Sizes) -> Overall {
    let mean = |name: String, seed: usize| {
        let ranks: Vec<Option<f64>> = (0..boards.len())
            .map(|board| Some((0.7 * noise(seed) + 0.3 * noise(seed + board * 7919)).min(1.0)))
            .collect();
        let mean_rank = ranks.iter().flatten().sum::<f64>() / ranks.len() as f64;
        MeanRank { name, mean_rank, ranks }
    };
    let sorted = |mut list: Vec<MeanRank>| {
        list.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank));
        list
    };
    let mut between_boards = Vec::new();
    for first in 0..boards.len() {
        for second in first + 1..boards.len() {
            for kind in ["spearman", "kendall"] {
                let value = 1.6 * noise(first * 31 + second + kind.len()) - 0.6;
                between_boards.push(BoardCorrelation {
                    boards: [first, second],
                    correlation: correlation(&boards[second].task, kind, value),
                });
            }
        }
    }
    Overall {
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
    }
}

fn table(boards: &[Board], networks: &[Network], sizes: Sizes) -> Table {
    let cells = boards.len() * networks.len() * sizes.repetitions;
    let rows = cells * sizes.rows_per_cell;
    let row = |row: usize| {
        let cell = row / sizes.rows_per_cell;
        (
            row % sizes.rows_per_cell,
            cell % boards.len(),
            cell / boards.len() % networks.len(),
            cell / boards.len() / networks.len(),
        )
    };
    let texts = |name: &str, texts: Vec<String>, code: &dyn Fn(usize) -> usize| TableColumn::Texts {
        name: name.into(),
        texts,
        codes: (0..rows).map(|index| code(index) as u32).collect(),
    };
    let layers: Vec<String> = (0..sizes.layers).map(|layer| (layer * 3 + 1).to_string()).collect();
    let per_backbone = sizes.layers * sizes.comparisons;
    let value = |index: usize| {
        let (metric, board, network, _) = row(index);
        let (.., typical, spread) = TASKS[board];
        (index % 997 != 5)
            .then(|| typical + spread * (noise(network * 131 + board) - 0.5) + metric as f64 * spread * 0.01)
    };
    Table {
        rows,
        columns: vec![
            TableColumn::Constant { name: "lossnet_version".into(), value: "0.1.0".into() },
            texts("task", boards.iter().map(|board| board.task.clone()).collect(), &|index| row(index).1),
            texts("backbone", (0..sizes.backbones).map(backbone).collect(), &|index| {
                row(index).2 / per_backbone
            }),
            texts("layers", layers, &|index| row(index).2 % per_backbone / sizes.comparisons),
            texts(
                "comparison",
                networks[..sizes.comparisons].iter().map(|network| network.comparison.clone()).collect(),
                &|index| row(index).2 % sizes.comparisons,
            ),
            texts(
                "metric",
                (0..sizes.rows_per_cell).map(|metric| format!("metric_{metric}")).collect(),
                &|index| row(index).0,
            ),
            TableColumn::Numbers { name: "value".into(), values: (0..rows).map(value).collect() },
            TableColumn::Numbers {
                name: "repetition".into(),
                values: (0..rows).map(|index| Some(row(index).3 as f64)).collect(),
            },
            TableColumn::Numbers {
                name: "seconds".into(),
                values: (0..rows)
                    .map(|index| Some((noise(index / sizes.rows_per_cell) * 1e5).round() / 1e3))
                    .collect(),
            },
            texts(
                "cell",
                (0..cells).map(|cell| format!("{:016x}", cell * 2_654_435_761)).collect(),
                &|index| index / sizes.rows_per_cell,
            ),
        ],
    }
}

fn curves(boards: &[Board], sizes: Sizes) -> Vec<Curve> {
    let mut curves = Vec::new();
    for board in boards.iter().skip(1).take(3) {
        for (place, entry) in board.entries.iter().take(10).enumerate() {
            for repetition in 0..sizes.repetitions {
                for name in ["train/loss", "val/score"] {
                    let steps: Vec<u64> = (0..60).map(|step| step * 50).collect();
                    let value = |step: &u64| {
                        let falling = (-(*step as f64) / 600.0).exp()
                            + 0.02 * noise(*step as usize + place * 977 + repetition * 31);
                        Some(if name == "train/loss" {
                            0.05 * (place + 1) as f64 + falling
                        } else {
                            0.9 - 0.4 * falling - 0.01 * place as f64
                        })
                    };
                    curves.push(Curve {
                        task: board.task.clone(),
                        network: entry.network,
                        cell: entry.cells.get(repetition).cloned().unwrap_or_default(),
                        repetition: repetition as u32,
                        name: name.into(),
                        values: steps.iter().map(value).collect(),
                        steps,
                    });
                }
            }
        }
    }
    curves
}

fn panels(boards: &[Board]) -> Vec<Panel> {
    [(1, "reconstructions"), (3, "super-resolved crops"), (0, "disagreements")]
        .into_iter()
        .filter_map(|(board, title)| {
            let board = boards.get(board)?;
            let image = |entry: &Entry| PanelImage {
                network: entry.network,
                cell: entry.cells[0].clone(),
                caption: format!("{title} with rank {}", entry.rank),
                size: [16, 16],
                source: IMAGE.into(),
            };
            Some(Panel {
                task: board.task.clone(),
                title: title.into(),
                caption: "Above the original, below what came out.".into(),
                images: board.entries.iter().take(6).map(image).collect(),
            })
        })
        .collect()
}

/// A whole report.
pub(crate) fn report(sizes: Sizes) -> ReportData {
    let networks = networks(sizes);
    let boards: Vec<Board> = (0..TASKS.len()).map(|task| board(task, &networks, sizes)).collect();
    let overall = overall(&boards, &networks, sizes);
    let table = table(&boards, &networks, sizes);
    let cells = boards.len() * networks.len() * sizes.repetitions;
    ReportData {
        title: "Five tasks, twelve backbones".into(),
        generated: "2026-05-04T12:30:00Z".into(),
        lossnet: "0.1.0".into(),
        answer: vec![
            format!("Use {}: it has the best mean rank over five tasks.", overall.networks[0].name),
            "No loss network is best everywhere: 3 of 5 tasks have a best one that others can't be told from.".into(),
        ],
        experiments: vec![Experiment {
            name: "five-tasks".into(),
            description: "All five tasks with small backbones.".into(),
            cells: BTreeMap::from([("done".into(), cells), ("failed".into(), 3), ("to do".into(), 40)]),
            failures: vec![("the process was killed by signal 9".into(), 2), ("out of memory on cuda:0".into(), 1)],
        }],
        claims: vec![
            claim("vgg networks without batch norm are best on autoencoder", "holds", "vgg16 · 4: 78.1 %, the best of 48."),
            claim("ImageNet accuracy goes with the score", "does not hold", "Pearson r 0.07, 95 % interval -0.21 to 0.34."),
            claim("deep layers are worse than early ones", "undecided", "The interval of the difference holds zero."),
            claim("ranks agree between tasks", "no data", "There is one task only."),
        ],
        curves: curves(&boards, sizes),
        panels: panels(&boards),
        provenance: vec![Provenance {
            experiment: "five-tasks".into(),
            cells,
            facts: BTreeMap::from([
                ("lossnet version".into(), "0.1.0".into()),
                ("libtorch".into(), "2.11.0".into()),
                ("device".into(), "cpu".into()),
                ("precision".into(), "fp32".into()),
            ]),
            config: "[experiment]\nname = \"five-tasks\"\n\n[task]\nname = \"metric\"\n".into(),
            signature: "backbone=vgg16 weights=imagenet(0123abcd) layers=4 comparison=spatial precision=fp32 protocol=1".into(),
        }],
        problems: vec!["logs/five-tasks/0123456789abcdef/result.json can't be read: it ends in the middle".into()],
        networks,
        boards,
        overall,
        table,
    }
}

fn claim(text: &str, verdict: &str, evidence: &str) -> Claim {
    Claim {
        text: text.into(),
        source: "Section 4.2".into(),
        verdict: verdict.into(),
        evidence: evidence.into(),
    }
}
