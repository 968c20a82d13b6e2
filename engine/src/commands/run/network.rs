//! The loss networks of a group as a task sees them.

use std::sync::{Arc, Mutex, PoisonError};

use lossnet_plugin_api::component::{LossNetwork, torch_error};
use lossnet_plugin_protocol::PluginError;
use tch::Tensor;

use crate::session::LossNetworkSpec;
use crate::source::Backbone;

/// One backbone that serves all cells of a group; copies share it.
#[derive(Clone)]
pub(super) struct GroupNetwork(Arc<Shared>);

struct Shared {
    /// Tensors may go from thread to thread, but not be used by two at once.
    backbone: Mutex<Backbone>,
    specs: Mutex<Vec<LossNetworkSpec>>,
    layers: Vec<String>,
    size: Option<i64>,
}

impl GroupNetwork {
    pub(super) fn new(backbone: Backbone, specs: Vec<LossNetworkSpec>) -> GroupNetwork {
        let layers = backbone.session.layers().iter().map(ToString::to_string).collect();
        let size = backbone.request.size.map(|size| size as i64);
        let (backbone, specs) = (Mutex::new(backbone), Mutex::new(specs));
        GroupNetwork(Arc::new(Shared { backbone, specs, layers, size }))
    }

    /// Images at the loss network's own size, if it has one (bilinear, antialiased).
    fn sized(&self, images: &Tensor) -> Result<Tensor, PluginError> {
        match (self.0.size, images.size().as_slice()) {
            (Some(side), [.., height, width]) if (*height, *width) != (side, side) => {
                images.f_internal_upsample_bilinear2d_aa([side, side], false, None, None).map_err(torch_error)
            }
            _ => Ok(images.shallow_clone()),
        }
    }
}

impl LossNetwork for GroupNetwork {
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        let images = images.iter().map(|batch| self.sized(batch)).collect::<Result<Vec<_>, _>>()?;
        let backbone = self.0.backbone.lock().unwrap_or_else(PoisonError::into_inner);
        let specs = self.0.specs.lock().unwrap_or_else(PoisonError::into_inner);
        let distances = backbone.session.distances(&images, pairs, &specs)?;
        distances.f_to(tch::Device::Cpu).map_err(torch_error)
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let images = self.sized(images)?;
        let backbone = self.0.backbone.lock().unwrap_or_else(PoisonError::into_inner);
        backbone.session.features(&images)
    }

    fn layers(&self) -> Vec<String> {
        self.0.layers.clone()
    }
}
