//! A leaderboard as a Markdown table.

use std::fmt::Write as _;

use super::{Standing, caption, lines};
use lossnet_analysis::report::data::{Board, Network};

/// The best contenders of a board as a table: the best in bold, then baselines.
pub(in crate::cli) fn markdown(board: &Board, networks: &[Network], top: usize) -> String {
    let mut text =
        format!("| contender | {} | 95 % interval | |\n|:--|--:|:--|:--|\n", escaped(&board.metric));
    for line in lines(board, networks, top) {
        let score = match line.standing {
            Standing::Best => format!("**{}**", line.score),
            _ => line.score.to_owned(),
        };
        let name = match line.standing {
            Standing::Baseline => format!("*{}*", escaped(line.name)),
            _ => escaped(line.name),
        };
        let interval = line.interval.map_or(String::new(), |[low, high]| format!("[{low}, {high}]"));
        let _ = writeln!(text, "| {name} | {score} | {interval} | {} |", line.standing.word());
    }
    let _ = writeln!(text, "\n{}", caption(board, top));
    text
}

/// A text that does not end its cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
