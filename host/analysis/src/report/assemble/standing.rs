//! Which cells are looked at first, where not all can be shown.

use std::collections::HashMap;
use std::sync::Arc;

use crate::report::data::Board;
use crate::results::CompleteCell;

/// The cells of each task, those of the best contenders first.
#[derive(Debug)]
pub(super) struct Standing {
    /// Tasks by name, with positions of their cells and the contenders that these are of.
    pub(super) tasks: Vec<(String, Vec<Placed>)>,
}

/// A cell, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Its position among the complete cells.
    pub(super) cell: usize,
    /// The contender: a position in the report's networks.
    pub(super) network: usize,
}

impl Standing {
    /// Orders the cells of a task by their contenders' ranks on the task's main boards, the first board that they are on; then
    /// by repetition, so that all contenders are shown once before one is shown twice.
    pub(super) fn of(cells: &[Arc<CompleteCell>], network_of_cell: &[usize], boards: &[Board]) -> Standing {
        let mut ranks: HashMap<&str, usize> = HashMap::new();
        for board in boards.iter().filter(|board| board.main) {
            for entry in &board.entries {
                for cell in &entry.cells {
                    ranks.entry(cell).or_insert(entry.rank);
                }
            }
        }
        let mut tasks: Vec<(String, Vec<Placed>)> = Vec::new();
        for (cell, &network) in network_of_cell.iter().enumerate() {
            let task = &cells[cell].result.cell.config.task.name;
            let placed = Placed { cell, network };
            match tasks.iter_mut().find(|(name, _)| name == task) {
                Some((_, placed_cells)) => placed_cells.push(placed),
                None => tasks.push((task.clone(), vec![placed])),
            }
        }
        tasks.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, placed) in &mut tasks {
            placed.sort_by_key(|placed| {
                let cell = &cells[placed.cell].result.cell;
                let rank = ranks.get(cell.id.as_str()).copied().unwrap_or(usize::MAX);
                (cell.repetition, rank, placed.network, placed.cell)
            });
        }
        Standing { tasks }
    }
}
