//! `lossnet results`

mod pairs;
mod table;

use std::path::Path;
use std::process::ExitCode;

use super::args::ResultsArguments;
use super::context::Context;
use super::failure::Failure;
use super::outputs::{Content, Outputs};
use super::{output, status};
use crate::analysis::About;
use crate::results::{
    self, COLUMNS, Column, Condition, Gathered, Order, Record, best_groups_first, contender_columns,
    find_columns, gather, group, group_columns,
};
use crate::store::Store;
use crate::words::count;

pub(super) use table::{differing_identity, summary};

/// Shows or writes the table.
pub(super) fn results(arguments: &ResultsArguments, context: &Context) -> Result<ExitCode, Failure> {
    check_outputs(arguments)?;
    let conditions: Vec<Condition> = parse(&arguments.conditions)?;
    let orders: Vec<Order> = parse(&arguments.sort)?;
    let wrong = |error| Failure::input(&error);
    let by = arguments.group.as_deref().map(find_columns).transpose().map_err(wrong)?;
    let chosen = arguments.columns.as_deref().map(find_columns).transpose().map_err(wrong)?;
    let store = Store::new(&arguments.logs);
    let (experiments, others) = status::experiments(&store, arguments.experiment.as_slice())?;
    if arguments.pairs || arguments.differ.is_some() {
        for problem in &others {
            context.display.warn(&problem.to_string());
        }
        return pairs::pairs(&experiments, arguments, context);
    }
    let mut gathered = gather(&experiments);
    gathered.problems.splice(..0, others);
    warn(&gathered, context);
    gathered.rows = Condition::select(&conditions, &gathered.rows).map_err(|unknown| {
        let failure = Failure::usage(unknown.to_string());
        match &unknown.help {
            Some(help) => failure.with_hint(help),
            None => failure,
        }
    })?;

    let files = arguments.csv.is_some() || arguments.parquet.is_some() || arguments.json;
    // People are shown contenders; files have every repetition, unless told otherwise.
    let by = by.or_else(|| (!files).then(contender_columns));
    let Some(by) = by else {
        sort(&mut gathered.rows, &orders);
        let columns = chosen.unwrap_or_else(|| COLUMNS.iter().collect());
        return write(&gathered.rows, &columns, arguments, context);
    };
    let about = match &arguments.group {
        // The task's settings that change what is measured are known to its plugin.
        Some(_) => {
            let tasks = gathered.rows.iter().map(|row| row.config().task.name.as_str());
            About::tasks(&context.index()?.catalog, tasks)
        }
        None => About::default(),
    };
    let mut groups = group(&gathered.rows, &by, &about);
    best_groups_first(&mut groups);
    sort(&mut groups, &orders);
    if files {
        let columns = chosen.unwrap_or_else(|| group_columns(&by));
        return write(&groups, &columns, arguments, context);
    }
    output::print(&match chosen {
        Some(columns) => table::columns(&groups, &columns),
        None => table::groups(&groups, &by),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Tables must destroy nothing that they are made of, and two of them can't share the standard output.
fn check_outputs(arguments: &ResultsArguments) -> Result<(), Failure> {
    let to_stdout = arguments.csv.as_deref() == Some(Path::new("-"));
    if to_stdout && arguments.json {
        return Err(Failure::usage(
            "--csv - and --json both print to the standard output: ask for one of them, or name a file for the CSV",
        ));
    }
    let mut outputs = Outputs::default();
    if let Some(file) = arguments.csv.as_deref().filter(|_| !to_stdout) {
        outputs.add("--csv", file, Content::Csv)?;
    }
    if let Some(file) = &arguments.parquet {
        outputs.add("--parquet", file, Content::Parquet)?;
    }
    outputs.spare_results(&arguments.logs)
}

/// Says what is wrong with results that are there.
pub(super) fn warn(gathered: &Gathered, context: &Context) {
    gathered.warnings().for_each(|warning| context.display.warn(&warning));
}

fn parse<T: std::str::FromStr<Err = results::ConditionError>>(texts: &[String]) -> Result<Vec<T>, Failure> {
    texts.iter().map(|text| text.parse().map_err(|error| Failure::input(&error))).collect()
}

/// The first order counts most.
fn sort(records: &mut [impl Record], orders: &[Order]) {
    for order in orders.iter().rev() {
        order.sort(records);
    }
}

fn write(
    records: &[impl Record],
    columns: &[&Column],
    arguments: &ResultsArguments,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let write = |file: &Path, bytes: &[u8]| -> Result<(), Failure> {
        crate::atomic::write(file, bytes)
            .map_err(|error| Failure::usage(format!("{} can't be written: {error}", file.display())))?;
        context.display.say(&format!("wrote {} to {}", count(records.len(), "row"), file.display()));
        Ok(())
    };
    if let Some(file) = &arguments.csv {
        let text = results::csv(records, columns).map_err(|error| Failure::run(&error))?;
        if file == Path::new("-") {
            output::print(&String::from_utf8_lossy(&text))?;
        } else {
            write(file, &text)?;
        }
    }
    if let Some(file) = &arguments.parquet {
        write(file, &results::parquet(records, columns).map_err(|error| Failure::run(&error))?)?;
    }
    if arguments.json {
        output::print_json(&results::to_json(records, columns))?;
    }
    Ok(ExitCode::SUCCESS)
}
