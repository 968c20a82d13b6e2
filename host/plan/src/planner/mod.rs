//! From a config to the cells of its cross product, and the groups of cells that one pass can serve.

mod builder;
mod condition;
mod identity;
mod select;
mod settings;
mod short;
mod sweep;
mod variants;
mod varied;

use lossnet_core::model::Plan;

pub use condition::{Condition, ConditionError};
pub use select::{Selection, SelectionError, Shard, ShardError};

pub use settings::CellSettings;
pub use sweep::why_none;

use crate::catalog::{Catalog, Descriptions};
use crate::config::{Checker, ConfigError, ConfigErrors, Origin, RawConfig};
use crate::contents::Contents;
use builder::Builder;
use variants::Variants;

/// Checks a config and makes its cells and groups.
///
/// `descriptions` tell which layers backbones have with their settings; `&()` leaves those to be checked later. `contents` tells what is in
/// files; for `&()` they are what they are called. Fails with everything that is wrong with the config.
pub fn plan_cells(
    raw: &RawConfig,
    catalog: &Catalog,
    descriptions: &dyn Descriptions,
    contents: &dyn Contents,
) -> Result<Plan, ConfigErrors> {
    let checker = Checker::new(raw, catalog, descriptions);
    checker.check_keys();
    let mut notes = Vec::new();
    let sweep = sweep::read(&checker, &mut notes);
    let mut surroundings = checker.surroundings();
    let experiment = checker.experiment(&checker.view("experiment"));
    let totals: Option<Vec<usize>> =
        sweep.parts.iter().map(|part| sweep::combinations(part.lengths())).collect();
    let Some(totals) = totals else {
        checker.error(too_many());
        return Err(checker.finish().err().unwrap_or_default());
    };
    let variants: Vec<Variants> = sweep.parts.iter().map(|part| Variants::new(&checker, part)).collect();
    let Some(experiment) = experiment else { return Err(checker.finish().err().unwrap_or_default()) };
    checker.finish()?;

    let mut builder = Builder::new(catalog, contents, &sweep, &experiment);
    for ((part, variants), total) in sweep.parts.iter().zip(&variants).zip(totals) {
        let (lengths, before) = (part.lengths(), builder.count());
        for position in 0..total {
            for choice in variants.at(&sweep::combination(position, &lengths)) {
                builder.add(&choice, part);
            }
            if builder.count() > sweep::MOST_CELLS {
                return Err(too_many().into());
            }
        }
        if let (Some(origin), true) = (&part.include, builder.count() == before) {
            notes.push(format!("`sweep.include` at {origin} adds no cell that is not there already"));
        }
    }
    let (cells, groups, taken) = builder.finish();
    let errors = sweep::check_use(&sweep, &taken, &cells, &mut notes);
    if !errors.is_empty() {
        return Err(errors);
    }
    if !surroundings.trackers.is_empty() {
        surroundings.varied = varied::varied(&cells);
    }
    Ok(Plan { experiment: experiment.name, cells, groups, surroundings, notes })
}

fn too_many() -> ConfigError {
    ConfigError {
        origin: Origin::Default,
        key: Some("sweep".to_owned()),
        problem: format!("[sweep] makes more than {} cells", sweep::MOST_CELLS),
        help: Some("give it fewer values".to_owned()),
    }
}
