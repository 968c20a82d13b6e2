//! What has changed since cells were planned or computed, as sentences for the user.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::index::Index;
use lossnet_analysis::results::Row;
use lossnet_core::inputs::{Input, Sums, role_name};
use lossnet_core::model::{CellState, Plan};
use lossnet_core::store::{ExperimentFolder, PlannedCell};
use lossnet_core::words::count;

/// A sentence for each file that is no longer what it was for these planned cells.
pub(super) fn of_files(cells: &[PlannedCell], experiment: &ExperimentFolder, sums: &Sums) -> Vec<String> {
    let mut users: BTreeMap<(&str, &Input), Vec<&str>> = BTreeMap::new();
    for cell in cells {
        for (role, input) in &cell.inputs.files {
            users.entry((role_name(role), input)).or_default().push(&cell.id);
        }
    }
    let changed = users.into_iter().filter(|((_, input), _)| !input.is_unchanged(sums));
    let sentence = |((role, input), cells): ((&str, &Input), Vec<&str>)| {
        let done = cells.iter().filter(|id| experiment.state(id) == CellState::Done).count();
        let kept = match done {
            0 => String::new(),
            1 => "; the result of 1 cell that was computed with what it was before is kept apart".to_owned(),
            done => {
                format!(
                    "; the results of {done} cells that were computed with what it was before are kept apart"
                )
            }
        };
        format!(
            "the {role} {} has changed since the last run: a run computes what depends on it anew{kept}",
            input.path.display()
        )
    };
    changed.map(sentence).collect()
}

/// The same of the last run of an experiment, except for the cells that the coming one knows, too.
pub(super) fn since_last_run(plan: &Plan, experiment: &ExperimentFolder, sums: &Sums) -> Vec<String> {
    // What can't be read is reported where it is needed.
    let Ok(Some(mut planned)) = experiment.planned_cells() else { return Vec::new() };
    let known: HashSet<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
    planned.retain(|cell| !known.contains(cell.id.as_str()));
    of_files(&planned, experiment, sums)
}

/// A sentence for each plugin of which another build than the one at hand has computed results.
pub(super) fn of_plugins<'a>(rows: impl Iterator<Item = &'a Row>, index: &Index, sums: &Sums) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    let mut at_hand: HashMap<&str, Option<String>> = HashMap::new();
    for plugin in index.catalog.plugins() {
        at_hand.insert(&plugin.manifest.name, sum(&plugin.path, sums));
    }
    for row in rows {
        let result = row.result();
        if !seen.insert(result.cell.id.as_str()) {
            continue;
        }
        for (plugin, build) in &result.versions.builds {
            let Some(Some(now)) = at_hand.get(plugin.as_str()) else { continue };
            if now != build {
                *others.entry(plugin).or_default() += 1;
            }
        }
    }
    let sentence = |(plugin, cells)| {
        let (were, they) = if cells == 1 { ("was", "it stays") } else { ("were", "they stay") };
        format!(
            "{} {were} computed by another build of the plugin {plugin}: {they} done, since no version of what it computes \
             was raised",
            count(cells, "done cell")
        )
    };
    others.into_iter().map(sentence).collect()
}

fn sum(file: &Path, sums: &Sums) -> Option<String> {
    sums.of(file, false).ok().flatten()
}
