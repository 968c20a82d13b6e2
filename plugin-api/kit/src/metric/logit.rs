//! From two distances to a prediction of which image people prefer.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use tch::nn::{Conv2D, ConvConfig, Linear, Module as _, Path};
use tch::{TchError, Tensor};

use super::Logit;
use crate::nn::{conv2d, linear};

/// Channels between the convolutions.
const HIDDEN: i64 = 32;

/// Added to the divisors of the ratios.
const EPSILON: f64 = 0.1;

/// Slope of the activations below zero.
const SLOPE: f64 = 0.2;

/// The network that predicts a judgement: the share of people who prefer p1.
///
/// `large` is the one of Zhang et al., CVPR 2018 (their `Dist2LogitLayer`).
#[derive(Debug)]
pub struct LogitNetwork(Layers);

#[derive(Debug)]
enum Layers {
    Large(Vec<Conv2D>),
    Small(Linear),
    None,
}

impl LogitNetwork {
    /// A network of this kind with PyTorch's initial values. Parameters are named as LPIPS names them:
    /// `model.0.weight`, `model.2.weight`, ….
    pub fn new(path: &Path<'_>, kind: Logit) -> LogitNetwork {
        let path = path / "model";
        LogitNetwork(match kind {
            Logit::Large => {
                let layer = |name: &str, inputs, outputs| {
                    conv2d(&(&path / name), inputs, outputs, 1, ConvConfig::default())
                };
                Layers::Large(vec![layer("0", 5, HIDDEN), layer("2", HIDDEN, HIDDEN), layer("4", HIDDEN, 1)])
            }
            Logit::Small => Layers::Small(linear(&(&path / "0"), 2, 1)),
            Logit::None => Layers::None,
        })
    }

    /// The predictions, N in [0, 1], for two batches of distances, N each. Gradients flow to both.
    pub fn predict(&self, d0: &Tensor, d1: &Tensor) -> Result<Tensor, PluginError> {
        let logit = match &self.0 {
            Layers::Large(layers) => large(layers, d0, d1),
            Layers::Small(layer) => Tensor::f_stack(&[d0, d1], 1)
                .and_then(|both| both.f_linear(&layer.ws, layer.bs.as_ref()))
                .and_then(|logit| logit.f_squeeze_dim(1)),
            Layers::None => d0.f_sub(d1),
        };
        logit.and_then(|logit| logit.f_sigmoid()).map_err(torch_error)
    }
}

fn large(layers: &[Conv2D], d0: &Tensor, d1: &Tensor) -> Result<Tensor, TchError> {
    let ratio = |one: &Tensor, other: &Tensor| one.f_div(&other.f_add_scalar(EPSILON)?);
    let inputs = [d0.shallow_clone(), d1.shallow_clone(), d0.f_sub(d1)?, ratio(d0, d1)?, ratio(d1, d0)?];
    let count = d0.numel() as i64;
    let mut value = Tensor::f_stack(&inputs, 1)?.f_view([count, 5, 1, 1])?;
    for (position, layer) in layers.iter().enumerate() {
        if position > 0 {
            value = leaky_relu(&value)?;
        }
        value = layer.forward(&value);
    }
    value.f_view([count])
}

/// PyTorch's leaky ReLU with the slope [`SLOPE`]; libtorch's binding knows only its default.
fn leaky_relu(value: &Tensor) -> Result<Tensor, TchError> {
    value.f_where_self(&value.f_gt(0.0)?, &value.f_mul_scalar(SLOPE)?)
}
