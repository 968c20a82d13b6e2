//! A plan for people and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Cell, CellState, Plan};
use crate::words::count;

impl Plan {
    /// The plan as text: a line of totals, then each group with its cells, and with a remark where its number has one.
    pub fn to_text(
        &self,
        state: impl Fn(&Cell) -> CellState,
        remark: &dyn Fn(usize) -> Option<String>,
    ) -> String {
        let states: Vec<CellState> = self.cells.iter().map(state).collect();
        let mut text = format!(
            "{}: {} in {} ({})\n",
            self.experiment,
            count(self.cells.len(), "cell"),
            count(self.groups.len(), "group"),
            summary(&states)
        );
        for (number, group) in self.groups.iter().enumerate() {
            let own: Vec<CellState> =
                group.cells.iter().filter_map(|&position| states.get(position).copied()).collect();
            let _ = writeln!(
                text,
                "\ngroup {}  {}  {} ({})",
                number + 1,
                group.name,
                count(own.len(), "cell"),
                summary(&own)
            );
            if let Some(remark) = remark(number) {
                let _ = writeln!(text, "  {remark}");
            }
            for (cell, state) in self.group_cells(group).zip(own) {
                let _ = writeln!(text, "  {}  {state:<7}  {}", cell.id, cell.name);
            }
        }
        text
    }

    /// The plan for scripts: totals, and each cell with its state, group and settings.
    pub fn to_json(&self, state: impl Fn(&Cell) -> CellState) -> Value {
        let mut group_of = vec![0; self.cells.len()];
        for (number, group) in self.groups.iter().enumerate() {
            for &cell in &group.cells {
                group_of[cell] = number;
            }
        }
        let cells: Vec<Value> = self
            .cells
            .iter()
            .zip(group_of)
            .map(|(cell, group)| {
                json!({
                    "id": cell.id,
                    "name": cell.name,
                    "state": state(cell),
                    "group": group,
                    "repetition": cell.repetition,
                    "seed": cell.seed,
                    "protocol_version": cell.protocol_version,
                    "config": cell.config.to_map(),
                })
            })
            .collect();
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|group| json!({ "name": group.name, "cells": group.cells.len(), "seed": group.seed }))
            .collect();
        json!({ "experiment": self.experiment, "groups": groups, "cells": cells })
    }
}

/// "3 done, 1 failed, 16 to do".
fn summary(states: &[CellState]) -> String {
    let counted = CellState::ALL.iter().filter_map(|&wanted| {
        let number = states.iter().filter(|&&state| state == wanted).count();
        (number > 0).then(|| format!("{number} {wanted}"))
    });
    counted.collect::<Vec<_>>().join(", ")
}
