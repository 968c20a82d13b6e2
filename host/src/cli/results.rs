//! `lossnet results`

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use super::args::ResultsArguments;
use super::context::Context;
use super::failure::Failure;
use super::{output, status};
use crate::results::{self, COLUMNS, Condition, Order, Row, gather};
use crate::store::Store;

/// Shows or writes the table.
pub(super) fn results(arguments: &ResultsArguments, context: &Context) -> Result<ExitCode, Failure> {
    let conditions: Vec<Condition> = arguments
        .conditions
        .iter()
        .map(|text| text.parse().map_err(|error| Failure::input(&error)))
        .collect::<Result<_, _>>()?;
    let order = arguments.sort.as_deref().map(str::parse::<Order>).transpose();
    let order = order.map_err(|error| Failure::input(&error))?;
    let store = Store::new(&arguments.logs);
    let experiments = status::experiments(&store, arguments.experiment.as_deref())?;
    let mut gathered = gather(&experiments).map_err(|error| Failure::run(&error))?;
    for problem in &gathered.problems {
        context.display.warn(&problem.to_string());
    }
    if !gathered.mixed_protocols.is_empty() {
        let versions = gathered.mixed_protocols.join(", ");
        context
            .display
            .warn(&format!("results of several protocol versions must not be compared: {versions}"));
    }
    gathered.rows.retain(|row| conditions.iter().all(|condition| condition.holds(row)));
    if let Some(order) = order {
        order.sort(&mut gathered.rows);
    }
    write(&gathered.rows, arguments, context)
}

fn write(rows: &[Row], arguments: &ResultsArguments, context: &Context) -> Result<ExitCode, Failure> {
    let mut written = false;
    if let Some(file) = &arguments.csv {
        let text = results::csv(rows).map_err(|error| Failure::run(&error))?;
        if file == Path::new("-") {
            output::print(&String::from_utf8_lossy(&text))?;
        } else {
            crate::atomic::write(file, &text)
                .map_err(|error| Failure::usage(format!("{} can't be written: {error}", file.display())))?;
            context.display.say(&format!("wrote {} rows to {}", rows.len(), file.display()));
        }
        written = true;
    }
    if let Some(file) = &arguments.parquet {
        results::write_parquet(rows, file).map_err(|error| Failure::input(&error))?;
        context.display.say(&format!("wrote {} rows to {}", rows.len(), file.display()));
        written = true;
    }
    if arguments.json {
        output::print_json(&results::to_json(rows))?;
    } else if !written {
        output::print(&table(rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The columns in which rows differ, then the scores with what they depend on.
pub(super) fn table(rows: &[Row]) -> String {
    const SCORES: [&str; 5] = ["metric", "split", "value", "unit", "samples"];
    /// No part of what was computed, or said by other columns already.
    const BESIDE: [&str; 6] =
        ["higher_is_better", "weights_sha256", "seconds", "started", "cell", "signature"];
    if rows.is_empty() {
        return "no results".to_owned();
    }
    let differs = |column: &&str| {
        let values: BTreeSet<String> = rows.iter().map(|row| row.text(column)).collect();
        values.len() > 1
    };
    let identity = COLUMNS.into_iter().filter(|column| !SCORES.contains(column) && !BESIDE.contains(column));
    let columns: Vec<&str> = identity.filter(differs).chain(SCORES).collect();
    let mut lines = vec![columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>()];
    for row in rows {
        lines.push(
            columns
                .iter()
                .map(|column| match (*column, row.get(column).and_then(serde_json::Value::as_f64)) {
                    ("value", Some(value)) => format!("{value:.6}"),
                    _ => row.text(column),
                })
                .collect(),
        );
    }
    // What rows have in common, and all of what a score depends on, is said once.
    let signatures: BTreeSet<String> = rows.iter().map(|row| row.text("signature")).collect();
    let common = common_parts(&signatures);
    format!("{}\nall: {common}", output::table(&lines))
}

/// The parts (`name=value`, separated by `|`) that all signatures have.
fn common_parts(signatures: &BTreeSet<String>) -> String {
    let mut signatures = signatures.iter();
    let Some(first) = signatures.next() else { return String::new() };
    let parts: Vec<&str> = first.split('|').collect();
    let rest: Vec<BTreeSet<&str>> = signatures.map(|signature| signature.split('|').collect()).collect();
    let shared: Vec<&str> =
        parts.into_iter().filter(|part| rest.iter().all(|other| other.contains(part))).collect();
    shared.join("|")
}
