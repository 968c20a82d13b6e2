//! [`Compare`] across the boundary.

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, RVec};
use tch::Tensor;

use super::data::{AbiResult, export, import};
use super::tensor::{TensorHandle, at_most_one, handles, optional, tensors};
use crate::PluginError;
use crate::component::Compare;

#[sabi_trait]
pub trait AbiCompare: Send + Sync {
    fn prepare(&self, features: TensorHandle) -> AbiResult<TensorHandle>;
    fn map(
        &self,
        a: TensorHandle,
        b: TensorHandle,
        calibration: RVec<TensorHandle>,
    ) -> AbiResult<TensorHandle>;
    fn distance(
        &self,
        a: TensorHandle,
        b: TensorHandle,
        calibration: RVec<TensorHandle>,
    ) -> AbiResult<TensorHandle>;
    #[sabi(last_prefix_field)]
    fn distances(
        &self,
        one: TensorHandle,
        others: RVec<TensorHandle>,
        calibration: RVec<TensorHandle>,
    ) -> AbiResult<RVec<TensorHandle>>;
    /// Comparisons built before there was this one count as spatial.
    fn is_spatial(&self) -> AbiResult<bool> {
        AbiResult::ROk(true)
    }
}

pub type CompareObject = AbiCompare_TO<'static, RBox<()>>;

struct Exported(Box<dyn Compare>);

impl AbiCompare for Exported {
    fn prepare(&self, features: TensorHandle) -> AbiResult<TensorHandle> {
        export(|| self.0.prepare(&features.into()).map(TensorHandle::from))
    }

    fn map(
        &self,
        a: TensorHandle,
        b: TensorHandle,
        calibration: RVec<TensorHandle>,
    ) -> AbiResult<TensorHandle> {
        export(|| {
            let calibration = at_most_one(calibration)?;
            self.0.map(&a.into(), &b.into(), calibration.as_ref()).map(TensorHandle::from)
        })
    }

    fn distance(
        &self,
        a: TensorHandle,
        b: TensorHandle,
        calibration: RVec<TensorHandle>,
    ) -> AbiResult<TensorHandle> {
        export(|| {
            let calibration = at_most_one(calibration)?;
            self.0.distance(&a.into(), &b.into(), calibration.as_ref()).map(TensorHandle::from)
        })
    }

    fn distances(
        &self,
        one: TensorHandle,
        others: RVec<TensorHandle>,
        calibration: RVec<TensorHandle>,
    ) -> AbiResult<RVec<TensorHandle>> {
        export(|| {
            let calibration = at_most_one(calibration)?;
            let found = self.0.distances(&one.into(), &tensors(others), calibration.as_ref())?;
            Ok(handles(&found))
        })
    }

    fn is_spatial(&self) -> AbiResult<bool> {
        export(|| Ok(self.0.is_spatial()))
    }
}

pub(super) fn export_compare(compare: Box<dyn Compare>) -> CompareObject {
    AbiCompare_TO::from_value(Exported(compare), TD_Opaque)
}

struct Imported {
    object: CompareObject,
    /// Asked once, where a failure can still be reported.
    is_spatial: bool,
}

impl Compare for Imported {
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        import(self.object.prepare(features.into())).map(Tensor::from)
    }

    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        import(self.object.map(a.into(), b.into(), optional(calibration))).map(Tensor::from)
    }

    fn distance(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        import(self.object.distance(a.into(), b.into(), optional(calibration))).map(Tensor::from)
    }

    fn distances(
        &self,
        one: &Tensor,
        others: &[Tensor],
        calibration: Option<&Tensor>,
    ) -> Result<Vec<Tensor>, PluginError> {
        import(self.object.distances(one.into(), handles(others), optional(calibration))).map(tensors)
    }

    fn is_spatial(&self) -> bool {
        self.is_spatial
    }
}

pub(super) fn import_compare(object: CompareObject) -> Result<Box<dyn Compare>, PluginError> {
    let is_spatial = import(object.is_spatial())?;
    Ok(Box::new(Imported { object, is_spatial }))
}
