//! What the host gives to a task.

use lossnet_plugin_protocol::report::{Progress, Report, RunContext, SampleRows};
use tch::Tensor;

use super::{Samples, Services};
use crate::PluginError;

/// A run of a task over one or more cells.
pub trait Run: Services {
    /// The cells, the device and the settings that are the host's.
    fn context(&self) -> &RunContext;

    /// The samples of a split of the configured dataset; those of a split of [`RunContext::test`] as `label:split`.
    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError>;

    /// The loss networks of all cells as one: the features of an image are computed once for all of them.
    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError>;

    /// The first cell's loss network with parameters to be trained: nothing is folded or frozen, and it begins in
    /// training mode. Each call builds a new one, with the configured weights or with ones drawn from a seed.
    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError>;

    /// Records something about the cell at this position of [`RunContext::cells`].
    fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError>;

    /// Scores that an interrupted run has left for this cell and split: at most `count` rows from row `first`
    /// on.
    fn recorded(&self, cell: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError>;

    /// Fails with [`PluginError::interrupted`] once the user asked to stop: to be called between steps.
    fn check_cancelled(&self) -> Result<(), PluginError> {
        if self.cancelled() { Err(PluginError::interrupted()) } else { Ok(()) }
    }

    /// Tells the user how many of `total` things (`unit`) of a stage are done: first where it begins, which is 0 unless an
    /// earlier attempt has done some, and at the end `total`.
    fn advance(&self, stage: &str, done: u64, total: u64, unit: &str) {
        self.progress(&Progress::new(stage, done, Some(total), unit));
    }
}

/// The loss networks of a run's cells, over one pass of one backbone.
pub trait LossNetwork {
    /// Distances between batches of images: for each cell, each pair (positions in `images`) and each sample.
    ///
    /// Each batch is N×3×H×W, float32, RGB in [0, 1], all of the same shape. The result is cells × pairs × N,
    /// float32, without gradients, and does not depend on how samples are batched.
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError>;

    /// The features of a batch of images (N×3×H×W, float32, RGB in [0, 1]) at every layer that some cell asks
    /// for, with gradients to the images where those require them.
    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError>;

    /// Names of the layers of [`features`](LossNetwork::features), in their order.
    fn layers(&self) -> Vec<String>;

    /// The channels of each layer, in the same order.
    fn channels(&self) -> Result<Vec<i64>, PluginError>;

    /// The distance of two batches of images, N, from their [`features`](LossNetwork::features), as this cell compares
    /// them. Gradients flow to the features and to the calibration.
    ///
    /// `calibration` weighs the squared differences: for each of the cell's layers a tensor of C weights, or one that
    /// broadcasts to N×C×H×W, so that a mask can be a part of it. Where the cell adds comparisons up it may have as many for each
    /// of them, one comparison's behind the other's. Without it the cell's own calibration counts, if it has one.
    fn compare(
        &self,
        cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError>;

    /// The parameters that training changes, by their published names: the network's own tensors, to be changed in
    /// place. None for a frozen network.
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError>;

    /// The running statistics of batch normalizations, likewise. None for a frozen network.
    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError>;

    /// Sets whether batch normalizations use the batch's statistics and dropout drops. Fails for a frozen network, which
    /// never does that.
    fn set_training(&self, training: bool) -> Result<(), PluginError>;

    /// Where two batches of images differ, from their [`features`](LossNetwork::features), as this cell compares them: the
    /// distance at each position, N×1×H×W with `size` for H and W, float32, on the CPU, without gradients. Each layer's map
    /// is interpolated bilinearly (corners not aligned; with antialiasing where it shrinks), and layers are summed.
    /// `calibration` is that of [`compare`](LossNetwork::compare).
    ///
    /// None where it would say nothing about positions: the cell compares sorted features or means of them, or those of a
    /// layer that has a single position. A loss network that is not the host's need not have any.
    fn map(
        &self,
        _cell: usize,
        _a: &[Tensor],
        _b: &[Tensor],
        _size: (i64, i64),
        _calibration: Option<&[Tensor]>,
    ) -> Result<Option<Tensor>, PluginError> {
        Ok(None)
    }
}
