//! Small fully connected networks from a loss network's features to a code and back.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::TchError;
use lossnet_plugin_api::tch::nn::{Linear, Module as _, Path};
use lossnet_plugin_kit::nn;

/// The shapes of a loss network's features of one image, layer by layer, each without the batch dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureShapes(Vec<Vec<i64>>);

impl FeatureShapes {
    /// The shapes of these features of a batch.
    pub fn of(features: &[Tensor]) -> FeatureShapes {
        FeatureShapes(features.iter().map(|layer| layer.size()[1..].to_vec()).collect())
    }

    /// P, the number of features of one image.
    pub fn count(&self) -> i64 {
        self.0.iter().map(|shape| shape.iter().product::<i64>()).sum()
    }

    /// Size of the hidden layer of networks on these features: min(P / 2, 2048).
    pub fn hidden(&self) -> i64 {
        (self.count() / 2).clamp(1, 2048)
    }

    /// The features of a batch, all layers one after the other: N×P.
    ///
    /// Fails, naming both, if they are not of these shapes.
    pub fn join(&self, features: &[Tensor]) -> Result<Tensor, PluginError> {
        let found = FeatureShapes::of(features);
        if found != *self {
            return Err(PluginError::run(format!(
                "the loss network's features have the shapes {:?}, and the autoencoder was made for {:?}",
                found.0, self.0
            )));
        }
        let flat = features.iter().map(|layer| layer.f_flatten(1, -1));
        let flat = flat.collect::<Result<Vec<_>, TchError>>().map_err(torch_error)?;
        Tensor::f_cat(&flat, 1).map_err(torch_error)
    }

    /// N×P cut into layers again.
    pub(super) fn split(&self, joined: &Tensor) -> Result<Vec<Tensor>, TchError> {
        let lengths: Vec<i64> = self.0.iter().map(|shape| shape.iter().product()).collect();
        let parts = joined.f_split_with_sizes(lengths.as_slice(), 1)?;
        let restored = parts.iter().zip(&self.0).map(|(part, shape)| {
            let shape: Vec<i64> = std::iter::once(-1).chain(shape.iter().copied()).collect();
            part.f_reshape(shape.as_slice())
        });
        restored.collect()
    }
}

/// P→h with ReLU.
#[derive(Debug)]
pub(super) struct FeatureEncoder {
    hidden: Linear,
    outputs: i64,
}

impl FeatureEncoder {
    /// For features of these shapes.
    pub(super) fn new(path: &Path<'_>, shapes: &FeatureShapes) -> FeatureEncoder {
        let outputs = shapes.hidden();
        FeatureEncoder { hidden: nn::linear(&(path / 0), shapes.count(), outputs), outputs }
    }

    /// Values that come out for each image: h.
    pub(super) fn outputs(&self) -> i64 {
        self.outputs
    }

    /// N×P to N×h.
    pub(super) fn forward(&self, features: &Tensor) -> Result<Tensor, TchError> {
        self.hidden.forward(features).f_relu()
    }
}

/// z→h→P with ReLU between.
#[derive(Debug)]
pub(super) struct FeatureDecoder {
    hidden: Linear,
    output: Linear,
    shapes: FeatureShapes,
}

impl FeatureDecoder {
    /// To features of these shapes.
    pub(super) fn new(path: &Path<'_>, code: i64, shapes: &FeatureShapes) -> FeatureDecoder {
        FeatureDecoder {
            hidden: nn::linear(&(path / 0), code, shapes.hidden()),
            output: nn::linear(&(path / 2), shapes.hidden(), shapes.count()),
            shapes: shapes.clone(),
        }
    }

    /// N×code to the features of each layer.
    pub(super) fn forward(&self, codes: &Tensor) -> Result<Vec<Tensor>, TchError> {
        let hidden = self.hidden.forward(codes).f_relu()?;
        self.shapes.split(&self.output.forward(&hidden))
    }
}
