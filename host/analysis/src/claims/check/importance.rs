//! "The choice of the layer matters as much as that of the backbone."

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::claims::column::Column;
use crate::claims::items::{Items, board_name};
use crate::claims::verdict::{Finding, Verdict, number, with_interval};
use crate::leaderboards::CONFIDENCE;
use lossnet_statistics::{Bootstrap, Strata};

/// Scores vary at least as much with one choice as with another, on every board: the mean variance over `of` within
/// `than` is at least the mean variance over `than` within `of`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct Importance {
    /// What should matter.
    #[serde(default = "layer_position")]
    of: Column,
    /// What it is compared with.
    #[serde(default = "backbone")]
    than: Column,
}

fn layer_position() -> Column {
    Column::of_layer_position()
}

fn backbone() -> Column {
    Column::of_backbone()
}

impl Importance {
    pub(super) fn columns(&self) -> [&Column; 2] {
        [&self.of, &self.than]
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Finding {
        let found: Vec<Finding> = items.by_board().iter().map(|board| self.judge_board(board)).collect();
        Finding::all(&found)
    }

    fn judge_board(&self, items: &Items<'_>) -> Finding {
        let name = board_name(items.best().board);
        // Rows: values of `than`; columns: values of `of`; those rows that have all columns.
        let mut columns: Vec<String> = items.by(std::slice::from_ref(&self.of)).into_keys().collect();
        columns.retain(|column| !column.is_empty());
        let mut rows: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut missing = Vec::new();
        for (row, of_row) in items.by(std::slice::from_ref(&self.than)) {
            let cells = of_row.by(std::slice::from_ref(&self.of));
            let scores: Option<Vec<f64>> = columns
                .iter()
                .map(|column| Some(cells.get(column)?.score(crate::claims::items::Summary::Mean)))
                .collect();
            match scores {
                Some(scores) => {
                    rows.insert(row, scores);
                }
                None => missing.push(format!("{row} with every {}: {name}", self.of.name())),
            }
        }
        let rows: Vec<Vec<f64>> = rows.into_values().collect();
        let variances = |counts: &[u32]| -> (f64, f64) {
            let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
            let weighted = || rows.iter().zip(counts).map(|(row, count)| (row, f64::from(*count)));
            let within = weighted()
                .map(|(row, count)| count * variance(row.iter().map(|score| (*score, 1.0))))
                .sum::<f64>();
            let across = (0..columns.len())
                .map(|column| variance(weighted().map(|(row, count)| (row[column], count))));
            (within / total, across.sum::<f64>() / columns.len() as f64)
        };
        if rows.len() < 3 || columns.len() < 2 {
            let why = format!(
                "{name}: it takes 3 values of {} that have the same 2 or more of {}",
                self.than.name(),
                self.of.name()
            );
            return Finding::no_data(why).missing(missing);
        }
        // From -1, where only `than` matters, to 1, where only `of` does, whatever the unit.
        let balance = |counts: &[u32]| {
            let (of, than) = variances(counts);
            if of + than > 0.0 { (of - than) / (of + than) } else { 0.0 }
        };
        let interval = Strata::single(rows.len()).and_then(|strata| {
            Bootstrap { confidence: CONFIDENCE, ..Bootstrap::default() }.statistic(&strata, balance)
        });
        let (of, than) = variances(&vec![1; rows.len()]);
        let evidence = format!(
            "{name}: standard deviation {} over {} and {} over {}, of {} × {}",
            number(of.sqrt()),
            self.of.name(),
            number(than.sqrt()),
            self.than.name(),
            rows.len(),
            columns.len()
        );
        match interval {
            Ok(interval) => {
                let verdict = match (interval.low >= 0.0, interval.high < 0.0) {
                    (true, _) => Verdict::Holds,
                    (_, true) => Verdict::DoesNotHold,
                    _ => Verdict::Undecided,
                };
                let evidence = format!(
                    "{evidence}; of the variances, their difference over their sum is {}",
                    with_interval(&interval)
                );
                Finding::new(verdict, evidence).missing(missing)
            }
            Err(why) => Finding::new(Verdict::Undecided, format!("{evidence}; {why}")).missing(missing),
        }
    }
}

/// Variance of weighted values, with one degree of freedom less than the sum of weights; 0 of one value.
fn variance(values: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let total: f64 = values.clone().map(|(_, weight)| weight).sum();
    if total <= 1.0 {
        return 0.0;
    }
    let mean = values.clone().map(|(value, weight)| value * weight).sum::<f64>() / total;
    values.map(|(value, weight)| weight * (value - mean).powi(2)).sum::<f64>() / (total - 1.0)
}
