//! A part of a plan: the cells that meet conditions, a shard of them, and some of those to do.

use std::str::FromStr;

use super::condition::Condition;
use super::settings::Tables;
use super::sweep::why_none;
use lossnet_core::model::{Cell, CellState, Group, Plan};

/// Which cells of a plan are wanted. Their ids, groups and seeds are those that they have in the whole plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// All of these hold.
    pub only: Vec<Condition>,
    /// Of those, one share of the groups.
    pub shard: Option<Shard>,
    /// Of those, at most so many that are neither done nor running.
    pub limit: Option<usize>,
}

/// One of several shares of a plan's groups, such as `2/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `of`.
    number: usize,
    of: usize,
}

/// No shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard: write i/n with i from 1 to n, such as 2/8")]
pub struct ShardError(String);

/// Nothing is wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("of {cells} none is selected: {why}{}", .help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct SelectionError {
    cells: String,
    why: String,
    help: Option<String>,
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Shard, ShardError> {
        let error = || ShardError(text.to_owned());
        let (number, of) = text.split_once('/').ok_or_else(error)?;
        let number = number.trim().parse().map_err(|_| error())?;
        let of = of.trim().parse().map_err(|_| error())?;
        if (1..=of).contains(&number) { Ok(Shard { number, of }) } else { Err(error()) }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Selection {
    /// Whether it wants everything.
    pub fn is_everything(&self) -> bool {
        *self == Selection::default()
    }

    /// The wanted part of a plan. Fails if no cell meets the conditions; a shard may well be empty, and all of it done.
    ///
    /// Groups are dealt out to shards in the order of their seeds, whatever is done already: shards have no cell in
    /// common, all of them together have every cell, and groups that follow each other in the sweep, which often cost
    /// alike, are spread over the shards.
    pub fn select_from(
        &self,
        plan: &Plan,
        state: impl Fn(&Cell) -> CellState,
    ) -> Result<Plan, SelectionError> {
        let meets = |cell: &Cell| {
            let tables = Tables::of(cell);
            let settings = tables.settings();
            self.only.iter().all(|condition| condition.holds(&settings))
        };
        let mut wanted: Vec<bool> = if self.only.is_empty() {
            vec![true; plan.cells.len()]
        } else {
            plan.cells.iter().map(meets).collect()
        };
        if !wanted.contains(&true) {
            let (why, help) = why_none(&self.only, &plan.cells.iter().collect::<Vec<_>>());
            return Err(SelectionError {
                cells: lossnet_core::words::count(plan.cells.len(), "cell"),
                why,
                help,
            });
        }
        if let Some(shard) = self.shard {
            let mut dealt: Vec<&Group> =
                plan.groups.iter().filter(|group| group.cells.iter().any(|&cell| wanted[cell])).collect();
            dealt.sort_by_key(|group| group.seed);
            for (position, group) in dealt.into_iter().enumerate() {
                if position % shard.of + 1 != shard.number {
                    group.cells.iter().for_each(|&cell| wanted[cell] = false);
                }
            }
        }
        if let Some(limit) = self.limit {
            let mut left = limit;
            // Group by group, so that as few groups as possible are begun.
            for &cell in plan.groups.iter().flat_map(|group| &group.cells) {
                let to_do = |cell| matches!(state(cell), CellState::ToDo | CellState::Failed);
                wanted[cell] = wanted[cell] && left > 0 && to_do(&plan.cells[cell]);
                left -= usize::from(wanted[cell]);
            }
        }
        Ok(plan.part(&wanted))
    }
}
