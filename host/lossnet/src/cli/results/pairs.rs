//! `lossnet results --pairs` and `--compare`: which contenders differ, and how sure that is.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::Selected;
use crate::cli::args::ResultsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_analysis::leaderboards::Analysis;
use lossnet_analysis::report::data::{Board, Pair, Shown};

/// Shows the tests of two contenders on all boards, or of all on the main boards.
pub(super) fn pairs(
    selected: &Selected,
    arguments: &ResultsArguments,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let differ = match arguments.compare.as_deref() {
        Some([first, second]) => Some([first.as_str(), second.as_str()]),
        _ => None,
    };
    let mut analysis = match differ {
        Some(labels) => selected.compare(labels, context)?,
        None => selected.analysis(context)?,
    };
    if differ.is_none() {
        analysis.boards.retain(|board| board.main);
    }
    if arguments.json {
        output::print_json(&json(&analysis))?;
    } else {
        output::print(&text(&analysis))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn labels<'a>(analysis: &'a Analysis, pair: &Pair) -> [&'a str; 2] {
    pair.networks.map(|network| analysis.networks[network].label.as_str())
}

fn json(analysis: &Analysis) -> Value {
    let of_board = |board: &Board| -> Value {
        let pairs: Vec<Value> = board
            .pairs
            .iter()
            .map(|pair| {
                let [first, second] = labels(analysis, pair);
                json!({
                    "first": first, "second": second, "difference": pair.difference, "interval": pair.interval,
                    "test": pair.test, "p_alone": pair.p_alone, "p_holm": pair.p,
                })
            })
            .collect();
        json!({
            "task": board.task, "variant": board.variant, "dataset": board.dataset, "metric": board.metric,
            "split": board.split, "higher_is_better": board.higher_is_better, "answer": board.answer,
            "method": board.method, "pairs": pairs,
        })
    };
    analysis.boards.iter().map(of_board).collect()
}

fn text(analysis: &Analysis) -> String {
    let of_board = |board: &Board| {
        let corrected = format!("p (Holm, of {})", board.pairs.len());
        let header =
            ["first", "second", "difference", "95 % interval (alone)", "test", "p (alone)", &corrected];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(board.pairs.iter().map(|pair| {
            let [first, second] = labels(analysis, pair).map(str::to_owned);
            let Shown { value, interval, p, p_alone, .. } = pair.text.clone();
            let interval = interval.map(|[low, high]| format!("[{low}, {high}]"));
            let [interval, p, p_alone] = [interval, p, p_alone].map(Option::unwrap_or_default);
            vec![first, second, value, interval, pair.test.clone(), p_alone, p]
        }));
        let table = if board.pairs.is_empty() { String::new() } else { output::table(&rows) };
        format!("{}\n{table}{}\n", board.answer, board.method)
    };
    analysis.boards.iter().map(of_board).collect::<Vec<_>>().join("\n")
}
