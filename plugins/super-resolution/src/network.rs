//! The image transformation network.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::nn::{BatchNorm, Conv2D, ConvConfig, ModuleT as _, Path, VarStore};
use lossnet_plugin_api::tch::{Device, TchError};
use lossnet_plugin_kit::nn::{batch_norm2d, conv2d};

/// Channels inside the network.
const WIDTH: i64 = 64;
/// Blocks of two convolutions whose input is added to their output.
const RESIDUAL_BLOCKS: usize = 4;

/// The network of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution"
/// (ECCV 2016, arXiv 1603.08155), for an enlargement by 4 or 8, as arXiv 2302.04032 trains it.
///
/// A 9×9 convolution from 3 to 64 channels; four residual blocks of two 3×3 convolutions, the second of which has no
/// activation; a block of nearest-neighbour doubling and a 3×3 convolution for each power of two in the factor; a 9×9
/// convolution to 3 channels with tanh, moved from [-1, 1] to [0, 1]. Before every convolution the image is padded by
/// reflection so that it keeps its size, behind it are a batch normalization and a ReLU.
///
/// Parameters are named `first`, `residual.N.{0,1}`, `upsampling.N`, `last`, each with `conv.{weight,bias}` and
/// `norm.{weight,bias,running_mean,running_var}`.
#[derive(Debug)]
pub struct TransformNetwork {
    variables: VarStore,
    factor: u32,
    first: Layer,
    residual: Vec<[Layer; 2]>,
    upsampling: Vec<Layer>,
    last: Layer,
}

impl TransformNetwork {
    /// Smallest side of an image that it takes: the first convolution's padding reflects four pixels.
    pub const SMALLEST_INPUT: u32 = 5;

    /// A network for an enlargement by `factor`, a power of two, with PyTorch's initial weights. They are drawn on the
    /// CPU, so that every device begins with the same ones, from libtorch's generator, which is seeded with `seed`.
    pub fn new(factor: u32, seed: u64, device: Device) -> TransformNetwork {
        lossnet_plugin_api::tch::manual_seed((seed >> 1) as i64);
        let mut variables = VarStore::new(Device::Cpu);
        let root = variables.root();
        let first = Layer::new(&(&root / "first"), 3, WIDTH, 9);
        let residual = (0..RESIDUAL_BLOCKS)
            .map(|block| {
                [0, 1].map(|layer| Layer::new(&(&root / "residual" / block / layer), WIDTH, WIDTH, 3))
            })
            .collect();
        let upsampling = (0..factor.ilog2())
            .map(|block| Layer::new(&(&root / "upsampling" / block), WIDTH, WIDTH, 3))
            .collect();
        let last = Layer::new(&(&root / "last"), WIDTH, 3, 9);
        drop(root);
        variables.set_device(device);
        TransformNetwork { variables, factor, first, residual, upsampling, last }
    }

    /// How many times larger its output is.
    pub fn factor(&self) -> u32 {
        self.factor
    }

    /// Its parameters and running statistics.
    pub fn variables(&self) -> &VarStore {
        &self.variables
    }

    /// The same, to be moved or converted.
    pub fn variables_mut(&mut self) -> &mut VarStore {
        &mut self.variables
    }

    /// The device of its parameters.
    pub fn device(&self) -> Device {
        self.variables.device()
    }

    /// Enlarges N×3×H×W, RGB in [0, 1], to N×3×fH×fW in [0, 1]. `training` says whether batch normalizations use the
    /// batch's statistics, and follow them with their running ones.
    ///
    /// Fails where a side is shorter than [`SMALLEST_INPUT`](Self::SMALLEST_INPUT), or the shape or device is another one.
    pub fn forward(&self, images: &Tensor, training: bool) -> Result<Tensor, PluginError> {
        self.compute(images, training).map_err(torch_error)
    }

    fn compute(&self, images: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let images = match self.device() {
            Device::Cpu => channels_last(images)?,
            _ => images.shallow_clone(),
        };
        let mut x = self.first.forward(&images, training)?.f_relu_()?;
        for [one, two] in &self.residual {
            let inner = one.forward(&x, training)?.f_relu_()?;
            x = two.forward(&inner, training)?.f_add(&x)?;
        }
        for layer in &self.upsampling {
            let (height, width) = sides(&x)?;
            let doubled = x.f_upsample_nearest2d([2 * height, 2 * width], None, None)?;
            x = layer.forward(&doubled, training)?.f_relu_()?;
        }
        self.last.forward(&x, training)?.f_tanh()?.f_add_scalar(1.0)?.f_mul_scalar(0.5)
    }
}

/// The same values with the channels of a pixel side by side in memory, which all layers keep: on the CPU a training step
/// takes a quarter less time so.
fn channels_last(images: &Tensor) -> Result<Tensor, TchError> {
    images.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
}

fn sides(images: &Tensor) -> Result<(i64, i64), TchError> {
    let (_, _, height, width) = images.size4()?;
    Ok((height, width))
}

/// Padding, convolution, batch normalization.
#[derive(Debug)]
struct Layer {
    padding: i64,
    conv: Conv2D,
    norm: BatchNorm,
}

impl Layer {
    fn new(path: &Path<'_>, inputs: i64, outputs: i64, kernel: i64) -> Layer {
        Layer {
            padding: kernel / 2,
            conv: conv2d(&(path / "conv"), inputs, outputs, kernel, ConvConfig::default()),
            norm: batch_norm2d(&(path / "norm"), outputs),
        }
    }

    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let padded = x.f_reflection_pad2d([self.padding; 4])?;
        let (weight, bias) = (&self.conv.ws, self.conv.bs.as_ref());
        let convolved = padded.f_conv2d(weight, bias, 1, 0, 1, 1)?;
        Ok(self.norm.forward_t(&convolved, training))
    }
}
