//! A store as a large sweep leaves it, for tests and measurements: the files that lossnet writes, with made-up numbers.
//!
//! Scores follow a skill that is the same for a backbone and layer on every dataset, with some noise, so that rankings,
//! correlations and tests have something to find. Everything is drawn from seeds: the same call writes the same bytes.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lossnet_core::model::{Cell, Plan};
use lossnet_core::store::{CellResult, FORMAT, Store, Versions};
use lossnet_plugin_protocol::report::{FromSamples, Metric, Report, Scalar};

use crate::config_fixture::{PAPER, plan, swept};

/// The distortions that triplets are made by.
const GROUPS: [&str; 6] = ["blur", "cnn", "color", "deblur", "noise", "traditional"];

/// What a cell holds beside its result.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Cells, at least.
    pub cells: usize,
    /// Triplets whose distances are kept.
    pub samples: usize,
    /// Points of each of the two curves of a trained cell.
    pub points: usize,
    /// Whether trained cells have a picture.
    pub pictures: bool,
}

/// Writes two experiments, `judged` (metric, without a training) and `trained`, with half of the cells each. Each varies
/// backbones, layers, comparisons and, the second one, repetitions.
pub fn write(root: &Path, extent: Extent) {
    let half = extent.cells.div_ceil(2);
    write_plan(root, "judged", half, extent, &judged(half));
    write_plan(root, "trained", extent.cells - half, extent, &trained(extent.cells - half));
}

/// The paper's backbones and layers with every comparison and as many calibrations as make this many cells.
fn judged(cells: usize) -> Plan {
    let of_one = PAPER.len() * 4 * 3;
    let sizes: Vec<String> = (0..cells.div_ceil(of_one)).map(|index| (64 + 8 * index).to_string()).collect();
    sweep(&format!(
        "[experiment]\nname = \"judged\"\n[sweep]\nloss_network.comparison = [\"spatial\", \"mean\", \"sort\"]\n\
         loss_network.size = [{}]\n",
        sizes.join(",")
    ))
}

/// The paper's backbones and layers with ten repetitions and as many dropouts as make this many cells.
fn trained(cells: usize) -> Plan {
    let repetitions = 10;
    let of_one = PAPER.len() * 4 * repetitions;
    let shares: Vec<String> =
        (0..cells.div_ceil(of_one)).map(|index| format!("{:.3}", 0.005 * (index + 1) as f64)).collect();
    sweep(&format!(
        "[experiment]\nname = \"trained\"\nrepetitions = {repetitions}\n[sweep]\ntask.variant = [\"lin\"]\n\
         task.dropout = [{}]\n",
        shares.join(",")
    ))
}

/// Over the paper's backbones, each with its four layers.
fn sweep(rest: &str) -> Plan {
    let mut cells = Plan { experiment: String::new(), ..plan(&swept("")).unwrap() };
    cells.cells.clear();
    cells.groups.clear();
    for (backbone, _, layers) in PAPER {
        let layers = format!("{layers:?}");
        let text =
            format!("{rest}loss_network.backbone = [\"{backbone}\"]\nloss_network.layers = {layers}\n");
        let part = plan(&swept(&text)).unwrap();
        let before = cells.cells.len();
        cells.experiment = part.experiment;
        cells.cells.extend(part.cells);
        cells.groups.extend(part.groups.into_iter().map(|mut group| {
            group.cells.iter_mut().for_each(|cell| *cell += before);
            group
        }));
    }
    cells
}

fn write_plan(root: &Path, name: &str, cells: usize, extent: Extent, plan: &Plan) {
    let experiment = Store::new(root).experiment(name);
    experiment.write_plan(plan).unwrap();
    for (number, cell) in plan.cells.iter().take(cells).enumerate() {
        let folder = experiment.path().join(&cell.id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), cell.config.to_toml().unwrap()).unwrap();
        fs::write(folder.join("run.log"), "2026-01-01T00:00:00Z began\n2026-01-01T00:00:09Z complete\n")
            .unwrap();
        fs::write(folder.join(".lock"), "").unwrap();
        let mut random = Random(number as u64 + 1);
        let metrics = metrics(cell, extent.samples as u64, &mut random);
        let mut lines: Vec<Report> = metrics.iter().cloned().map(Report::Metric).collect();
        if name == "trained" {
            lines.extend(curves(extent.points, skill(cell), &mut random));
            if extent.pictures {
                let path = folder.join("training-pairs.png");
                picture(&path, number);
                let (name, caption) = ("training/pairs".to_owned(), "Two pairs".to_owned());
                lines.push(Report::Image { name, path, step: None, caption });
            }
        }
        let lines = lines
            .iter()
            .fold(String::new(), |text, line| text + &serde_json::to_string(line).unwrap() + "\n");
        fs::write(folder.join("metrics.jsonl"), lines).unwrap();
        if extent.samples > 0 {
            fs::write(folder.join("samples.val.csv"), samples(cell, extent.samples)).unwrap();
        }
        let result = result(name, cell, metrics, &mut random);
        fs::write(folder.join("result.json"), serde_json::to_vec_pretty(&result).unwrap()).unwrap();
    }
}

/// How good a backbone and layer is, from 0 to 1.
fn skill(cell: &Cell) -> f64 {
    let network = &cell.config.loss_network;
    let position = PAPER.iter().position(|(name, ..)| *name == network.backbone.name).unwrap();
    let (_, count, _) = PAPER[position];
    let depth = network.layers[0].parse::<f64>().unwrap() / count as f64;
    let of_backbone = (position * 5 % PAPER.len()) as f64 / PAPER.len() as f64;
    0.6 * of_backbone + 0.4 * (1.0 - (depth - 0.4).abs())
}

fn metrics(cell: &Cell, samples: u64, random: &mut Random) -> Vec<Metric> {
    let mut metrics = Vec::new();
    let mut sum = 0.0;
    for group in GROUPS {
        let value = 0.55 + 0.3 * skill(cell) + 0.03 * random.normal();
        sum += value;
        let of = samples / GROUPS.len() as u64;
        for name in ["2afc_score", "2afc_accuracy"] {
            let split = format!("val/{group}");
            let from = FromSamples::mean_of_groups(name, [("val", group)]);
            metrics.push(
                Metric::new(name, split, value, "share", true, of).with_counts(0, 0).computed_from(from),
            );
        }
    }
    for name in ["2afc_score", "2afc_accuracy"] {
        let value = sum / GROUPS.len() as f64;
        let from = FromSamples::mean_of_groups(name, GROUPS.map(|group| ("val", group)));
        let mean = Metric::new(name, "val/mean", value, "share", true, samples).with_counts(0, 0);
        metrics.push(mean.computed_from(from));
    }
    let value = 0.3 + 0.4 * skill(cell) + 0.02 * random.normal();
    metrics.push(Metric::new("jnd_map", "jnd/all", value, "share", true, samples).with_counts(0, 0));
    metrics
}

fn curves(points: usize, skill: f64, random: &mut Random) -> Vec<Report> {
    let mut lines = Vec::new();
    for step in 1..=points as u64 {
        let falling = 0.7 - 0.4 * skill * (1.0 - (-(step as f64) / 40.0).exp());
        for (name, value) in [("training/step_loss", falling), ("training/step_2afc_score", 1.0 - falling)] {
            let value = value + 0.02 * random.normal();
            lines.push(Report::Scalar(Scalar { name: name.to_owned(), step, value }));
        }
    }
    lines
}

/// Distances of triplets. All cells have the same triplets, and the better ones agree with more of the judges.
fn samples(cell: &Cell, count: usize) -> String {
    let mut text = String::from("group,id,d0,d1,judge,2afc_score,2afc_accuracy\n");
    let mut own = Random(cell.seed ^ u64::from_str_radix(&cell.id, 16).unwrap());
    let mut of_all = Random(7);
    for index in 0..count {
        let judge = (of_all.uniform() * 5.0).round() / 5.0;
        let agrees = own.uniform() < 0.55 + 0.3 * skill(cell);
        let (near, far) = (0.2 + 0.1 * own.uniform(), 0.4 + 0.1 * own.uniform());
        let (d0, d1) = if (judge < 0.5) == agrees { (near, far) } else { (far, near) };
        let group = GROUPS[index % GROUPS.len()];
        let score = if d0 < d1 { 1.0 - judge } else { judge };
        let agreed = u8::from(agrees);
        writeln!(text, "{group},val/{index:06},{d0},{d1},{judge},{score},{agreed}").unwrap();
    }
    text
}

/// A small picture of its own.
fn picture(path: &Path, number: usize) {
    let mut random = Random(number as u64);
    let shift = (random.uniform() * 200.0) as u32;
    let image = image::RgbImage::from_fn(192, 64, |x, y| {
        let checks = if (x / 8 + y / 8) % 2 == 0 { 40 } else { 0 };
        image::Rgb([((x + shift) % 256) as u8, (y * 3) as u8, checks + 100])
    });
    image.save(path).unwrap();
}

fn result(experiment: &str, cell: &Cell, metrics: Vec<Metric>, random: &mut Random) -> CellResult {
    let network = &cell.config.loss_network;
    let plugins = ["comparisons", "datasets", "metric", "torchvision"];
    let plugins = plugins.map(|name| (format!("lossnet-plugin-{name}"), "0.1.0".to_owned()));
    CellResult {
        format: FORMAT,
        experiment: experiment.to_owned(),
        signature: format!(
            "{}|weights={}|layers={}|comparison={}|size={:?}|protocol=metric.1",
            network.backbone.name,
            network.weights,
            network.layers.join(","),
            network.comparison.name,
            network.size
        ),
        cell: cell.clone(),
        metrics,
        versions: Versions {
            lossnet: "0.1.0".to_owned(),
            libtorch: "2.11.0".to_owned(),
            plugins: plugins.into_iter().collect(),
            builds: BTreeMap::default(),
        },
        weights: format!("{:064x}", network.backbone.name.len()),
        device: "cpu".to_owned(),
        started: 1_790_000_000,
        seconds: 20.0 + 10.0 * random.uniform(),
        cpu_seconds: Some(35.0),
        peak_memory: Some(900 << 20),
        cost: None,
        group_size: 4,
    }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// In [0, 1).
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// With mean 0 and deviation 1 (the sum of twelve, which is near enough).
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
