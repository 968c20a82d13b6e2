//! The loss networks of a group as a task sees them.

use std::sync::{Arc, Mutex, PoisonError};

use lossnet_plugin_api::component::{LossNetwork, torch_error};
use lossnet_plugin_protocol::PluginError;
use tch::{Device, Kind, Tensor};

use crate::network::Network;
use crate::session::{LossNetworkSpec, Session};
use crate::source::Backbone;

/// One backbone that serves all cells of a group; copies share it.
#[derive(Clone)]
pub(super) struct GroupNetwork(Arc<Shared>);

struct Shared {
    /// Tensors may go from thread to thread, but not be used by two at once.
    backbone: Mutex<Backbone>,
    specs: Mutex<Vec<LossNetworkSpec>>,
    layers: Vec<String>,
    channels: Vec<i64>,
    size: Option<i64>,
    /// Height and width of the images that the task gave last.
    given: Mutex<Option<(i64, i64)>>,
}

impl GroupNetwork {
    /// Fails if a layer works on no usual size.
    pub(super) fn new(backbone: Backbone, specs: Vec<LossNetworkSpec>) -> Result<GroupNetwork, PluginError> {
        let layers = backbone.session.layers();
        let channels = layers.iter().map(|layer| backbone.channels(layer)).collect::<Result<_, _>>()?;
        let layers = layers.iter().map(ToString::to_string).collect();
        let size = backbone.request.size.map(|size| size as i64);
        let (backbone, specs) = (Mutex::new(backbone), Mutex::new(specs));
        Ok(GroupNetwork(Arc::new(Shared {
            backbone,
            specs,
            layers,
            channels,
            size,
            given: Mutex::default(),
        })))
    }

    /// Height and width of the images that the network was given last.
    pub(super) fn given(&self) -> Option<(i64, i64)> {
        *self.0.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_network<T>(&self, work: impl FnOnce(&mut Network) -> T) -> T {
        let mut backbone = self.0.backbone.lock().unwrap_or_else(PoisonError::into_inner);
        work(backbone.session.network_mut())
    }

    /// Does work with the loss network of one cell.
    pub(super) fn with_spec<T>(
        &self,
        cell: usize,
        work: impl FnOnce(&Session, &LossNetworkSpec) -> Result<T, PluginError>,
    ) -> Result<T, PluginError> {
        let backbone = self.0.backbone.lock().unwrap_or_else(PoisonError::into_inner);
        let specs = self.0.specs.lock().unwrap_or_else(PoisonError::into_inner);
        let spec = specs.get(cell).ok_or_else(|| {
            PluginError::run(format!("the task named cell {cell}, which the run does not have"))
        })?;
        work(&backbone.session, spec)
    }

    /// Images at the loss network's own size, if it has one (bilinear, antialiased).
    fn sized(&self, images: &Tensor) -> Result<Tensor, PluginError> {
        let sized = match (self.0.size, images.size().as_slice()) {
            (Some(side), [.., height, width]) if (*height, *width) != (side, side) => images
                .f_internal_upsample_bilinear2d_aa([side, side], false, None, None)
                .map_err(torch_error)?,
            _ => images.shallow_clone(),
        };
        if let [.., height, width] = sized.size()[..] {
            *self.0.given.lock().unwrap_or_else(PoisonError::into_inner) = Some((height, width));
        }
        Ok(sized)
    }
}

impl LossNetwork for GroupNetwork {
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        let images = images.iter().map(|batch| self.sized(batch)).collect::<Result<Vec<_>, _>>()?;
        let backbone = self.0.backbone.lock().unwrap_or_else(PoisonError::into_inner);
        let specs = self.0.specs.lock().unwrap_or_else(PoisonError::into_inner);
        let distances = backbone.session.distances(&images, pairs, &specs)?;
        distances.f_to(Device::Cpu).map_err(torch_error)
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let images = self.sized(images)?;
        let backbone = self.0.backbone.lock().unwrap_or_else(PoisonError::into_inner);
        backbone.session.features(&images)
    }

    fn layers(&self) -> Vec<String> {
        self.0.layers.clone()
    }

    fn channels(&self) -> Result<Vec<i64>, PluginError> {
        Ok(self.0.channels.clone())
    }

    fn compare(
        &self,
        cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        self.with_spec(cell, |session, spec| session.compare(a, b, spec, calibration))
    }

    fn map(
        &self,
        cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        size: (i64, i64),
        calibration: Option<&[Tensor]>,
    ) -> Result<Option<Tensor>, PluginError> {
        let map = self.with_spec(cell, |session, spec| session.map(a, b, size, spec, calibration))?;
        let map = map.map(|map| map.f_to_kind(Kind::Float)?.f_to(Device::Cpu));
        map.transpose().map_err(torch_error)
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(self.with_network(|network| shared(network.parameters())))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(self.with_network(|network| shared(network.buffers())))
    }

    fn set_training(&self, training: bool) -> Result<(), PluginError> {
        Ok(self.with_network(|network| network.set_training(training))?)
    }
}

/// The same tensors once more.
fn shared(tensors: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}
