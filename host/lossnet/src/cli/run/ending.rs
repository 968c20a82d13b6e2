//! What a run ends with: the answer, the best contenders, and where the report is.

use std::fmt::Write as _;

use crate::cli::leaderboard;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_analysis::leaderboards::Analysis;
use lossnet_analysis::report::assemble::{Sources, put_together};
use lossnet_analysis::report::data::{Board, ReportData};
use lossnet_analysis::report::page;
use lossnet_analysis::results::Gathered;
use lossnet_core::store::ExperimentFolder;

/// So many contenders of a leaderboard are shown.
const SHOWN: usize = 5;

/// So many leaderboards are shown; the answers of all are.
const BOARDS: usize = 4;

/// Writes the report of an experiment, and gives the text that its run ends with; none where there are no results.
pub(super) fn of(
    experiment: &ExperimentFolder,
    gathered: Gathered,
    analysis: Analysis,
    context: &Context,
) -> Result<Option<String>, Failure> {
    if analysis.boards.is_empty() {
        return Ok(None);
    }
    let sources = Sources {
        experiments: std::slice::from_ref(experiment),
        problems: Vec::new(),
        title: None,
        claims: None,
    };
    let data = put_together(sources, gathered, analysis).map_err(|error| Failure::input(&error))?;
    let mut text = answer(&data, experiment.name());
    let html = page::html(&data).map_err(|error| Failure::run(&error))?;
    let path = experiment.path().join("report.html");
    match lossnet_core::atomic::write(&path, html.as_bytes()) {
        Ok(()) => {
            let _ = write!(text, "\nreport: {}", path.display());
        }
        // Who may only read can still look at what is complete.
        Err(error) => context.display.warn(&format!("{} can't be written: {error}", path.display())),
    }
    Ok(Some(text))
}

/// The sentences of the answer, each main board's with the best of it.
fn answer(data: &ReportData, experiment: &str) -> String {
    let main: Vec<&Board> = data.boards.iter().filter(|board| board.main).collect();
    let mut text = String::new();
    for sentence in &data.answer {
        text.push_str(&output::wrapped(sentence, ""));
        let place = main.iter().position(|board| board.answer == *sentence);
        if let Some(board) = place.filter(|place| *place < BOARDS).and_then(|place| main.get(place)) {
            let _ = writeln!(text, "\n{}", leaderboard::table(board, &data.networks, SHOWN));
        }
    }
    let rest = data.boards.len() - main.len().min(BOARDS);
    if rest > 0 {
        let are = if rest == 1 { "leaderboard" } else { "leaderboards" };
        let _ = writeln!(text, "{rest} more {are}: lossnet results {experiment} --all");
    }
    text
}
