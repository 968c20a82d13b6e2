//! "X is better than Y."

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::claims::column::{self, Column};
use crate::claims::item::Item;
use crate::claims::items::{Items, board_name};
use crate::claims::selection::Selection;
use crate::claims::verdict::{Bounds, Finding, Verdict, number, with_interval};
use crate::leaderboards::CONFIDENCE;
use lossnet_statistics::{Interval, Strata, mean_interval};

/// The first ones are better than the second ones, on average over what both share.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct Compare {
    first: Selection,
    /// All others unless given.
    second: Option<Selection>,
    /// What pairs have in common, besides the board.
    paired_by: Vec<Column>,
    /// What is compared.
    #[serde(default)]
    scale: Scale,
}

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    /// Scores; then all boards must have the same metric.
    #[default]
    Score,
    /// Ranks on each board, as a share: from 0 for the worst to 1 for the best.
    Rank,
}

impl Compare {
    pub(super) fn paired_by(&self) -> &[Column] {
        &self.paired_by
    }

    pub(super) fn selections(&self) -> Vec<&Selection> {
        [&self.first].into_iter().chain(&self.second).collect()
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Result<Finding, String> {
        let boards = items.by_board();
        if self.scale == Scale::Score
            && let [first, others @ ..] = boards.as_slice()
        {
            let board = first.best().board;
            let other = others.iter().map(|items| items.best().board).find(|other| {
                (&other.metric, &other.unit, &other.task) != (&board.metric, &board.unit, &board.task)
            });
            if let Some(other) = other {
                return Err(format!(
                    "scores of {} and of {} can't be compared: name task and metric in `where`, or set scale = \"rank\"",
                    board_name(board),
                    board_name(other)
                ));
            }
        }
        let compared = |item: &Item<'_>| match self.scale {
            Scale::Score => item.score,
            Scale::Rank => item.standing,
        };
        let mut found = Vec::new();
        for board in &boards {
            let first = board.filter(|item| self.first.has(item));
            let second = board.filter(|item| match &self.second {
                Some(second) => second.has(item),
                None => !self.first.has(item),
            });
            found.extend(differences(&first, &second, &self.paired_by, compared));
        }
        let unit = match self.scale {
            Scale::Score => boards.first().map(|items| items.best().board.unit.as_str()).unwrap_or_default(),
            Scale::Rank => "of all ranks",
        };
        Ok(match (interval(&found), found.as_slice()) {
            (Some(interval), _) => {
                let bounds = Bounds { at_least: Some(0.0), at_most: None };
                let verdict = if interval.low == 0.0 && interval.high == 0.0 {
                    Verdict::Undecided
                } else {
                    bounds.judge(&interval)
                };
                let evidence = format!(
                    "better by {} {unit} on average over {} pairs",
                    with_interval(&interval),
                    found.len()
                );
                Finding::new(verdict, evidence)
            }
            (None, [only]) => Finding::new(
                Verdict::Undecided,
                format!("better by {} {unit}, of which one pair gives no interval", number(*only)),
            ),
            (None, _) => Finding::no_data(format!(
                "no two results of {} and of {} share {}",
                self.first,
                self.second.as_ref().map_or_else(|| "the others".to_owned(), ToString::to_string),
                self.paired_by.iter().map(Column::name).collect::<Vec<_>>().join(" and ")
            )),
        })
    }
}

/// First mean less second mean for each value of the columns that both have.
pub(super) fn differences<'a>(
    first: &Items<'a>,
    second: &Items<'a>,
    by: &[Column],
    number: impl Fn(&Item<'a>) -> f64,
) -> Vec<f64> {
    let means = |items: &Items<'a>| -> BTreeMap<String, f64> {
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for item in items.iter() {
            let sum = sums.entry(column::name(by, item)).or_default();
            *sum = (sum.0 + number(item), sum.1 + 1.0);
        }
        sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect()
    };
    let (first, second) = (means(first), means(second));
    first.iter().filter_map(|(key, mean)| Some(mean - second.get(key)?)).collect()
}

/// The t interval of the mean difference, of two or more.
pub(super) fn interval(differences: &[f64]) -> Option<Interval> {
    let strata = Strata::single(differences.len()).ok()?;
    mean_interval(differences, &strata, CONFIDENCE).ok()
}
