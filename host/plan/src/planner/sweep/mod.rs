//! `[sweep]`: the combinations of values that make cells.
//!
//! A sweep is a list of [parts](Part), each a cross product of [dimensions](Dimension): one for every key with a list of
//! values, one for every `[[sweep.zip]]`, whose lists go together. `[sweep.NAME]` are further parts, and so is every
//! `[[sweep.include]]`; `[[sweep.exclude]]` takes cells out of the products.

mod range;
mod read;
mod rules;
mod values;

use crate::config::{Leaf, Origin, View};

pub(super) use read::read;
pub use rules::why_none;
pub(super) use rules::{Rule, check_use};

/// The sections that a sweep can vary, in the order in which a cell is put together.
pub(super) const SECTIONS: [&str; 4] = ["task", "loss_network", "data", "run"];

/// More cells than this are taken for a mistake.
pub(super) const MOST_CELLS: usize = 1_000_000;

/// All that `[sweep]` says.
pub(super) struct Sweep {
    /// Their cells together, those that are equal once, are the plan's.
    pub(super) parts: Vec<Part>,
    /// What is excluded, from some parts each.
    pub(super) rules: Vec<Rule>,
    /// Keys whose values a later layer replaced.
    pub(super) replaced: Vec<String>,
}

/// A cross product.
#[derive(Default)]
pub(super) struct Part {
    pub(super) dimensions: Vec<Dimension>,
    /// Positions in [`Sweep::rules`] of those that take cells out of it.
    pub(super) rules: Vec<usize>,
    /// Where the `[[sweep.include]]` stands that it comes from.
    pub(super) include: Option<Origin>,
}

/// Keys that take their values together.
#[derive(Clone)]
pub(super) struct Dimension {
    /// At least one; all of them have as many values.
    pub(super) columns: Vec<Column>,
}

/// A key with the values that it takes.
#[derive(Clone)]
pub(super) struct Column {
    /// Dotted key.
    pub(super) key: String,
    /// Position of its section in [`SECTIONS`].
    pub(super) section: usize,
    /// Whether a preset among the values stands for several cells, rather than for what it means in its section.
    pub(super) swept: bool,
    /// What it takes, in the order in which it was written.
    pub(super) values: Vec<Leaf>,
    /// Whether they were written as a range.
    is_range: bool,
    /// Where it was written, and in which layer.
    origin: Origin,
    layer: usize,
}

impl Column {
    /// The key without its section.
    pub(super) fn name(&self) -> &str {
        self.key.split_once('.').map_or("", |(_, name)| name)
    }
}

impl Dimension {
    /// Number of values.
    pub(super) fn length(&self) -> usize {
        self.columns.first().map_or(1, |column| column.values.len())
    }
}

impl Part {
    /// Number of values of each dimension.
    pub(super) fn lengths(&self) -> Vec<usize> {
        self.dimensions.iter().map(Dimension::length).collect()
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.dimensions.iter().flat_map(|dimension| &dimension.columns)
    }

    fn sets(&self, key: &str) -> bool {
        self.columns().any(|column| column.key == key)
    }
}

/// Number of combinations of dimensions with so many values. None beyond [`MOST_CELLS`].
pub(super) fn combinations(lengths: impl IntoIterator<Item = usize>) -> Option<usize> {
    lengths.into_iter().try_fold(1usize, usize::checked_mul).filter(|&product| product <= MOST_CELLS)
}

/// The combination at this position: an index into each dimension, the last one varying fastest.
pub(super) fn combination(mut position: usize, lengths: &[usize]) -> Vec<usize> {
    let mut indices = vec![0; lengths.len()];
    for (index, &length) in indices.iter_mut().zip(lengths).rev() {
        *index = position % length;
        position /= length;
    }
    indices
}

/// A section as it was written, with these values of its dimensions in place.
pub(super) fn view<'v>(
    base: &View<'v>,
    section: usize,
    own: &[&'v Dimension],
    indices: &[usize],
) -> View<'v> {
    let mut view = base.clone();
    for (dimension, &index) in own.iter().zip(indices) {
        for column in dimension.columns.iter().filter(|column| column.section == section) {
            let name = column.name();
            // A swept value takes the place of a table, and one in a table that of a value.
            view.retain(|known, _| !lies_below(known, name) && !lies_below(name, known));
            view.insert(name, &column.values[index]);
        }
    }
    view
}

/// Whether a dotted key is one of the table at another.
fn lies_below(key: &str, table: &str) -> bool {
    key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'))
}
