//! How long it takes to gather the results of a large sweep, and to tell its state: `cargo bench -p lossnet --bench results`.
//!
//! Prints a JSON line per measurement. `LOSSNET_BENCH_CELLS` sets the number of cells (10000), `LOSSNET_BENCH_STORE` a
//! folder to write the store into and to keep it in for other measurements.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../tests/config_fixture/mod.rs"]
mod config_fixture;
#[path = "../tests/large_store/mod.rs"]
mod large_store;

use std::path::PathBuf;
use std::time::Instant;

use lossnet_analysis::leaderboards::About;
use lossnet_analysis::results::{COLUMNS, Column, contender_columns, csv, gather, group, write_parquet};
use lossnet_core::model::CellState;
use lossnet_core::store::{ResultOwner, Store, survey};

fn main() {
    let cells = std::env::var("LOSSNET_BENCH_CELLS").map_or(10_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let root = std::env::var_os("LOSSNET_BENCH_STORE").map_or(folder.path().to_owned(), PathBuf::from);
    let extent = large_store::Extent { cells, samples: 120, points: 100, pictures: true };
    if !root.join("judged").is_dir() {
        measured("write the store", cells, || large_store::write(&root, extent));
    }
    let store = Store::new(&root);
    let experiments = store.experiments().unwrap();
    let gathered = measured("gather", cells, || gather(&experiments));
    assert_eq!((gathered.cells.len(), gathered.problems.len()), (cells, 0));
    measured("status", cells, || {
        let survey = survey::<ResultOwner>(&experiments);
        assert_eq!(survey.found.len(), cells);
        let planned = experiments.iter().flat_map(|experiment| {
            let planned = experiment.planned_cells().unwrap().unwrap();
            planned.into_iter().map(|cell| experiment.state(&cell.id))
        });
        assert_eq!(planned.filter(|state| *state == CellState::Done).count(), cells);
    });
    let columns: Vec<&Column> = COLUMNS.iter().collect();
    measured("csv", cells, || csv(&gathered.rows, &columns).unwrap());
    measured("parquet", cells, || {
        write_parquet(&gathered.rows, &columns, &folder.path().join("results.parquet")).unwrap();
    });
    measured("group", cells, || group(&gathered.rows, &contender_columns(), &About::default()));
}

fn measured<T>(what: &str, cells: usize, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    let seconds = started.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({ "what": what, "cells": cells, "seconds": seconds }));
    done
}
