//! `lossnet report`

use std::path::Path;
use std::process::ExitCode;

use super::args::ReportArguments;
use super::context::Context;
use super::failure::Failure;
use super::outputs::{Content, Outputs};
use super::{output, status};
use crate::analysis::About;
use crate::claims::Claims;
use crate::report::assemble::{Sources, assemble};
use crate::report::page;
use crate::store::Store;

/// Writes one HTML file about experiments.
pub(super) fn report(arguments: &ReportArguments, context: &Context) -> Result<ExitCode, Failure> {
    let store = Store::new(&arguments.logs);
    let (experiments, problems) = status::experiments(&store, &arguments.experiments)?;
    if experiments.is_empty() {
        return Err(Failure::usage(format!("there are no experiments in {}", store.root().display())));
    }
    let page = arguments.out.as_ref().map(|folder| folder.join("report.html"));
    if let Some(page) = page.as_deref().filter(|page| page.parent().is_some_and(Path::is_dir)) {
        let mut outputs = Outputs::default();
        outputs.add("--out", page, Content::Html)?;
        outputs.spare(arguments.claims.as_deref())?;
    }
    let claims = arguments.claims.as_deref().map(Claims::read).transpose();
    let claims = claims.map_err(|error| Failure::input(&error))?;
    let index = context.index()?;
    let claims = claims.map(|claims| claims.knowing(&index.catalog));
    let data = assemble(Sources {
        experiments: &experiments,
        problems,
        title: arguments.title.clone(),
        about: &|cells| About::of(index, cells),
        claims: claims.as_ref(),
    })
    .map_err(|error| Failure::input(&error))?;
    for problem in &data.problems {
        context.display.warn(problem);
    }
    if let Some(folder) = &arguments.out {
        let html = page::html(&data).map_err(|error| Failure::run(&error))?;
        let unwritable = |error: std::io::Error| {
            Failure::usage(format!("the report can't be written into {}: {error}", folder.display()))
        };
        fs_err::create_dir_all(folder).map_err(unwritable)?;
        let path = folder.join("report.html");
        crate::atomic::write(&path, html.as_bytes()).map_err(unwritable)?;
        if arguments.json {
            context.display.say(&format!("wrote {}", path.display()));
        } else {
            output::print(&path.display().to_string())?;
        }
    }
    if arguments.json {
        output::print_json_line(&data)?;
    }
    Ok(ExitCode::SUCCESS)
}
