//! `lossnet results`

mod table;

use std::path::Path;
use std::process::ExitCode;

use super::args::ResultsArguments;
use super::context::Context;
use super::failure::Failure;
use super::{output, status};
use crate::results::{self, Condition, Order, Row, gather};
use crate::store::Store;

pub(super) use table::{differing_identity, table};

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
