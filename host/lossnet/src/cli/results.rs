//! `lossnet results`

mod pairs;
mod table;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::args::ResultsArguments;
use super::outputs::{Content, Outputs};
use super::{leaderboard, status};
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_analysis::leaderboards::{About, Analysis, Measured, analyze, analyze_some, compare};
use lossnet_analysis::report::data::Board;
use lossnet_analysis::results::{
    self, COLUMNS, Column, CompleteCell, Condition, Gathered, Order, Record, best_groups_first,
    contender_columns, find_columns, gather, group, group_columns, stand,
};
use lossnet_core::store::Store;
use lossnet_core::words::count;

pub(super) use table::differing_identity;

/// So many contenders of a leaderboard are shown, unless all are asked for.
const SHOWN: usize = 10;

/// Columns that say how contenders stand on their leaderboards, which takes the scores of all samples.
const STANDING: [&str; 3] = ["low", "high", "tied"];

/// Shows or writes results: leaderboards, the table, or tests of pairs.
pub(super) fn results(arguments: &ResultsArguments, context: &Context) -> Result<ExitCode, Failure> {
    check_outputs(arguments)?;
    let conditions: Vec<Condition> = parse(&arguments.conditions)?;
    let orders: Vec<Order> = parse(&arguments.sort)?;
    let wrong = |error| Failure::input(&error);
    let by = arguments.group.as_deref().map(find_columns).transpose().map_err(wrong)?;
    let chosen = arguments.columns.as_deref().map(find_columns).transpose().map_err(wrong)?;
    let store = Store::new(&arguments.logs);
    let (experiments, others) = status::experiments(&store, arguments.experiment.as_slice())?;
    let mut gathered = gather(&experiments);
    gathered.problems.splice(..0, others);
    warn(&gathered, context);
    if asks_for_standing(arguments, chosen.as_deref()) {
        let measured = gathered.measured();
        let analysis = analyze(&measured, &context.index()?.about(&measured));
        stand(&mut gathered.rows, &analysis.boards);
    }
    gathered.rows = Condition::select(&conditions, &gathered.rows).map_err(|unknown| {
        let failure = Failure::usage(unknown.to_string());
        match &unknown.help {
            Some(help) => failure.with_hint(help),
            None => failure,
        }
    })?;
    if arguments.pairs || arguments.compare.is_some() {
        return pairs::pairs(&Selected::of(&gathered), arguments, context);
    }

    let files = arguments.writes_files();
    let table = by.is_some() || chosen.is_some() || !orders.is_empty();
    if !files && !table {
        return leaderboards(&Selected::of(&gathered), arguments, context);
    }
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

/// Whether anything that is asked for says how contenders stand.
fn asks_for_standing(arguments: &ResultsArguments, chosen: Option<&[&Column]>) -> bool {
    let written = match chosen {
        Some(columns) => columns.iter().any(|column| STANDING.contains(&column.name)),
        None => arguments.writes_files(),
    };
    let mut conditions = arguments.conditions.iter().chain(&arguments.sort);
    let pairs = arguments.pairs || arguments.compare.is_some();
    !pairs && written
        || conditions.any(|text| STANDING.iter().any(|name| text.trim_start().starts_with(name)))
}

/// The cells of the rows that were chosen, and which of their metrics.
struct Selected {
    cells: Vec<Measured>,
    metrics: Vec<HashSet<usize>>,
}

impl Selected {
    fn of(gathered: &Gathered) -> Selected {
        let mut metrics: HashMap<*const CompleteCell, HashSet<usize>> = HashMap::new();
        for row in &gathered.rows {
            metrics.entry(std::ptr::from_ref(row.cell())).or_default().insert(row.metric_position());
        }
        let chosen = gathered.measured().into_iter().zip(&gathered.cells);
        let chosen = chosen.filter_map(|(cell, known)| Some((cell, metrics.remove(&Arc::as_ptr(known))?)));
        let (cells, metrics) = chosen.unzip();
        Selected { cells, metrics }
    }

    fn is_wanted(&self, cell: usize, metric: usize) -> bool {
        self.metrics[cell].contains(&metric)
    }

    /// What they say; what is wrong is told to the user.
    fn analysis(&self, context: &Context) -> Result<Analysis, Failure> {
        let about = context.index()?.about(&self.cells);
        let analysis = analyze_some(&self.cells, &about, &|cell, metric| self.is_wanted(cell, metric));
        for problem in &analysis.problems {
            context.display.warn(problem);
        }
        Ok(analysis)
    }

    /// What those of two contenders say, by the contenders' labels.
    fn compare(&self, labels: [&str; 2], context: &Context) -> Result<Analysis, Failure> {
        let about = context.index()?.about(&self.cells);
        let analysis = compare(&self.cells, &about, labels).map_err(|unknown| Failure::input(&unknown))?;
        for problem in &analysis.problems {
            context.display.warn(problem);
        }
        Ok(analysis)
    }
}

/// Shows the main leaderboards, the best of each; or all of all.
fn leaderboards(
    selected: &Selected,
    arguments: &ResultsArguments,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let analysis = selected.analysis(context)?;
    let boards: Vec<&Board> = analysis.boards.iter().filter(|board| board.main || arguments.all).collect();
    let top = if arguments.all { usize::MAX } else { SHOWN };
    let draw = match (arguments.latex, arguments.markdown) {
        (true, _) => leaderboard::latex,
        (_, true) => leaderboard::markdown,
        _ => leaderboard::text,
    };
    if boards.is_empty() {
        output::print("no results")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut parts: Vec<String> = boards.iter().map(|board| draw(board, &analysis.networks, top)).collect();
    let more = analysis.boards.len() - boards.len();
    if more > 0 && !arguments.latex && !arguments.markdown {
        let sentence = format!(
            "{} of other metrics and splits: --all shows everything, --where metric=NAME or split=NAME chooses, --columns and --group \
             make tables",
            count(more, "more leaderboard")
        );
        parts.push(output::wrapped(&sentence, ""));
    }
    output::print(&parts.join("\n"))?;
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
        lossnet_core::atomic::write(file, bytes)
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
