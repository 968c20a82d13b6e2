//! The kinds of checks.

mod best;
mod compare;
mod correlation;
mod importance;
mod layer_trend;
mod mean_rank;
mod ranking_correlation;

use super::column::Column;
use super::items::Items;
use super::selection::Selection;
use super::verdict::{Bounds, Finding};

pub(super) use best::Best;
pub(super) use compare::Compare;
pub(super) use correlation::Correlation;
pub(super) use importance::Importance;
pub(super) use layer_trend::LayerTrend;
pub(super) use mean_rank::MeanRank;
pub(super) use ranking_correlation::RankingCorrelation;

/// How a statement is checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Check {
    Best(Best),
    Compare(Compare),
    Correlation(Correlation),
    RankingCorrelation(RankingCorrelation),
    MeanRank(MeanRank),
    LayerTrend(LayerTrend),
    Importance(Importance),
}

impl Check {
    /// Checks what can be known without results. The error is a sentence.
    pub(super) fn validate(&self) -> Result<(), String> {
        match self {
            Check::Correlation(check) => validate("a correlation", check.bounds()),
            Check::RankingCorrelation(check) => validate("a ranking_correlation", check.bounds()),
            Check::LayerTrend(check) => validate(
                "a layer_trend is a correlation, that of depth and score, from -1 (the deeper, the worse) to 1: it",
                check.bounds(),
            ),
            Check::Best(check) => named(check.expected()),
            Check::MeanRank(check) => named(check.expected()),
            Check::Compare(_) | Check::Importance(_) => Ok(()),
        }
    }

    /// The columns that it tells results apart by.
    pub(super) fn columns(&self) -> Vec<&Column> {
        let own: Vec<&Column> = match self {
            Check::Best(check) => check.of().iter().collect(),
            Check::MeanRank(check) => check.of().iter().collect(),
            Check::Compare(check) => check.paired_by().iter().collect(),
            Check::Correlation(check) => check.points().iter().collect(),
            Check::RankingCorrelation(check) => check.points().iter().collect(),
            Check::Importance(check) => check.columns().to_vec(),
            Check::LayerTrend(_) => Vec::new(),
        };
        let of_selections =
            self.selections().into_iter().flat_map(|selection| selection.iter().map(|(column, _)| column));
        own.into_iter().chain(of_selections).collect()
    }

    /// The results that it is about, besides those of the statement.
    pub(super) fn selections(&self) -> Vec<&Selection> {
        match self {
            Check::Compare(check) => check.selections(),
            Check::RankingCorrelation(check) => check.selections().to_vec(),
            _ => Vec::new(),
        }
    }

    /// The names that it expects, each with the column that it is of. Nothing where a name is made of several columns.
    pub(super) fn names(&self) -> Vec<(&Column, &String)> {
        let (of, names): (_, Vec<&String>) = match self {
            Check::Best(check) => (check.of(), check.expected().iter().chain(check.among()).collect()),
            Check::MeanRank(check) => (check.of(), check.expected().iter().collect()),
            _ => return Vec::new(),
        };
        let [column] = of else { return Vec::new() };
        names.into_iter().map(|name| (column, name)).collect()
    }

    /// What the results say; there is at least one. The error is a sentence about the file.
    pub(super) fn judge(&self, items: &Items<'_>) -> Result<Finding, String> {
        match self {
            Check::Best(check) => Ok(check.judge(items)),
            Check::Compare(check) => check.judge(items),
            Check::Correlation(check) => Ok(check.judge(items)),
            Check::RankingCorrelation(check) => Ok(check.judge(items)),
            Check::MeanRank(check) => Ok(check.judge(items)),
            Check::LayerTrend(check) => Ok(check.judge(items)),
            Check::Importance(check) => Ok(check.judge(items)),
        }
    }
}

fn validate(what: &str, bounds: Bounds) -> Result<(), String> {
    match (bounds.at_least, bounds.at_most) {
        (None, None) => Err(format!("{what} needs at_least or at_most")),
        (Some(least), Some(most)) if least > most => Err(format!("at_least {least} is above at_most {most}")),
        _ => Ok(()),
    }
}

fn named(expected: &[String]) -> Result<(), String> {
    if expected.is_empty() {
        return Err("`expected` is empty: name what should be best".to_owned());
    }
    Ok(())
}
