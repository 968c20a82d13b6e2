//! Whether the images that a plan wants are there, which is asked once and before anything runs.

use std::path::Path;

use lossnet_plugin_protocol::{ComponentManifest, Kind};

use crate::context::Context;
use crate::engine::{Control, Event, Request};
use crate::estimate::OwnData;
use crate::failure::Failure;
use lossnet_core::engine_protocol::{Configured, DatasetCheck, OpenedDataset};
use lossnet_core::folders;
use lossnet_core::model::Cell;
use lossnet_core::model::{DataSection, split_names};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// `--plan`, which tells all that there is to say of the data.
    Plan,
    /// A run, which tells it when it comes to the data.
    Run,
}

/// Checks the data of these cells, each dataset once, and says what those of the user's hold. Fails with all that is wrong.
///
/// A published dataset that is not there is downloaded by the run, and that is said. The user's own data is opened: its plugin
/// knows what it takes, and finds what is missing without decoding it.
pub(super) fn check<'c>(
    cells: impl Iterator<Item = &'c Cell>,
    asker: Asker,
    context: &Context,
) -> Result<OwnData, Failure> {
    let mut wanted: Vec<(&Cell, &DataSection)> = Vec::new();
    for cell in cells {
        let data = &cell.config.data;
        for section in std::iter::once(data).chain(data.test.values()) {
            let same = |(other, known): &(&Cell, &DataSection)| {
                *known == section && other.config.task == cell.config.task
            };
            if !wanted.iter().rev().any(same) {
                wanted.push((cell, section));
            }
        }
    }
    let mut problems: Vec<String> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let mut own: Vec<(DataSection, DatasetCheck)> = Vec::new();
    for (cell, section) in wanted {
        let name = &section.dataset.name;
        let manifest = context.manifest(Kind::Dataset, name)?;
        if manifest.details.without_folder {
            continue;
        }
        let folder = folders::dataset(section.folder.as_deref(), name);
        let is_missing = !folder.is_dir();
        if !manifest.details.splits.is_empty() {
            let offline = cell.config.run.offline || context.offline();
            if is_missing && offline {
                problems.push(not_there(name, &folder));
            } else if is_missing {
                notes.push(format!("`{name}` is not in {} yet: the run downloads it", folder.display()));
            }
            continue;
        }
        if is_missing && (section.folder.is_some() || !has_path(manifest, section)) {
            problems.push(no_folder(name, section.folder.is_some(), &folder));
            continue;
        }
        let task = context.manifest(Kind::Task, &cell.config.task.name)?;
        let mut splits = section.splits.clone();
        if std::ptr::eq(section, &raw const cell.config.data) {
            splits.extend(split_names(&task.config_schema, &cell.config.task.settings));
        }
        splits.dedup();
        let check = DatasetCheck {
            dataset: Configured {
                component: context.component(Kind::Dataset, name)?,
                config: section.dataset.settings.clone(),
            },
            folder,
            splits,
            task: cell.config.task.name.clone(),
            needs: task.details.needs.clone(),
        };
        own.push((section.clone(), check));
    }
    if asker == Asker::Plan {
        notes.sort();
        notes.dedup();
        for note in &notes {
            context.display.note(note);
        }
    }
    let (sections, checks): (Vec<DataSection>, Vec<DatasetCheck>) = own.into_iter().unzip();
    let opened = if checks.is_empty() { Vec::new() } else { open(checks, asker, context)? };
    let problems_inside = opened.iter().flat_map(|opened| opened.problems.iter().cloned());
    let mut told: Vec<String> = Vec::new();
    for problem in problems.into_iter().chain(problems_inside) {
        if !told.contains(&problem) {
            told.push(problem);
        }
    }
    if !told.is_empty() {
        return Err(Failure::usage(told.join("\n")));
    }
    Ok(OwnData::new(sections.into_iter().zip(opened)))
}

/// What data holds that the plugins of their datasets have to open; nothing where they can't be asked, which is said.
fn open(checks: Vec<DatasetCheck>, asker: Asker, context: &Context) -> Result<Vec<OpenedDataset>, Failure> {
    let engine = match context.engine_for("cpu", "fp32") {
        Ok(engine) => engine,
        // A machine that only submits may lack what the nodes have.
        Err(failure) => {
            let note =
                format!("the data was not checked, since it can't be opened here: {}", failure.message);
            context.display.note(&note);
            return Ok(Vec::new());
        }
    };
    let mut on_event = context.on_event();
    let answer = engine.call(&Request::CheckDatasets { datasets: checks }, &mut |event| match event {
        Event::Notice(_) if asker == Asker::Run => Control::Continue,
        event => on_event(event),
    });
    context.display.clear();
    serde_json::from_value(answer?).map_err(|error| Failure::run(&error))
}

/// Whether the dataset is told by a setting of its own where its files are.
fn has_path(manifest: &ComponentManifest, section: &DataSection) -> bool {
    let is_path = |property: &serde_json::Value| property.get("x-path").is_some();
    let properties = manifest.config_schema.get("properties").and_then(serde_json::Value::as_object);
    properties
        .into_iter()
        .flatten()
        .any(|(key, property)| is_path(property) && section.dataset.settings.contains_key(key))
}

fn not_there(name: &str, folder: &Path) -> String {
    format!(
        "`{name}` is not in {}, and nothing may be downloaded: run `lossnet fetch {name}` first, or set data.folder",
        folder.display()
    )
}

fn no_folder(name: &str, is_set: bool, folder: &Path) -> String {
    let why = if is_set {
        "a path in a config starts in the config's directory, one on the command line in the working directory"
    } else {
        "set data.folder to the directory of your images"
    };
    let what = if folder.exists() { "is not a directory" } else { "does not exist" };
    format!("the directory of the dataset `{name}`, {}, {what}; {why}", folder.display())
}
