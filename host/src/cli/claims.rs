//! `lossnet claims`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::args::ClaimsArguments;
use super::context::Context;
use super::failure::Failure;
use super::{output, status};
use crate::analysis::{About, Measured, analyze};
use crate::claims::{Claims, Judged, Verdict};
use crate::store::Store;

/// Evaluates statements on results.
pub(super) fn claims(arguments: &ClaimsArguments, context: &Context) -> Result<ExitCode, Failure> {
    let claims = Claims::read(&arguments.file).map_err(|error| Failure::input(&error))?;
    let store = Store::new(&arguments.logs);
    let mut cells = Vec::new();
    for experiment in chosen(&store, &arguments.experiments)? {
        for (_, folder) in experiment.cells().map_err(|error| Failure::run(&error))? {
            match folder.result() {
                Ok(Some(result)) => cells.push(Measured { result, folder }),
                Ok(None) => {}
                Err(problem) => context.display.warn(&problem.to_string()),
            }
        }
    }
    let analysis = analyze(&cells, &About::of(context.index()?, &cells));
    for problem in &analysis.problems {
        context.display.warn(problem);
    }
    let judged =
        claims.judge(&analysis.networks, &analysis.boards).map_err(|error| Failure::input(&error))?;
    if arguments.json {
        output::print_json(&judged)?;
    } else {
        output::print(&text(&judged))?;
    }
    Ok(ExitCode::SUCCESS)
}
