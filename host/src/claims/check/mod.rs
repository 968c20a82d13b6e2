//! The kinds of checks.

mod best;
mod compare;
mod correlation;
mod importance;
mod layer_trend;
mod mean_rank;
mod ranking_correlation;

use super::items::Items;
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
            Check::Correlation(check) => validate(check.bounds()),
            Check::RankingCorrelation(check) => validate(check.bounds()),
            Check::LayerTrend(check) => validate(check.bounds()),
            Check::Best(_) | Check::Compare(_) | Check::MeanRank(_) | Check::Importance(_) => Ok(()),
        }
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

fn validate(bounds: Bounds) -> Result<(), String> {
    match (bounds.at_least, bounds.at_most) {
        (None, None) => Err("a correlation needs at_least or at_most".to_owned()),
        (Some(least), Some(most)) if least > most => Err(format!("at_least {least} is above at_most {most}")),
        _ => Ok(()),
    }
}
