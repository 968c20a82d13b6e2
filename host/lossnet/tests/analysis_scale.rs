//! How long an analysis of ten thousand cells takes. Run with
//! `cargo test --release -p lossnet --test analysis_scale -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod synthetic_store;

use std::time::{Duration, Instant};

use lossnet_analysis::leaderboards::{About, Measured, analyze};
use lossnet_core::store::Store;
use rayon::prelude::*;

const CELLS: usize = 10_000;
const SAMPLES: usize = 1_000;

#[test]
#[ignore = "writes 250 MB and is meant for a release build"]
fn ten_thousand_cells_take_seconds() {
    let root = tempfile::tempdir().unwrap();
    synthetic_store::large(root.path(), CELLS, SAMPLES);

    let start = Instant::now();
    let folders: Vec<_> =
        Store::new(root.path()).experiments().unwrap()[0].cells().unwrap().into_iter().collect();
    let cells: Vec<Measured> = folders
        .into_par_iter()
        .map(|(_, folder)| Measured { result: folder.result().unwrap().unwrap(), folder })
        .collect();
    println!("{} results read in {:.2} s", cells.len(), start.elapsed().as_secs_f64());

    let start = Instant::now();
    let analysis = analyze(&cells, &About::default());
    let took = start.elapsed();
    println!(
        "analysed in {:.2} s: {} boards, {} networks",
        took.as_secs_f64(),
        analysis.boards.len(),
        analysis.networks.len()
    );
    println!("{}", analysis.answer.join("\n"));
    let json = serde_json::to_vec(&analysis.boards).unwrap().len();
    println!("boards as JSON: {:.1} MB", json as f64 / 1e6);
    assert_eq!((cells.len(), analysis.boards.len(), analysis.networks.len()), (CELLS, 30, 1000));
    assert!(took < Duration::from_secs(8), "{took:?}");
}
