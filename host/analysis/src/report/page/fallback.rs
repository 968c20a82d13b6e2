//! What can be read without scripts: the main leaderboards as plain tables.

use serde::Serialize;

use crate::report::data::{Baseline, Board, Entry, ReportData};

/// Contenders of a board that are listed; the others need scripts.
const LISTED: usize = 50;

/// A leaderboard as texts.
#[derive(Serialize)]
pub(super) struct PlainBoard {
    name: String,
    metric: String,
    answer: Vec<String>,
    method: String,
    rows: Vec<PlainRow>,
    more: usize,
}

#[derive(Serialize)]
struct PlainRow {
    rank: String,
    label: String,
    /// The score with its interval.
    score: String,
    standing: &'static str,
}

/// The board of each task that it is mainly judged by.
pub(super) fn main_boards(data: &ReportData) -> Vec<PlainBoard> {
    data.boards.iter().filter(|board| board.main).map(|board| plain(data, board)).collect()
}

fn plain(data: &ReportData, board: &Board) -> PlainBoard {
    let row = |entry: &Entry| PlainRow {
        rank: entry.rank.to_string(),
        label: data.networks.get(entry.network).map(|network| network.label.clone()).unwrap_or_default(),
        score: entry.text.with_interval(),
        standing: match (entry.tied_with_best, entry.rank) {
            (_, 1) => "best",
            (true, _) => "tied with the best",
            (false, _) => "",
        },
    };
    let baseline = |baseline: &Baseline| PlainRow {
        rank: String::new(),
        label: baseline.name.clone(),
        score: baseline.text.with_interval(),
        standing: "baseline, without a loss network",
    };
    let parts = [&board.task, &board.variant, &board.dataset, &board.split];
    let name: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let direction = if board.higher_is_better { "higher is better" } else { "lower is better" };
    let unit = if board.unit.is_empty() { String::new() } else { format!("{}, ", board.unit) };
    // Of a report on one board the answer stands above.
    let said = data.answer.iter().any(|sentence| sentence.contains(&board.answer));
    PlainBoard {
        name: name.join(" · "),
        metric: format!("{} ({unit}{direction})", board.metric),
        answer: if said {
            Vec::new()
        } else {
            super::prose(&board.answer).into_iter().map(str::to_owned).collect()
        },
        method: board.method.clone(),
        rows: board
            .entries
            .iter()
            .take(LISTED)
            .map(row)
            .chain(board.baselines.iter().map(baseline))
            .collect(),
        more: board.entries.len().saturating_sub(LISTED),
    }
}
