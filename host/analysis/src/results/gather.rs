//! Reads all results.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::slice::ParallelSliceMut as _;

use super::row::{CompleteCell, Repetitions, Row, Standing};
use crate::leaderboards::Measured;
use crate::report::data::Board;
use lossnet_core::store::{ExperimentFolder, Problem, Unusable, survey};

/// What is there.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The complete cells, by experiment and id.
    pub cells: Vec<Arc<CompleteCell>>,
    /// A row per metric and cell; the best first within each experiment, metric and split.
    pub rows: Vec<Row>,
    /// What can't be read, or does not belong there.
    pub problems: Vec<Problem>,
    /// Folders that look like those of complete cells, and whose results are not counted.
    pub unusable: Vec<Unusable>,
    /// Versions of what a task computes, where rows of several are in the table: they must not be compared.
    pub mixed_protocols: Vec<String>,
}

impl Gathered {
    /// The cells as they are analysed, in the same order.
    pub fn measured(&self) -> Vec<Measured> {
        let measured =
            |cell: &Arc<CompleteCell>| Measured { result: cell.result.clone(), folder: cell.folder.clone() };
        self.cells.iter().map(measured).collect()
    }

    /// What users are to be told: the problems, and that results must not be compared.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let mixed = (!self.mixed_protocols.is_empty()).then(|| {
            let versions = self.mixed_protocols.join(", ");
            format!("results of several protocol versions must not be compared: {versions}")
        });
        self.problems.iter().map(ToString::to_string).chain(mixed)
    }
}

/// Reads the results of these experiments, also while runs go on.
pub fn gather(experiments: &[ExperimentFolder]) -> Gathered {
    let survey = survey(experiments);
    let cells: Vec<_> = survey.found.into_iter().map(|found| Arc::new(CompleteCell::new(found))).collect();
    let mut rows: Vec<Row> = cells.iter().flat_map(Row::of).collect();
    spread(&mut rows);
    rows.par_sort_by(best_first);
    let mixed_protocols = mixed_protocols(&cells);
    Gathered { cells, rows, problems: survey.problems, unusable: survey.unusable, mixed_protocols }
}

/// Notes how each metric varies over the repetitions of what was run.
fn spread(rows: &mut [Row]) {
    let mut contenders: HashMap<String, usize> = HashMap::new();
    let mut of_cell: HashMap<*const CompleteCell, usize> = HashMap::new();
    let mut values: HashMap<(usize, &str, &str), Vec<f64>> = HashMap::new();
    let contender: Vec<usize> = rows
        .iter()
        .map(|row| {
            *of_cell.entry(std::ptr::from_ref(row.cell())).or_insert_with(|| {
                let number = contenders.len();
                *contenders.entry(row.contender()).or_insert(number)
            })
        })
        .collect();
    let found: Vec<Repetitions> = {
        for (row, &contender) in rows.iter().zip(&contender) {
            let metric = row.metric();
            values.entry((contender, &metric.name, &metric.split)).or_default().push(metric.value);
        }
        let of = |(row, &contender): (&Row, &usize)| {
            let metric = row.metric();
            let values = values.get(&(contender, metric.name.as_str(), metric.split.as_str()));
            let values = values.map(Vec::as_slice).unwrap_or_default();
            Repetitions { count: values.len() as u64, spread: deviation(values) }
        };
        rows.iter().zip(&contender).map(of).collect()
    };
    for (row, repetitions) in rows.iter_mut().zip(found) {
        row.repetitions = repetitions;
    }
}

/// Notes how what each row is of stands on its leaderboard.
pub fn stand(rows: &mut [Row], boards: &[Board]) {
    let mut standings: HashMap<(&str, &str, &str), Standing> = HashMap::new();
    for board in boards {
        for entry in &board.entries {
            let standing = Standing { interval: entry.interval, tied: Some(entry.tied_with_best) };
            for cell in &entry.cells {
                standings.insert((cell, &board.metric, &board.split), standing);
            }
        }
    }
    for row in rows {
        let metric = row.metric();
        let key = (row.result().cell.id.as_str(), metric.name.as_str(), metric.split.as_str());
        if let Some(standing) = standings.get(&key).copied() {
            row.standing = standing;
        }
    }
}

/// The standard deviation of a sample, if it has two values at least.
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (count - 1.0)).sqrt())
}

fn mixed_protocols(cells: &[Arc<CompleteCell>]) -> Vec<String> {
    let version = |cell: &Arc<CompleteCell>| {
        let cell = &cell.result.cell;
        (cell.config.task.name.clone(), cell.protocol_version)
    };
    let versions: BTreeSet<(String, u32)> = cells.iter().map(version).collect();
    let tasks: BTreeSet<&String> = versions.iter().map(|(task, _)| task).collect();
    if tasks.len() == versions.len() {
        return Vec::new();
    }
    versions.iter().map(|(task, version)| format!("{task} version {version}")).collect()
}

/// The best first within each experiment, task, metric, split and version.
fn best_first(a: &Row, b: &Row) -> Ordering {
    board(a).cmp(&board(b)).then_with(|| {
        let (first, second) = (a.metric(), b.metric());
        better(first.value, second.value, first.higher_is_better)
    })
}

/// What is ranked together.
fn board(row: &Row) -> (&str, &str, &str, &str, u32) {
    let metric = row.metric();
    let version = row.result().cell.protocol_version;
    (&row.cell().experiment, &row.config().task.name, &metric.name, &metric.split, version)
}

/// Whether the first value is the better one. What is not a number is never the best.
pub(super) fn better(first: f64, second: f64, higher_is_better: bool) -> Ordering {
    match (first.is_nan(), second.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if higher_is_better => second.total_cmp(&first),
        (false, false) => first.total_cmp(&second),
    }
}
