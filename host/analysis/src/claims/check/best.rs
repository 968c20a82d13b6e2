//! "X is best."

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::claims::column::Column;
use crate::claims::item::Item;
use crate::claims::items::{Items, Summary, board_name};
use crate::claims::verdict::{Finding, Verdict, number, with_interval};
use crate::leaderboards::{ALPHA, CONFIDENCE};
use crate::report::data::{Board, Entry, Shown};
use lossnet_core::number::probability;

/// One of the expected ones is best, on every board.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct Best {
    /// What competes.
    #[serde(default = "backbone")]
    of: Vec<Column>,
    /// Which of them should be best.
    expected: Vec<String>,
    /// Those that it must be compared with, if not just all that there are.
    #[serde(default)]
    among: Vec<String>,
    /// How a competitor's score is made of those of its networks.
    #[serde(default)]
    score: Summary,
}

pub(super) fn backbone() -> Vec<Column> {
    vec![Column::of_backbone()]
}

impl Best {
    pub(super) fn of(&self) -> &[Column] {
        &self.of
    }

    pub(super) fn expected(&self) -> &[String] {
        &self.expected
    }

    pub(super) fn among(&self) -> &[String] {
        &self.among
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Finding {
        let found: Vec<Finding> = items.by_board().iter().map(|board| self.judge_board(board)).collect();
        Finding::all(&found)
    }

    fn judge_board(&self, items: &Items<'_>) -> Finding {
        let name = board_name(items.best().board);
        let groups = items.by(&self.of);
        let there: BTreeSet<&String> = groups.keys().collect();
        let wanted = self.expected.iter().chain(&self.among);
        let missing: Vec<String> =
            wanted.filter(|name| !there.contains(name)).map(|one| format!("{one}: {name}")).collect();
        let counts =
            |one: &String| self.among.is_empty() || self.among.contains(one) || self.expected.contains(one);
        let leader = |expected: bool| {
            let side =
                groups.iter().filter(|(one, _)| counts(one) && self.expected.contains(one) == expected);
            side.max_by(|(_, a), (_, b)| a.score(self.score).total_cmp(&b.score(self.score)))
        };
        let (Some((ours, of_ours)), Some((theirs, of_theirs))) = (leader(true), leader(false)) else {
            let side = if leader(true).is_none() { "of what should be best" } else { "to compare it with" };
            return Finding::no_data(format!("{name}: there is nothing {side}")).missing(missing);
        };
        let ahead = of_ours.score(self.score) >= of_theirs.score(self.score);
        let told_apart = match self.score {
            Summary::Best => told_apart(of_ours.best(), of_theirs.best()),
            Summary::Mean => means_told_apart(of_ours, of_theirs),
        };
        let verdict = match (told_apart.0, ahead) {
            (Some(false), _) => Verdict::Undecided,
            (_, true) => Verdict::Holds,
            (_, false) => Verdict::DoesNotHold,
        };
        let shown = |name: &str, items: &Items<'_>| match self.score {
            Summary::Best => format!("{name} {}", entry(items.best())),
            Summary::Mean => {
                let unsigned = items.summary(Summary::Mean, |item| item.entry.value.unwrap_or(f64::NAN));
                format!("{name} {} on average", number(unsigned))
            }
        };
        let place = if ahead { "against" } else { "behind" };
        let evidence = format!(
            "{name}: {} {place} {}, of {} ({})",
            shown(ours, of_ours),
            shown(theirs, of_theirs),
            groups.keys().filter(|one| counts(one)).count(),
            told_apart.1
        );
        Finding::new(verdict, evidence).missing(missing)
    }
}

/// By the differences where both have the same layer position and settings.
fn means_told_apart(ours: &Items<'_>, theirs: &Items<'_>) -> (Option<bool>, String) {
    let by = [Column::of_layer_position(), Column::of_comparison()];
    let differences = super::compare::differences(ours, theirs, &by, |item| item.score);
    match super::compare::interval(&differences) {
        Some(interval) => (
            Some(!interval.contains(0.0)),
            format!("a mean difference of {} over {} layers", with_interval(&interval), differences.len()),
        ),
        None => (None, "without an interval".to_owned()),
    }
}

fn entry(item: &Item<'_>) -> String {
    let Shown { value, interval, .. } = &item.entry.text;
    let layers = &item.network.layers;
    match interval {
        Some([low, high]) => format!("{value} ({low} to {high}, layer {layers})"),
        None => format!("{value} (layer {layers})"),
    }
}

/// Whether two networks of one board differ by more than chance, if that is known, and how.
fn told_apart(a: &Item<'_>, b: &Item<'_>) -> (Option<bool>, String) {
    let board = a.board;
    if let Some((test, p)) = paired_test(board, a.entry, b.entry) {
        return (Some(p < ALPHA), format!("{test}, corrected p = {}", probability(p)));
    }
    let (first, second) = if a.score >= b.score { (a, b) } else { (b, a) };
    if first.entry.rank == 1 && second.entry.tied_with_best {
        return (Some(false), "tied".to_owned());
    }
    match (a.entry.interval, b.entry.interval) {
        (Some([low, high]), Some([other_low, other_high])) => {
            let apart = low > other_high || other_low > high;
            let how = if apart { "apart" } else { "overlapping" };
            (Some(apart), format!("{:.0} % intervals {how}", CONFIDENCE * 100.0))
        }
        _ => (None, "without an interval".to_owned()),
    }
}

fn paired_test(board: &Board, a: &Entry, b: &Entry) -> Option<(String, f64)> {
    let pair = board
        .pairs
        .iter()
        .find(|pair| pair.networks == [a.network, b.network] || pair.networks == [b.network, a.network])?;
    Some((pair.test.clone(), pair.p?))
}
