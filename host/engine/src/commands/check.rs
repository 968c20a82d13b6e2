//! Opens datasets without running anything on them.

use std::sync::Arc;

use lossnet_core::engine_protocol::{DatasetCheck, OpenedDataset};
use lossnet_plugin_api::component::Services;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::sample::{Field, OpenSplit};

use crate::caller::Caller;
use crate::registry;
use crate::services::EngineServices;

/// Opens the splits of each dataset.
pub(super) fn check(datasets: &[DatasetCheck], caller: &Arc<Caller>) -> Vec<OpenedDataset> {
    // What would have to be downloaded is not there.
    let services: Arc<dyn Services> = Arc::new(EngineServices::new(caller, true));
    let opened = datasets.iter().map(|dataset| {
        let mut opened = OpenedDataset::default();
        // One broken file is found in every split that is made of its folder.
        let mut told: Vec<String> = Vec::new();
        for split in &dataset.splits {
            if let Err(error) = check_split(dataset, split, &services, &mut opened) {
                let of_any_split = error.message.replace(&format!(", split `{split}`:"), ":");
                if told.contains(&of_any_split) {
                    continue;
                }
                told.push(of_any_split);
                let help = error.help.map(|help| format!("; {help}")).unwrap_or_default();
                opened.problems.push(format!("{}{help}", error.message));
            }
        }
        opened
    });
    opened.collect()
}

fn check_split(
    dataset: &DatasetCheck,
    split: &str,
    services: &Arc<dyn Services>,
    opened: &mut OpenedDataset,
) -> Result<(), PluginError> {
    let open = OpenSplit { split: split.to_owned(), folder: dataset.folder.clone(), offline: true, seed: 0 };
    let samples = registry::open_dataset(&dataset.dataset, &open, Arc::clone(services))?;
    if samples.is_empty() {
        return Err(PluginError::input(format!(
            "the split `{split}` in {} has no samples",
            dataset.folder.display()
        )));
    }
    opened.splits.insert(split.to_owned(), samples.len());
    let first = samples.sample(0)?;
    let has = |name: &str| first.field(name).is_some();
    opened.side = opened.side.or_else(|| first.fields.iter().find_map(|(_, field)| side(field)));
    // A need with `|` in it is met by any of these fields.
    let missing = dataset.needs.iter().filter(|need| !need.split('|').any(has));
    let missing: Vec<String> = missing.map(|need| need.replace('|', " or ")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = first.fields.iter().map(|(name, _)| name.as_str()).collect();
    Err(PluginError::input(format!(
        "the samples of the split `{split}` in {} have {}, and the task `{}` needs {}, too",
        dataset.folder.display(),
        names.join(", "),
        dataset.task,
        missing.join(", ")
    )))
}

fn side(field: &Field) -> Option<u32> {
    let Field::Image(image) = field else { return None };
    Some((image.width as f64 * image.height as f64).sqrt().round() as u32)
}
