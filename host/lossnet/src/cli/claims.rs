//! `lossnet claims`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::args::ClaimsArguments;
use super::status;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_analysis::claims::{Claims, Judged, Verdict};
use lossnet_analysis::leaderboards::{Measured, analyze};
use lossnet_core::store::{CellResult, Store, survey};
use lossnet_core::words::count;

/// Evaluates statements on results.
pub(super) fn claims(arguments: &ClaimsArguments, context: &Context) -> Result<ExitCode, Failure> {
    let claims = Claims::read(&arguments.file).map_err(|error| Failure::input(&error))?;
    let store = Store::new(&arguments.logs);
    let (experiments, mut problems) = status::experiments(&store, &arguments.experiments)?;
    let survey = survey::<CellResult>(&experiments);
    problems.extend(survey.problems);
    for problem in &problems {
        context.display.warn(&problem.to_string());
    }
    let cells: Vec<Measured> = survey.found.into_iter().map(Into::into).collect();
    let analysis = analyze(&cells, &context.index()?.about(&cells));
    for problem in &analysis.problems {
        context.display.warn(problem);
    }
    let claims = claims.knowing(&context.index()?.catalog);
    let judged =
        claims.judge(&analysis.networks, &analysis.boards).map_err(|error| Failure::input(&error))?;
    if arguments.json {
        output::print_json(&judged)?;
    } else {
        output::print(&text(&judged))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// More missing results than this are counted, not listed.
const LISTED: usize = 5;

fn text(judged: &[Judged]) -> String {
    let mut text = String::new();
    for one in judged {
        let _ = writeln!(text, "{}: {}", one.verdict.name(), one.text);
        text.push_str(&output::wrapped(&format!("source: {}", one.source), "  "));
        text.push_str(&output::wrapped(&one.evidence, "  "));
        if !one.missing.is_empty() {
            let more = one.missing.len().saturating_sub(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let listed = one.missing.iter().take(LISTED).cloned().collect::<Vec<_>>().join("; ");
            text.push_str(&output::wrapped(&format!("missing: {listed}{more}"), "  "));
        }
        if !one.missing.is_empty() || one.verdict == Verdict::NoData {
            for command in &one.commands {
                let _ = writeln!(text, "  to make what is missing: {command}");
            }
        }
        text.push('\n');
    }
    let counts = [Verdict::Holds, Verdict::DoesNotHold, Verdict::Undecided, Verdict::NoData]
        .map(|verdict| (verdict, judged.iter().filter(|one| one.verdict == verdict).count()));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.name()))
        .collect();
    let _ = writeln!(text, "{}: {}", count(judged.len(), "statement"), counts.join(", "));
    text
}
