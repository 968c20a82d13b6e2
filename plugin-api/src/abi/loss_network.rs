//! [`LossNetwork`] across the boundary.

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, RString, RVec, Tuple2};
use tch::Tensor;

use super::data::{AbiResult, export, import};
use super::tensor::{TensorHandle, handles, tensors};
use crate::PluginError;
use crate::component::LossNetwork;

#[sabi_trait]
pub trait AbiLossNetwork {
    fn distances(
        &self,
        images: RVec<TensorHandle>,
        pairs: RVec<Tuple2<usize, usize>>,
    ) -> AbiResult<TensorHandle>;
    fn features(&self, images: TensorHandle) -> AbiResult<RVec<TensorHandle>>;
    #[sabi(last_prefix_field)]
    fn layers(&self) -> AbiResult<RVec<RString>>;
}

pub type LossNetworkObject = AbiLossNetwork_TO<'static, RBox<()>>;

struct Exported(Box<dyn LossNetwork>);

impl AbiLossNetwork for Exported {
    fn distances(
        &self,
        images: RVec<TensorHandle>,
        pairs: RVec<Tuple2<usize, usize>>,
    ) -> AbiResult<TensorHandle> {
        export(|| {
            let pairs: Vec<(usize, usize)> = pairs.into_iter().map(Tuple2::into_tuple).collect();
            self.0.distances(&tensors(images), &pairs).map(TensorHandle::from)
        })
    }

    fn features(&self, images: TensorHandle) -> AbiResult<RVec<TensorHandle>> {
        export(|| self.0.features(&images.into()).map(|features| handles(&features)))
    }

    fn layers(&self) -> AbiResult<RVec<RString>> {
        export(|| Ok(self.0.layers().into_iter().map(RString::from).collect()))
    }
}

pub(super) fn export_loss_network(network: Box<dyn LossNetwork>) -> LossNetworkObject {
    AbiLossNetwork_TO::from_value(Exported(network), TD_Opaque)
}

struct Imported {
    object: LossNetworkObject,
    /// Asked once, where a failure can still be reported.
    layers: Vec<String>,
}

impl LossNetwork for Imported {
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        let pairs: RVec<Tuple2<usize, usize>> = pairs.iter().map(|&(a, b)| Tuple2(a, b)).collect();
        import(self.object.distances(handles(images), pairs)).map(Tensor::from)
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        import(self.object.features(images.into())).map(tensors)
    }

    fn layers(&self) -> Vec<String> {
        self.layers.clone()
    }
}

pub(super) fn import_loss_network(object: LossNetworkObject) -> Result<Box<dyn LossNetwork>, PluginError> {
    let layers = import(object.layers())?.into_iter().map(String::from).collect();
    Ok(Box::new(Imported { object, layers }))
}
