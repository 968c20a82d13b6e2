//! Parts of a plan.

use super::{Cell, Group, Plan};

impl Plan {
    /// The same experiment with the same surroundings, and nothing to run.
    pub(crate) fn without_cells(&self) -> Plan {
        Plan {
            experiment: self.experiment.clone(),
            cells: Vec::new(),
            groups: Vec::new(),
            surroundings: self.surroundings.clone(),
            notes: Vec::new(),
        }
    }

    /// Adds cells of a group, which keeps its name and seed; nothing if there are none.
    pub(crate) fn add_group(&mut self, group: &Group, cells: impl IntoIterator<Item = Cell>) {
        let first = self.cells.len();
        self.cells.extend(cells);
        let positions: Vec<usize> = (first..self.cells.len()).collect();
        if !positions.is_empty() {
            self.groups.push(Group { cells: positions, ..group.clone() });
        }
    }
}
