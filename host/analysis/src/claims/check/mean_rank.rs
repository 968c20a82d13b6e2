//! "X is best over all tasks."

use std::collections::BTreeSet;

use serde::Deserialize;

use super::best::backbone;
use crate::claims::column::Column;
use crate::claims::items::{Items, Summary, board_name};
use crate::claims::verdict::{Finding, Verdict};
use crate::leaderboards::ALPHA;
use lossnet_core::number::{fixed, probability};
use lossnet_statistics::{critical_difference, friedman};

/// One of the expected ones has the best mean rank over all boards.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct MeanRank {
    #[serde(default = "backbone")]
    of: Vec<Column>,
    expected: Vec<String>,
    /// How a competitor's score is made of those of its networks.
    #[serde(default)]
    score: Summary,
}

impl MeanRank {
    pub(super) fn of(&self) -> &[Column] {
        &self.of
    }

    pub(super) fn expected(&self) -> &[String] {
        &self.expected
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Finding {
        let boards: Vec<_> = items.by_board();
        let groups: Vec<_> = boards.iter().map(|board| board.by(&self.of)).collect();
        let all: BTreeSet<&String> = groups.iter().flat_map(|groups| groups.keys()).collect();
        let mut missing = Vec::new();
        for (board, groups) in boards.iter().zip(&groups) {
            let lacking = all.iter().filter(|name| !groups.contains_key(**name));
            missing.extend(lacking.map(|name| format!("{name}: {}", board_name(board.best().board))));
        }
        missing.extend(self.expected.iter().filter(|name| !all.contains(name)).cloned());
        let names: Vec<&String> =
            all.into_iter().filter(|name| groups.iter().all(|groups| groups.contains_key(*name))).collect();
        let blocks: Vec<Vec<f64>> = groups
            .iter()
            .map(|groups| names.iter().map(|name| -groups[*name].score(self.score)).collect())
            .collect();
        let tested = friedman(&blocks)
            .and_then(|test| Ok((critical_difference(names.len(), blocks.len(), ALPHA)?, test)));
        let (difference, test) = match tested {
            Ok(tested) => tested,
            Err(why) => return Finding::no_data(format!("mean ranks: {why}")).missing(missing),
        };
        let leader = |expected: bool| {
            let side = names.iter().zip(&test.average_ranks);
            side.filter(|(name, _)| self.expected.contains(name) == expected)
                .min_by(|(_, a), (_, b)| a.total_cmp(b))
        };
        let (Some((ours, our_rank)), Some((theirs, their_rank))) = (leader(true), leader(false)) else {
            return Finding::no_data("mean ranks: not both what should be best and others are on all boards")
                .missing(missing);
        };
        let verdict = match their_rank - our_rank {
            ahead if ahead >= difference => Verdict::Holds,
            ahead if ahead <= -difference => Verdict::DoesNotHold,
            _ => Verdict::Undecided,
        };
        let evidence = format!(
            "mean rank of {} over {} boards: {ours} {}, {theirs} {}; critical difference {}, \
             Friedman p = {}",
            names.len(),
            blocks.len(),
            fixed(*our_rank, 2),
            fixed(*their_rank, 2),
            fixed(difference, 2),
            probability(test.p_value)
        );
        Finding::new(verdict, evidence).missing(missing)
    }
}
