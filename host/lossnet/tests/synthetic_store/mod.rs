//! Stores of results that nobody computed: written straight to disk, as many as a test wants.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::fmt::Write as _;
use std::path::Path;

use lossnet_analysis::leaderboards::Measured;
use lossnet_core::inputs::Inputs;
use lossnet_core::model::Cell;
use lossnet_core::model::{
    ComparisonSection, Component, DataSection, ExperimentSection, LossNetworkSection, ResolvedConfig,
    RunSection,
};
use lossnet_core::store::{CellResult, FORMAT, Store, Versions};
use lossnet_plugin_protocol::report::{FromSamples, Metric, SampleRows};
use serde_json::{Map, Value};

/// A component without settings.
pub fn component(name: &str) -> Component {
    Component { name: name.to_owned(), settings: Map::new() }
}

/// A config of this task, backbone and layer, on the split `val` of `photos`.
pub fn config(task: &str, backbone: &str, layers: &str) -> ResolvedConfig {
    ResolvedConfig {
        experiment: ExperimentSection {
            name: "made".to_owned(),
            description: "made up".to_owned(),
            repetitions: 1,
        },
        task: component(task),
        loss_network: LossNetworkSection {
            backbone: component(backbone),
            weights: "imagenet".to_owned(),
            check_all_weights: false,
            layers: layers.split(',').map(str::to_owned).collect(),
            nodes: layers.split(',').map(|layer| format!("features.{layer}")).collect(),
            normalize: "imagenet".to_owned(),
            comparison: ComparisonSection { name: "spatial".to_owned(), terms: vec![component("spatial")] },
            calibration: None,
            size: None,
        },
        data: DataSection {
            dataset: component("photos"),
            splits: vec!["val".to_owned()],
            folder: None,
            limit: None,
            test: std::collections::BTreeMap::new(),
        },
        run: RunSection {
            device: "cpu".to_owned(),
            precision: "fp32".to_owned(),
            batch_size: 16,
            threads: 0,
            num_workers: 0,
            seed: 0,
            deterministic: false,
            offline: true,
            executor: "in-process".to_owned(),
        },
    }
}

/// A result with what only a run would know made up. Its id is made of all that tells cells apart.
pub fn result(config: ResolvedConfig, repetition: u32, metrics: &[Metric]) -> CellResult {
    let text = Value::Object(config.to_map()).to_string();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(repetition);
    text.bytes().for_each(|byte| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let (name, experiment) = (config.loss_network.backbone.name.clone(), config.experiment.name.clone());
    let value = serde_json::json!({
        "format": FORMAT,
        "experiment": experiment,
        "cell": Cell {
            id: format!("{hash:016x}"), name, repetition, seed: u64::from(repetition), protocol_version: 1, config,
            inputs: Inputs::default(),
        },
        "signature": "made up",
        "metrics": metrics,
        "versions": Versions::default(),
        "weights": "made up",
        "device": "cpu",
        "started": 0,
        "seconds": 1.0,
        "group_size": 1,
    });
    serde_json::from_value(value).unwrap()
}

/// A metric that is the mean of a column over a split.
pub fn metric(name: &str, split: &str, value: f64, higher_is_better: bool, samples: u64) -> Metric {
    let said = serde_json::json!({
        "name": name, "split": split, "value": 0.0, "unit": "share", "higher_is_better": higher_is_better,
        "samples": samples,
    });
    let metric: Metric = serde_json::from_value(said).unwrap();
    // JSON has no NaN.
    Metric { value, from_samples: Some(FromSamples::mean(name, split)), ..metric }
}

/// Writes a complete cell.
pub fn write(root: &Path, result: &CellResult, samples: &[SampleRows]) -> Measured {
    let folder = Store::new(root).experiment(&result.experiment).cell(&result.cell.id);
    std::fs::create_dir_all(folder.path()).unwrap();
    for rows in samples {
        let mut text = "group,id".to_owned();
        rows.columns.iter().for_each(|column| write!(text, ",{}", column.name).unwrap());
        text.push('\n');
        for (row, id) in rows.ids.iter().enumerate() {
            write!(text, "{},{id}", rows.groups[row]).unwrap();
            rows.columns.iter().for_each(|column| write!(text, ",{}", column.values[row]).unwrap());
            text.push('\n');
        }
        std::fs::write(folder.path().join(format!("samples.{}.csv", rows.split)), text).unwrap();
    }
    std::fs::write(folder.path().join("config.toml"), result.cell.config.to_toml().unwrap()).unwrap();
    let text = serde_json::to_vec_pretty(result).unwrap();
    std::fs::write(folder.path().join("result.json"), text).unwrap();
    Measured { result: result.clone(), folder }
}

/// Numbers that look random and are the same each time, in [0, 1).
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Writes so many cells of five tasks, each with so many samples in two groups and two scores of each sample: 40 backbones
/// with up to 25 layers, and as many repetitions as it takes.
pub fn large(root: &Path, cells: usize, samples: usize) {
    const TASKS: usize = 5;
    const NETWORKS: usize = 1000;
    for number in 0..cells {
        let (task, network) = (number % TASKS, number / TASKS % NETWORKS);
        let repetition = (number / TASKS / NETWORKS) as u32;
        let (backbone, layer) = (network % 40, network / 40);
        let mut random = Random(number as u64);
        let quality = 0.4 + 0.3 * (backbone as f64 / 40.0) - (layer as f64 / 25.0 - 0.4).powi(2);
        let score: Vec<f64> = (0..samples)
            .map(|sample| {
                let hard = Random((task * samples + sample) as u64).number() - 0.5;
                (1000.0 * (quality + 0.3 * hard + 0.2 * random.number())).round() / 1000.0
            })
            .collect();
        let right: Vec<f64> = score.iter().map(|&score| f64::from(score > 0.5)).collect();
        let groups: Vec<String> = (0..samples).map(|at| ["a", "b"][2 * at / samples].to_owned()).collect();
        let mut metrics = Vec::new();
        for (name, values) in [("score", &score), ("accuracy", &right)] {
            let mut means = Vec::new();
            for group in ["a", "b"] {
                let of: Vec<f64> = groups
                    .iter()
                    .zip(values)
                    .filter(|(at, _)| *at == group)
                    .map(|(_, value)| *value)
                    .collect();
                means.push(of.iter().sum::<f64>() / of.len() as f64);
                let split = format!("val/{group}");
                let one = metric(name, &split, means[means.len() - 1], true, of.len() as u64);
                let from = FromSamples::mean_of_groups(name, [("val", group)]);
                metrics.push(Metric { from_samples: Some(from), ..one });
            }
            let mean = metric(name, "val/mean", means.iter().sum::<f64>() / 2.0, true, samples as u64);
            let from = FromSamples::mean_of_groups(name, [("val", "a"), ("val", "b")]);
            metrics.push(Metric { from_samples: Some(from), ..mean });
        }
        let config = config(&format!("task{task}"), &format!("network{backbone}"), &layer.to_string());
        let rows = SampleRows {
            split: "val".to_owned(),
            ids: (0..samples).map(|sample| format!("{sample:06}")).collect(),
            groups,
            columns: [("score", score), ("accuracy", right)]
                .map(|(name, values)| lossnet_plugin_protocol::report::Column {
                    name: name.to_owned(),
                    values,
                })
                .to_vec(),
        };
        write(root, &result(config, repetition, &metrics), &[rows]);
    }
}
