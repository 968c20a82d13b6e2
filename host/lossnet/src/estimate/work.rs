//! How often a task runs its loss network, as its manifest and its settings tell it.

use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::manifest::{Details, Work};

use super::cost::NetworkCost;
use lossnet_core::model::Cell;
use lossnet_core::model::DataSection;
use lossnet_plan::catalog::Catalog;
use lossnet_plan::planner::CellSettings;

use super::own_data::OwnData;

/// One kind of work of a cell.
pub(super) struct Phase {
    /// Samples times epochs, if both are known.
    samples: Option<f64>,
    forwards: f64,
    backwards: f64,
    /// What a backward pass costs, in forward passes.
    backward_cost: f64,
    side: Option<i64>,
    batch: f64,
}

/// The phases of a cell's work; none if its task says nothing of it.
pub(super) fn phases(details: Option<&Details>, cell: &Cell, catalog: &Catalog, own: &OwnData) -> Vec<Phase> {
    let settings = CellSettings::of(cell);
    let holds = |work: &&Work| work.when.iter().all(|(key, wanted)| settings.get(key) == Some(wanted));
    let works = details.into_iter().flat_map(|details| &details.work).filter(holds);
    let number = |key: &Option<String>| key.as_deref().and_then(|key| settings.get(key)?.as_f64());
    let phase = |work: &Work| {
        let samples = samples(work, cell, &settings, catalog, own).map(|samples| match number(&work.limit) {
            Some(limit) => samples.min(limit),
            None => samples,
        });
        let epochs = match &work.epochs {
            Some(_) => number(&work.epochs),
            None => Some(1.0),
        };
        Phase {
            samples: samples.zip(epochs).map(|(samples, epochs)| samples * epochs),
            forwards: f64::from(work.forwards),
            backwards: f64::from(work.backwards),
            // Gradients of values, and as much again for those of parameters.
            backward_cost: if work.trains_network { 2.0 } else { 1.0 },
            side: number(&work.side)
                .filter(|side| *side >= 1.0)
                .or_else(|| image_side(cell, catalog))
                .or_else(|| own.side(&cell.config.data))
                .map(|side| {
                    let side = side as u32;
                    work.padded.map_or(side, |padded| padded.side(side)).into()
                }),
            batch: number(&work.batch).unwrap_or_else(|| f64::from(cell.config.run.batch_size)),
        }
    };
    works.map(phase).collect()
}

/// The samples of the splits that a setting names, if the dataset says how many they are, or was opened.
fn samples(
    work: &Work,
    cell: &Cell,
    settings: &CellSettings,
    catalog: &Catalog,
    own: &OwnData,
) -> Option<f64> {
    let data = &cell.config.data;
    if work.splits == "data.splits" {
        let further = data.test.values().map(|test| counted(test, &test.splits, catalog, own));
        let all: Option<Vec<f64>> =
            std::iter::once(counted(data, &data.splits, catalog, own)).chain(further).collect();
        return Some(all?.into_iter().sum());
    }
    let known = &catalog.get(Kind::Dataset, &data.dataset.name).ok()?.details.splits;
    let named = settings.get(&work.splits)?.as_str()?.to_owned();
    let is_known = |split: &&String| known.contains(*split) || own.size(data, split).is_some();
    let split = std::iter::once(&named).chain(&work.otherwise).find(is_known)?;
    counted(data, std::slice::from_ref(split), catalog, own)
}

/// The side of the dataset's images, if it says so.
fn image_side(cell: &Cell, catalog: &Catalog) -> Option<f64> {
    let dataset = &cell.config.data.dataset;
    catalog.get(Kind::Dataset, &dataset.name).ok()?.details.image_side.as_ref()?.value(&dataset.settings)
}

fn counted(data: &DataSection, splits: &[String], catalog: &Catalog, own: &OwnData) -> Option<f64> {
    let details = &catalog.get(Kind::Dataset, &data.dataset.name).ok()?.details;
    let mut total = 0.0;
    for split in splits {
        let published = details.sizes.get(split).and_then(|size| size.value(&data.dataset.settings));
        let size = published.or_else(|| own.size(data, split))?;
        total += data.limit.map_or(size, |limit| size.min(limit as f64));
    }
    Some(total)
}

/// Side of the images that go through the loss network: what the config says, else the task's settings, else the dataset.
pub(super) fn side(phases: &[Phase], cell: &Cell) -> Option<i64> {
    let configured = cell.config.loss_network.size.map(i64::from);
    configured.or_else(|| phases.iter().find_map(|phase| phase.side))
}

/// Forward passes of one image that all work comes to. None if a part is not known.
pub(super) fn passes(phases: &[Phase]) -> Option<f64> {
    let of = |phase: &Phase| Some(phase.samples? * (phase.forwards + phase.backward_cost * phase.backwards));
    let all: Vec<f64> = phases.iter().map(of).collect::<Option<_>>()?;
    (!all.is_empty()).then(|| all.iter().sum())
}

/// Bytes of the loss network with the largest of the batches; of one that is only evaluated where the task says nothing.
pub(super) fn bytes(phases: &[Phase], cell: &Cell, cost: &NetworkCost) -> f64 {
    let batch = f64::from(cell.config.run.batch_size);
    let of = |phase: &Phase| cost.bytes(phase.batch * phase.forwards, phase.backwards > 0.0);
    phases.iter().map(of).reduce(f64::max).unwrap_or_else(|| cost.bytes(batch, false))
}
