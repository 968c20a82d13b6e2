//! The scores that statements are checked on.

use std::collections::BTreeMap;

use super::column::{self, Column};
use super::item::Item;
use super::selection::Selection;
use crate::report::data::{Board, Network};

/// Scores on some boards.
#[derive(Clone, Debug)]
pub(super) struct Items<'a>(Vec<Item<'a>>);

/// How one score is made of those of several networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Summary {
    /// The best one.
    #[default]
    Best,
    /// The mean.
    Mean,
}

impl<'a> Items<'a> {
    /// All scores of all boards; what is not a number is left out.
    pub(super) fn of(networks: &'a [Network], boards: &'a [Board]) -> Items<'a> {
        let mut items = Vec::new();
        for board in boards {
            let first = items.len();
            for entry in &board.entries {
                let Some(network) = networks.get(entry.network) else { continue };
                let Some(value) = entry.value.filter(|value| value.is_finite()) else { continue };
                let score = if board.higher_is_better { value } else { -value };
                items.push(Item { board, network, entry, score, standing: 0.0, layer_position: None });
            }
            number_layers(&mut items[first..]);
        }
        Items(items).with_standings()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_slice(&self) -> &[Item<'a>] {
        &self.0
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Item<'a>> {
        self.0.iter()
    }

    /// Those of a selection, with their standings among each other.
    pub(super) fn select(&self, selection: &Selection) -> Items<'a> {
        let selected = self.0.iter().filter(|item| selection.has(item)).cloned().collect();
        Items(selected).with_standings()
    }

    /// Those for which this is so, with the standings that they have.
    pub(super) fn filter(&self, keep: impl Fn(&Item<'a>) -> bool) -> Items<'a> {
        Items(self.0.iter().filter(|item| keep(item)).cloned().collect())
    }

    /// Board by board, in their order.
    pub(super) fn by_board(&self) -> Vec<Items<'a>> {
        let chunks = self.0.chunk_by(|a, b| std::ptr::eq(a.board, b.board));
        chunks.map(|chunk| Items(chunk.to_vec())).collect()
    }

    /// By the value of some columns, in order of the values.
    pub(super) fn by(&self, columns: &[Column]) -> BTreeMap<String, Items<'a>> {
        let mut groups: BTreeMap<String, Items<'a>> = BTreeMap::new();
        for item in &self.0 {
            let group = groups.entry(column::name(columns, item)).or_insert_with(|| Items(Vec::new()));
            group.0.push(item.clone());
        }
        groups
    }

    /// The best one; there is at least one.
    pub(super) fn best(&self) -> &Item<'a> {
        let later = |a: &Item<'_>, b: &Item<'_>| b.score.total_cmp(&a.score);
        // The first of several that are equally good.
        self.0.iter().min_by(|a, b| later(a, b)).unwrap_or(&self.0[0])
    }

    /// One score for all.
    pub(super) fn score(&self, summary: Summary) -> f64 {
        self.summary(summary, |item| item.score)
    }

    /// One number for all, of which larger ones are better.
    pub(super) fn summary(&self, summary: Summary, number: impl Fn(&Item<'a>) -> f64) -> f64 {
        let numbers = self.0.iter().map(number);
        match summary {
            Summary::Best => numbers.fold(f64::NEG_INFINITY, f64::max),
            Summary::Mean => numbers.sum::<f64>() / self.0.len() as f64,
        }
    }

    fn with_standings(mut self) -> Items<'a> {
        for board in self.0.chunk_by_mut(|a, b| std::ptr::eq(a.board, b.board)) {
            let scores: Vec<f64> = board.iter().map(|item| item.score).collect();
            let last = scores.len() as f64 - 1.0;
            let Ok(ranks) = lossnet_statistics::ranks(&scores) else { continue };
            for (item, rank) in board.iter_mut().zip(ranks) {
                item.standing = if last > 0.0 { (rank - 1.0) / last } else { 0.5 };
            }
        }
        self
    }
}

/// Numbers the layers of each backbone on one board.
fn number_layers(items: &mut [Item<'_>]) {
    let mut series: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, item) in items.iter().enumerate() {
        let network = item.network;
        if network.depth.is_some() && !network.layers.contains(',') {
            let key = format!(
                "{}\n{}\n{}\n{:?}",
                network.backbone, network.weights, network.comparison, network.others
            );
            series.entry(key).or_default().push(position);
        }
    }
    for mut positions in series.into_values() {
        let depth = |position: &usize| items[*position].network.depth.unwrap_or(0.0);
        positions.sort_by(|a, b| depth(a).total_cmp(&depth(b)));
        for (number, position) in positions.into_iter().enumerate() {
            items[position].layer_position = Some(number + 1);
        }
    }
}

/// What a board measures, for people.
pub(super) fn board_name(board: &Board) -> String {
    let variant = if board.variant.is_empty() { String::new() } else { format!(" ({})", board.variant) };
    format!("{}{variant} on {}, {} {}", board.task, board.dataset, board.split, board.metric)
}
