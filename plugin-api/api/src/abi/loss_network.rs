//! [`LossNetwork`] across the boundary.

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, ROption, RString, RVec, Tuple2};
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
    fn layers(&self) -> AbiResult<RVec<RString>>;
    fn channels(&self) -> AbiResult<RVec<i64>>;
    fn compare(
        &self,
        cell: usize,
        a: RVec<TensorHandle>,
        b: RVec<TensorHandle>,
        calibration: ROption<RVec<TensorHandle>>,
    ) -> AbiResult<TensorHandle>;
    fn parameters(&self) -> AbiResult<NamedTensors>;
    fn buffers(&self) -> AbiResult<NamedTensors>;
    #[sabi(last_prefix_field)]
    fn set_training(&self, training: bool) -> AbiResult<()>;
    /// Loss networks built before there was this one have no maps.
    fn map(
        &self,
        cell: usize,
        a: RVec<TensorHandle>,
        b: RVec<TensorHandle>,
        size: Tuple2<i64, i64>,
        calibration: ROption<RVec<TensorHandle>>,
    ) -> AbiResult<ROption<TensorHandle>> {
        let _ = (cell, a, b, size, calibration);
        AbiResult::ROk(ROption::RNone)
    }
}

/// Tensors with their names.
type NamedTensors = RVec<Tuple2<RString, TensorHandle>>;

fn export_named(tensors: Vec<(String, Tensor)>) -> NamedTensors {
    tensors.into_iter().map(|(name, tensor)| Tuple2(name.into(), tensor.into())).collect()
}

fn import_named(tensors: NamedTensors) -> Vec<(String, Tensor)> {
    tensors.into_iter().map(|Tuple2(name, tensor)| (name.into(), tensor.into())).collect()
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

    fn channels(&self) -> AbiResult<RVec<i64>> {
        export(|| self.0.channels().map(RVec::from))
    }

    fn compare(
        &self,
        cell: usize,
        a: RVec<TensorHandle>,
        b: RVec<TensorHandle>,
        calibration: ROption<RVec<TensorHandle>>,
    ) -> AbiResult<TensorHandle> {
        export(|| {
            let calibration = calibration.into_option().map(tensors);
            let distance = self.0.compare(cell, &tensors(a), &tensors(b), calibration.as_deref());
            distance.map(TensorHandle::from)
        })
    }

    fn parameters(&self) -> AbiResult<NamedTensors> {
        export(|| self.0.parameters().map(export_named))
    }

    fn buffers(&self) -> AbiResult<NamedTensors> {
        export(|| self.0.buffers().map(export_named))
    }

    fn set_training(&self, training: bool) -> AbiResult<()> {
        export(|| self.0.set_training(training))
    }

    fn map(
        &self,
        cell: usize,
        a: RVec<TensorHandle>,
        b: RVec<TensorHandle>,
        size: Tuple2<i64, i64>,
        calibration: ROption<RVec<TensorHandle>>,
    ) -> AbiResult<ROption<TensorHandle>> {
        export(|| {
            let calibration = calibration.into_option().map(tensors);
            let map =
                self.0.map(cell, &tensors(a), &tensors(b), size.into_tuple(), calibration.as_deref())?;
            Ok(map.map(TensorHandle::from).into())
        })
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

    fn channels(&self) -> Result<Vec<i64>, PluginError> {
        import(self.object.channels()).map(RVec::into_vec)
    }

    fn compare(
        &self,
        cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        let calibration = calibration.map(handles).into();
        import(self.object.compare(cell, handles(a), handles(b), calibration)).map(Tensor::from)
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        import(self.object.parameters()).map(import_named)
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        import(self.object.buffers()).map(import_named)
    }

    fn set_training(&self, training: bool) -> Result<(), PluginError> {
        import(self.object.set_training(training))
    }

    fn map(
        &self,
        cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        (height, width): (i64, i64),
        calibration: Option<&[Tensor]>,
    ) -> Result<Option<Tensor>, PluginError> {
        let calibration = calibration.map(handles).into();
        let size = Tuple2(height, width);
        let map = import(self.object.map(cell, handles(a), handles(b), size, calibration))?;
        Ok(map.into_option().map(Tensor::from))
    }
}

pub(super) fn import_loss_network(object: LossNetworkObject) -> Result<Box<dyn LossNetwork>, PluginError> {
    let layers = import(object.layers())?.into_iter().map(String::from).collect();
    Ok(Box::new(Imported { object, layers }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use tch::{Device, Kind};

    /// Features are the images times a trained factor; the distance is a weighted sum of squares.
    struct Scaled {
        training: AtomicBool,
    }

    thread_local! {
        /// A tensor is not a part of what threads share.
        static FACTOR: Tensor = Tensor::from_slice(&[3.0f32]).set_requires_grad(true);
    }

    impl LossNetwork for Scaled {
        fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
            let (a, b) = pairs[0];
            Ok((&images[a] - &images[b]).abs())
        }

        fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
            Ok(vec![FACTOR.with(|factor| images * factor)])
        }

        fn layers(&self) -> Vec<String> {
            vec!["scaled".to_owned()]
        }

        fn channels(&self) -> Result<Vec<i64>, PluginError> {
            Ok(vec![2])
        }

        fn compare(
            &self,
            cell: usize,
            a: &[Tensor],
            b: &[Tensor],
            calibration: Option<&[Tensor]>,
        ) -> Result<Tensor, PluginError> {
            if cell > 0 {
                return Err(PluginError::run("there is one cell"));
            }
            let squared = (&a[0] - &b[0]).square();
            Ok(calibration
                .map_or_else(|| squared.shallow_clone(), |weights| &squared * &weights[0])
                .sum(Kind::Float))
        }

        fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
            Ok(vec![("factor".to_owned(), FACTOR.with(Tensor::shallow_clone))])
        }

        fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
            Ok(Vec::new())
        }

        fn set_training(&self, training: bool) -> Result<(), PluginError> {
            self.training.store(training, Ordering::SeqCst);
            if training { Ok(()) } else { panic!("it always learns") }
        }

        fn map(
            &self,
            _: usize,
            a: &[Tensor],
            b: &[Tensor],
            size: (i64, i64),
            calibration: Option<&[Tensor]>,
        ) -> Result<Option<Tensor>, PluginError> {
            Ok(calibration.map(|weights| ((&a[0] - &b[0]) * &weights[0]).reshape([size.0, size.1])))
        }
    }

    #[test]
    fn everything_crosses_with_gradients() {
        let network = export_loss_network(Box::new(Scaled { training: AtomicBool::new(false) }));
        let network = import_loss_network(network).unwrap();
        assert_eq!((network.layers(), network.channels().unwrap()), (vec!["scaled".to_owned()], vec![2]));
        let image = Tensor::from_slice(&[1.0f32, 2.0]).set_requires_grad(true);
        let other = Tensor::zeros([2], (Kind::Float, Device::Cpu));
        let features = [&image, &other].map(|image| network.features(image).unwrap());
        let weights = [Tensor::from_slice(&[1.0f32, 0.5]).set_requires_grad(true)];
        let distance = network.compare(0, &features[0], &features[1], Some(&weights)).unwrap();
        assert_eq!(distance.double_value(&[]), 27.0);
        distance.backward();
        let gradient = |tensor: &Tensor| Vec::<f32>::try_from(tensor.grad()).unwrap();
        assert_eq!(gradient(&image), [18.0, 18.0]);
        assert_eq!(gradient(&weights[0]), [9.0, 36.0]);
        let parameters = network.parameters().unwrap();
        assert_eq!(parameters[0].0, "factor");
        assert_eq!(gradient(&parameters[0].1), [18.0]);
        // The tensor itself crossed: what is changed here is changed there.
        let _ = tch::no_grad(|| parameters[0].1.shallow_clone().fill_(1.0));
        assert_eq!(Vec::<f32>::try_from(&network.features(&image).unwrap()[0]).unwrap(), [1.0, 2.0]);

        assert_eq!(network.compare(0, &features[0], &features[1], None).unwrap().double_value(&[]), 45.0);
        assert_eq!(
            network.compare(1, &features[0], &features[1], None).unwrap_err().message,
            "there is one cell"
        );
        assert!(network.map(0, &features[0], &features[1], (2, 1), None).unwrap().is_none());
        let map = network.map(0, &features[0], &features[1], (2, 1), Some(&weights)).unwrap().unwrap();
        assert_eq!((map.size(), Vec::<f32>::try_from(map.view(2)).unwrap()), (vec![2, 1], vec![3.0, 3.0]));
        assert!(network.buffers().unwrap().is_empty());
        network.set_training(true).unwrap();
        assert!(network.set_training(false).unwrap_err().message.contains("it always learns"));
    }
}
