//! Convolutions from images to a code and back: the two halves of `FourLayerCVAE`.

use lossnet_plugin_api::tch::nn::{
    BatchNorm, Conv2D, ConvConfig, ConvTranspose2D, ConvTransposeConfig, Linear, Module as _, ModuleT as _,
    Path,
};
use lossnet_plugin_api::tch::{TchError, Tensor};
use lossnet_plugin_kit::nn;

/// Channels of the encoder, from the image on.
const ENCODER: [i64; 5] = [3, 32, 64, 128, 256];
/// Channels of the decoder, up to the image.
const DECODER: [i64; 5] = [1024, 128, 64, 32, 3];
/// Kernels of the decoder.
const DECODER_KERNELS: [i64; 4] = [5, 5, 6, 6];

/// Four convolutions 3→32→64→128→256, kernel 4, stride 2, no padding, each followed by batch normalization and ReLU.
#[derive(Debug)]
pub(super) struct ImageEncoder {
    layers: Vec<(Conv2D, BatchNorm)>,
    outputs: i64,
}

impl ImageEncoder {
    /// For images of this height and width.
    pub(super) fn new(path: &Path<'_>, (height, width): (i64, i64)) -> ImageEncoder {
        let config = ConvConfig { stride: 2, ..ConvConfig::default() };
        let layer = |at: usize| {
            // Convolution, normalization and ReLU are numbered one after the other.
            let convolution = nn::conv2d(&(path / (3 * at)), ENCODER[at], ENCODER[at + 1], 4, config);
            (convolution, nn::batch_norm2d(&(path / (3 * at + 1)), ENCODER[at + 1]))
        };
        ImageEncoder {
            layers: (0..4).map(layer).collect(),
            outputs: ENCODER[4] * encoded_side(height) * encoded_side(width),
        }
    }

    /// Values that come out for each image.
    pub(super) fn outputs(&self) -> i64 {
        self.outputs
    }

    /// N×3×H×W to N×`outputs`.
    pub(super) fn forward(&self, images: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let mut values = images.shallow_clone();
        for (convolution, norm) in &self.layers {
            values = norm.forward_t(&convolution.forward(&values), training).f_relu()?;
        }
        values.f_flatten(1, -1)
    }
}

/// What four convolutions of kernel 4 and stride 2 leave of a side.
fn encoded_side(side: i64) -> i64 {
    (0..4).fold(side, |side, _| (side - 4) / 2 + 1)
}

/// A linear layer to 1024 channels of [`grid`] positions, ReLU, and four transposed convolutions 1024→128→64→32→3,
/// kernels 5, 5, 6, 6, stride 2, with batch normalization and ReLU after each but the last, which ends in a sigmoid.
#[derive(Debug)]
pub(super) struct ImageDecoder {
    dense: Linear,
    layers: Vec<(ConvTranspose2D, Option<BatchNorm>)>,
    grid: (i64, i64),
}

impl ImageDecoder {
    /// From a code of `code` values to images of this height and width. Parameters are `dense` and `decoder.*` below
    /// `path`.
    pub(super) fn new(path: &Path<'_>, code: i64, (height, width): (i64, i64)) -> ImageDecoder {
        let grid = (grid(height), grid(width));
        let config = ConvTransposeConfig { stride: 2, ..ConvTransposeConfig::default() };
        let decoder = path / "decoder";
        let layer = |at: usize| {
            let (inputs, outputs) = (DECODER[at], DECODER[at + 1]);
            let convolution =
                nn::conv_transpose2d(&(&decoder / (3 * at)), inputs, outputs, DECODER_KERNELS[at], config);
            let norm = (at < 3).then(|| nn::batch_norm2d(&(&decoder / (3 * at + 1)), outputs));
            (convolution, norm)
        };
        ImageDecoder {
            dense: nn::linear(&(path / "dense"), code, DECODER[0] * grid.0 * grid.1),
            layers: (0..4).map(layer).collect(),
            grid,
        }
    }

    /// N×code to N×3×H×W in [0, 1].
    pub(super) fn forward(&self, codes: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let values = self.dense.forward(codes).f_relu()?;
        let mut values = values.f_reshape([-1, DECODER[0], self.grid.0, self.grid.1])?;
        for (convolution, norm) in &self.layers {
            values = convolution.forward(&values);
            values = match norm {
                Some(norm) => norm.forward_t(&values, training).f_relu()?,
                None => values.f_sigmoid()?,
            };
        }
        Ok(values)
    }
}

/// Positions, along a side, that the decoder's convolutions grow to that side. Sides are 64, 80, 96, and so on.
fn grid(side: i64) -> i64 {
    (side - 64) / 16 + 1
}
