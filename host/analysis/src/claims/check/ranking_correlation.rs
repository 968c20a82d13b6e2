//! "What is good at one task is good at another", or is not.

use serde::Deserialize;

use super::correlation::Coefficient;
use crate::claims::column::Column;
use crate::claims::items::{Items, Summary};
use crate::claims::selection::Selection;
use crate::claims::verdict::{Bounds, Finding};

/// The correlation of the rankings on some boards and on others lies within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct RankingCorrelation {
    first: Selection,
    second: Selection,
    /// What is ranked.
    #[serde(default = "networks")]
    points: Vec<Column>,
    #[serde(default)]
    kind: Coefficient,
    #[serde(default = "mean")]
    score: Summary,
    at_least: Option<f64>,
    at_most: Option<f64>,
}

fn networks() -> Vec<Column> {
    vec![Column::of_backbone(), Column::of_layer_position()]
}

fn mean() -> Summary {
    Summary::Mean
}

impl RankingCorrelation {
    pub(super) fn points(&self) -> &[Column] {
        &self.points
    }

    pub(super) fn selections(&self) -> [&Selection; 2] {
        [&self.first, &self.second]
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { at_least: self.at_least, at_most: self.at_most }
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Finding {
        let ranked = |selection: &Selection| items.select(selection).by(&self.points);
        let (first, second) = (ranked(&self.first), ranked(&self.second));
        for (side, selection) in [(&first, &self.first), (&second, &self.second)] {
            if side.is_empty() {
                return Finding::no_data(format!("there are no results with {selection}"));
            }
        }
        let (mut x, mut y, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (name, of_first) in &first {
            match second.get(name) {
                Some(of_second) => {
                    x.push(of_first.summary(self.score, |item| item.standing));
                    y.push(of_second.summary(self.score, |item| item.standing));
                }
                None => missing.push(format!("{name} with {}", self.second)),
            }
        }
        let lacking = second.keys().filter(|name| !first.contains_key(*name));
        missing.extend(lacking.map(|name| format!("{name} with {}", self.first)));
        let of = format!("rankings with {} and with {}", self.first, self.second);
        self.kind.judge(&x, &y, self.bounds(), &of).missing(missing)
    }
}
