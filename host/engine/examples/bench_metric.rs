//! Times the work of the task `metric` on one batch of triplets, for comparison with `bench/metric_forward.py`.
//!
//! For each line `BACKBONE BATCH` on standard input it computes the distances of (reference, p0) and (reference, p1) for
//! the backbone's four paper layers under five comparisons, and answers with one line of JSON: the seconds it took, and
//! which layer is the deepest.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use lossnet_core::engine_protocol::{ComponentRef, Configured};
use lossnet_engine::network::{LayerRef, Options};
use lossnet_engine::registry::comparison;
use lossnet_engine::session::{LossNetworkSpec, Normalization, RandomWeights, Session, Term};
use tch::{Device, Kind, Tensor};

/// What is compared how: the five comparisons of the paper.
const COMPARISONS: [&[&str]; 5] =
    [&["spatial"], &["mean"], &["sort"], &["spatial", "mean"], &["spatial", "sort"]];

/// Height and width of the images.
const SIDE: i64 = 64;

/// Two plugins can't be linked into one program, since both export the same header: this one is loaded.
fn comparisons_plugin() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.parent().and_then(Path::parent).unwrap().join("liblossnet_plugin_comparisons.so")
}

struct Bench {
    session: Session,
    specs: Vec<LossNetworkSpec>,
    deepest: usize,
}

impl Bench {
    fn new(name: &str) -> Bench {
        let backbones = lossnet_plugin_torchvision::backbones();
        let backbone = backbones.iter().find(|backbone| backbone.name() == name).unwrap();
        let graph = backbone.describe_json("{}").unwrap();
        let layers = backbone.manifest().unwrap().details.paper_layers;
        let terms: HashMap<String, Term> = ["spatial", "mean", "sort"]
            .into_iter()
            .map(|name| {
                let component = ComponentRef { plugin: comparisons_plugin(), name: name.to_owned() };
                let compare = comparison(&Configured { component, config: serde_json::Map::new() }).unwrap();
                (name.to_owned(), Term { key: name.to_owned(), compare: Arc::from(compare) })
            })
            .collect();
        let specs = layers.iter().flat_map(|&layer| {
            COMPARISONS.iter().map({
                let terms = &terms;
                move |names| LossNetworkSpec {
                    layers: vec![LayerRef::Index(layer)],
                    terms: names.iter().map(|name| terms[*name].clone()).collect(),
                    calibration: None,
                }
            })
        });
        let session = Session::new(
            &graph,
            layers.iter().map(|&layer| LayerRef::Index(layer)),
            &RandomWeights::new(0, &graph),
            Normalization::Imagenet,
            &Options::default(),
        )
        .unwrap();
        Bench { session, specs: specs.collect(), deepest: layers.into_iter().max().unwrap() }
    }

    fn run(&self, images: &[Tensor]) -> f64 {
        let start = Instant::now();
        let distances = self.session.distances(images, &[(0, 1), (0, 2)], &self.specs).unwrap();
        assert!(distances.sum(Kind::Float).double_value(&[]).is_finite());
        start.elapsed().as_secs_f64()
    }
}

fn main() {
    let mut benches: HashMap<String, Bench> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (name, batch) = line.trim().split_once(' ').unwrap();
        let batch: i64 = batch.parse().unwrap();
        let bench = benches.entry(name.to_owned()).or_insert_with(|| Bench::new(name));
        let images: Vec<Tensor> =
            (0..3).map(|_| Tensor::rand([batch, 3, SIDE, SIDE], (Kind::Float, Device::Cpu))).collect();
        let seconds = bench.run(&images);
        println!("{}", serde_json::json!({ "seconds": seconds, "deepest": bench.deepest }));
    }
}
