//! A frozen loss network as tasks train with it: in evaluation mode, or in training mode as the published code has it.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, Run, torch_error};
use tch::Tensor;

/// A loss network whose parameters stay as they are.
///
/// The published code makes its loss networks sub-modules of what is trained, which puts them into training mode with it: batch
/// normalizations use the statistics of each batch and remember them, and whole residual branches are dropped where the
/// architecture says so. Such a network *drifts*: validation sees the statistics that the training has left.
pub struct FrozenNetwork {
    network: Box<dyn LossNetwork>,
    drifts: bool,
}

impl std::fmt::Debug for FrozenNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrozenNetwork")
            .field("layers", &self.network.layers())
            .field("drifts", &self.drifts)
            .finish()
    }
}

impl FrozenNetwork {
    /// The run's loss network, in evaluation mode for ever.
    pub fn steady(run: &dyn Run) -> Result<FrozenNetwork, PluginError> {
        Ok(FrozenNetwork { network: run.loss_network()?, drifts: false })
    }

    /// A copy of the run's loss network that follows [`set_training`](FrozenNetwork::set_training), with gradients to its
    /// input alone; in evaluation mode at first.
    pub fn drifting(run: &dyn Run) -> Result<FrozenNetwork, PluginError> {
        let network = run.trainable_network(None)?;
        for (_, parameter) in network.parameters()? {
            // The same tensor: nothing is to be computed for its gradient.
            parameter.f_set_requires_grad(false).map(drop).map_err(torch_error)?;
        }
        let network = FrozenNetwork { network, drifts: true };
        network.set_training(false)?;
        Ok(network)
    }

    /// The network.
    pub fn network(&self) -> &dyn LossNetwork {
        &*self.network
    }

    /// Whether it has a training mode.
    pub fn drifts(&self) -> bool {
        self.drifts
    }

    /// Puts a drifting network into training mode, or back; nothing else has one.
    pub fn set_training(&self, training: bool) -> Result<(), PluginError> {
        if self.drifts { self.network.set_training(training) } else { Ok(()) }
    }

    /// The running statistics that drift, by name, each with `network.` in front: a part of what a checkpoint must keep.
    pub fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        if !self.drifts {
            return Ok(Vec::new());
        }
        let buffers = self.network.buffers()?;
        Ok(buffers.into_iter().map(|(name, tensor)| (format!("network.{name}"), tensor)).collect())
    }
}
