//! "X goes with a better score", or does not.

use serde::Deserialize;

use super::best::backbone;
use crate::claims::column::{Column, Quantity};
use crate::claims::items::{Items, Summary, board_name};
use crate::claims::verdict::{Bounds, Finding, with_interval};
use crate::leaderboards::CONFIDENCE;
use lossnet_statistics::{StatisticsError, kendall, pearson, spearman};

/// The correlation of the score with something that is known of networks lies within bounds, on every board.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct Correlation {
    with: Quantity,
    #[serde(default)]
    kind: Coefficient,
    /// What one point stands for.
    #[serde(default = "backbone")]
    points: Vec<Column>,
    /// How a point's score is made of those of its networks.
    #[serde(default)]
    score: Summary,
    at_least: Option<f64>,
    at_most: Option<f64>,
}

/// A coefficient of correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Coefficient {
    Pearson,
    #[default]
    Spearman,
    Kendall,
}

impl Coefficient {
    fn name(self) -> &'static str {
        match self {
            Coefficient::Pearson => "Pearson's r",
            Coefficient::Spearman => "Spearman's ρ",
            Coefficient::Kendall => "Kendall's τ",
        }
    }

    pub(super) fn of(self, x: &[f64], y: &[f64]) -> Result<lossnet_statistics::Correlation, StatisticsError> {
        match self {
            Coefficient::Pearson => pearson(x, y, CONFIDENCE),
            Coefficient::Spearman => spearman(x, y, CONFIDENCE),
            Coefficient::Kendall => kendall(x, y, CONFIDENCE),
        }
    }

    /// What a correlation says within these bounds.
    pub(super) fn judge(self, x: &[f64], y: &[f64], bounds: Bounds, of: &str) -> Finding {
        match self.of(x, y) {
            Ok(found) => {
                let shown = with_interval(&found.interval);
                let evidence = format!("{of}: {} {shown}, {} points", self.name(), found.pairs);
                Finding::new(bounds.judge(&found.interval), evidence)
            }
            Err(why) => Finding::no_data(format!("{of}: {why}")),
        }
    }
}

impl Correlation {
    pub(super) fn points(&self) -> &[Column] {
        &self.points
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { at_least: self.at_least, at_most: self.at_most }
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Finding {
        let found: Vec<Finding> = items.by_board().iter().map(|board| self.judge_board(board)).collect();
        Finding::all(&found)
    }

    fn judge_board(&self, items: &Items<'_>) -> Finding {
        let (mut x, mut y, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (name, point) in items.by(&self.points) {
            let known: Option<Vec<f64>> = match self.score {
                Summary::Best => {
                    Some(vec![self.with.of(point.best().network)].into_iter().flatten().collect())
                }
                Summary::Mean => point.iter().map(|item| self.with.of(item.network)).collect(),
            };
            match known {
                Some(known) if !known.is_empty() => {
                    x.push(known.iter().sum::<f64>() / known.len() as f64);
                    y.push(point.score(self.score));
                }
                _ => missing.push(format!("{} of {name}", self.with.name())),
            }
        }
        let of = format!("{} and {}", self.with.name(), board_name(items.best().board));
        self.kind.judge(&x, &y, self.bounds(), &of).missing(missing)
    }
}
