//! Made-up results that look like real ones. Everything follows from the sizes: the same sizes give the same report.

mod boards;
mod details;

use std::collections::BTreeMap;

use lossnet_analysis::report::data::{Board, Claim, Experiment, Network, Provenance, ReportData};

use boards::{board, overall};
use details::{curves, panels, table};

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

/// A task and the metric that it is mainly judged by.
struct Task {
    name: &'static str,
    variant: &'static str,
    dataset: &'static str,
    metric: &'static str,
    split: &'static str,
    unit: &'static str,
    higher_is_better: bool,
    /// A typical score, and how far loss networks differ.
    typical: f64,
    spread: f64,
}

const PLAIN: Task = Task {
    name: "metric",
    variant: "",
    dataset: "bapps",
    metric: "2afc_score",
    split: "val/mean",
    unit: "",
    higher_is_better: true,
    typical: 0.69,
    spread: 0.03,
};

const TASKS: [Task; 5] = [
    PLAIN,
    Task {
        name: "autoencoder",
        dataset: "svhn",
        metric: "linear_accuracy",
        split: "test",
        unit: "%",
        typical: 74.0,
        spread: 6.0,
        ..PLAIN
    },
    Task {
        name: "delineation",
        dataset: "mnist-outline",
        metric: "f1",
        split: "test",
        typical: 0.81,
        spread: 0.05,
        ..PLAIN
    },
    Task {
        name: "super-resolution",
        variant: "factor=4",
        dataset: "set14",
        metric: "psnr",
        split: "test/mean",
        unit: "dB",
        typical: 26.4,
        spread: 0.6,
        ..PLAIN
    },
    Task {
        name: "augmentation",
        metric: "rank_distance",
        split: "val",
        higher_is_better: false,
        typical: 2.1,
        spread: 0.4,
        ..PLAIN
    },
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
            cells: BTreeMap::from([("done".into(), cells), ("failed".into(), 3), ("running".into(), 0), ("submitted".into(), 0), ("to do".into(), 40)]),
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
        notes: vec!["48 images omitted (limits: the 12 best contenders, 8 samples of a kind, 10 MB).".into()],
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
