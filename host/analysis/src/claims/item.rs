//! A score that statements are checked on.

use crate::report::data::{Board, Entry, Network};

/// A network's score on a board.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) board: &'a Board,
    pub(super) network: &'a Network,
    pub(super) entry: &'a Entry,
    /// Turned so that a larger one is better.
    pub(super) score: f64,
    /// 0 for the worst and 1 for the best of the board's networks that are left; equal scores share the mean.
    pub(super) standing: f64,
    /// Of networks with one layer: its position among those of the same backbone and settings, from 1 for the earliest.
    pub(super) layer_position: Option<usize>,
}
