//! A board before anything is computed.

use lossnet_plugin_protocol::report::{FromSamples, Metric};

use super::Measured;

/// A board before anything is computed.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) task: String,
    /// What tells it from other boards of its task: settings of the task and of the data.
    pub(super) variant: String,
    pub(super) dataset: String,
    pub(super) metric: String,
    pub(super) split: String,
    pub(super) unit: String,
    pub(super) higher_is_better: bool,
    /// How its numbers come from samples, if they say so.
    pub(super) from_samples: Option<FromSamples>,
    /// The smallest and the largest number that a score can be, where there is one.
    pub(super) range: [Option<f64>; 2],
    /// What is reached without a loss network: names and scores.
    pub(super) baselines: Vec<(String, f64)>,
    /// Whether seeds change its numbers.
    pub(super) trained: bool,
    pub(super) main: bool,
    pub(super) members: Vec<Member>,
    /// Boards of the same place measure the same task in the same way on the same data.
    pub(super) place: usize,
}

/// A contender on a board.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) network: usize,
    pub(super) runs: Vec<Run>,
}

/// A repetition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Position in the cells.
    pub(super) cell: usize,
    /// Position in the cell's metrics.
    pub(super) metric: usize,
}

impl Run {
    pub(super) fn of(self, cells: &[Measured]) -> &Metric {
        &cells[self.cell].result.metrics[self.metric]
    }
}
