//! What can be read without scripts: the main leaderboards as plain tables.

use serde::Serialize;

use crate::number;
use crate::report::data::{Board, Entry, ReportData};

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
    rank: usize,
    label: String,
    score: String,
    interval: String,
    tied: bool,
}

/// The board of each task that it is mainly judged by.
pub(super) fn main_boards(data: &ReportData) -> Vec<PlainBoard> {
    data.boards.iter().filter(|board| board.main).map(|board| plain(data, board)).collect()
}

fn plain(data: &ReportData, board: &Board) -> PlainBoard {
    let row = |entry: &Entry| PlainRow {
        rank: entry.rank,
        label: data.networks.get(entry.network).map(|network| network.label.clone()).unwrap_or_default(),
        score: entry.text.value.clone(),
        interval: entry
            .text
            .interval
            .as_ref()
            .map_or(number::MISSING.to_owned(), |[low, high]| format!("{low} to {high}")),
        tied: entry.tied_with_best,
    };
    let parts = [&board.task, &board.variant, &board.dataset, &board.split];
    let name: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let direction = if board.higher_is_better { "higher is better" } else { "lower is better" };
    let unit = if board.unit.is_empty() { String::new() } else { format!("{}, ", board.unit) };
    PlainBoard {
        name: name.join(" · "),
        metric: format!("{} ({unit}{direction})", board.metric),
        answer: super::prose(&board.answer).into_iter().map(str::to_owned).collect(),
        method: board.method.clone(),
        rows: board.entries.iter().take(LISTED).map(row).collect(),
        more: board.entries.len().saturating_sub(LISTED),
    }
}
