//! What can be read without scripts: the main leaderboards as plain tables.

use serde::Serialize;

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
    let digits = digits(board);
    let row = |entry: &Entry| PlainRow {
        rank: entry.rank,
        label: data.networks.get(entry.network).map(|network| network.label.clone()).unwrap_or_default(),
        score: entry
            .value
            .filter(|value| value.is_finite())
            .map_or("–".to_owned(), |value| format!("{value:.digits$}")),
        interval: entry
            .interval
            .filter(|ends| ends.iter().all(|end| end.is_finite()))
            .map_or("–".to_owned(), |[low, high]| format!("{low:.digits$} to {high:.digits$}")),
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

/// Decimals that show two significant digits of the typical interval's half width; four where there are no intervals.
fn digits(board: &Board) -> usize {
    let mut widths: Vec<f64> = board
        .entries
        .iter()
        .filter_map(|entry| entry.interval.map(|[low, high]| (high - low) / 2.0))
        .filter(|width| width.is_finite() && *width > 0.0)
        .collect();
    widths.sort_by(f64::total_cmp);
    widths.get(widths.len() / 2).map_or(4, |width| (1.0 - width.log10().floor()).clamp(0.0, 8.0) as usize)
}
