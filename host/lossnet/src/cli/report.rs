//! `lossnet report`

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::args::ReportArguments;
use super::outputs::{Content, Outputs};
use super::status;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_analysis::claims::Claims;
use lossnet_analysis::report::assemble::{Sources, assemble};
use lossnet_analysis::report::page;
use lossnet_core::store::Store;

/// Writes one HTML file about experiments.
pub(super) fn report(arguments: &ReportArguments, context: &Context) -> Result<ExitCode, Failure> {
    let store = Store::new(&arguments.logs);
    let (experiments, problems) = status::experiments(&store, &arguments.experiments)?;
    if experiments.is_empty() {
        return Err(Failure::usage(format!("there are no experiments in {}", store.root().display())));
    }
    let folder = match (&arguments.out, &experiments[..]) {
        (Some(folder), _) => Some(folder.clone()),
        (None, _) if arguments.json => None,
        (None, [only]) => Some(only.path().to_owned()),
        (None, _) => Some(PathBuf::from(".")),
    };
    let page = folder.as_ref().map(|folder| folder.join("report.html"));
    if let Some(page) = page.as_deref().filter(|page| page.parent().is_some_and(Path::is_dir)) {
        let mut outputs = Outputs::default();
        outputs.add("--out", page, Content::Html)?;
        outputs.spare(arguments.claims.as_deref())?;
    }
    let claims = arguments.claims.as_deref().map(Claims::read).transpose();
    let claims = claims.map_err(|error| Failure::input(&error))?;
    let index = context.index()?;
    let claims = claims.map(|claims| claims.knowing(&index.catalog));
    let sources = Sources {
        experiments: &experiments,
        problems,
        title: arguments.title.clone(),
        claims: claims.as_ref(),
    };
    let data = assemble(sources, &|cells| index.about(cells)).map_err(|error| Failure::input(&error))?;
    for problem in &data.problems {
        context.display.warn(problem);
    }
    if let (Some(folder), Some(path)) = (&folder, &page) {
        let html = page::html(&data).map_err(|error| Failure::run(&error))?;
        let unwritable = |error: std::io::Error| {
            Failure::usage(format!("the report can't be written into {}: {error}", folder.display()))
        };
        fs_err::create_dir_all(folder).map_err(unwritable)?;
        lossnet_core::atomic::write(path, html.as_bytes()).map_err(unwritable)?;
        if arguments.json {
            context.display.say(&format!("wrote {}", path.display()));
        } else {
            output::print(&path.display().to_string())?;
        }
        if arguments.open {
            open(path)?;
        }
    }
    if arguments.json {
        output::print_json_line(&data)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a file as the desktop does it.
fn open(file: &Path) -> Result<(), Failure> {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let ended = Command::new(opener).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let why = match ended {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("`{opener}` ended with {status}"),
        Err(error) => format!("`{opener}` can't be run: {error}"),
    };
    Err(Failure::usage(format!(
        "{} is written but was not opened: {why}; open it in a browser",
        file.display()
    )))
}
