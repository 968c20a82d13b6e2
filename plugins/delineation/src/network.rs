//! The network that draws the lines.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_kit::nn;
use tch::nn::{BatchNorm, ConvConfig, ConvTransposeConfig, ModuleT as _, VarStore};
use tch::{Device, TchError, Tensor};

/// The sides of its input are multiples of this: four blocks halve them.
pub const STRIDE: usize = 16;

/// A U-Net (Ronneberger et al., MICCAI 2015) on an image and a prediction of its map, as used with perceptual losses for
/// delineation (Mosinska et al., CVPR 2018; Pihlgren et al., arXiv 2302.04032).
///
/// With c channels of image and prediction together, four blocks go down, c→2c→4c→8c→8c, and four go up, 8c→8c, 16c→4c,
/// 8c→2c, 4c→1, the last three with the output of the block of the same size on the way down. A block is a ReLU, a (going
/// up: transposed) convolution 4×4 of stride 2 and padding 1 without bias, and a batch normalization. The last one's
/// output goes through a sigmoid.
///
/// Parameters are named as in PyTorch: `down.0.conv.weight`, `down.0.norm.running_mean`, …, `up.3.norm.bias`.
#[derive(Debug)]
pub struct UNet {
    variables: VarStore,
    image_channels: i64,
    down: Vec<Block>,
    up: Vec<Block>,
    /// Share of channels that each block drops in training.
    dropout: f64,
}

/// A convolution's weights and the normalization behind it.
#[derive(Debug)]
struct Block {
    weight: Tensor,
    norm: BatchNorm,
}

impl UNet {
    /// A network for images of so many channels (1 or 3), with PyTorch's initial weights from libtorch's generator.
    pub fn new(image_channels: i64, device: Device) -> UNet {
        let variables = VarStore::new(device);
        let root = variables.root();
        let c = image_channels + 1;
        let sizes = [(c, 2 * c), (2 * c, 4 * c), (4 * c, 8 * c), (8 * c, 8 * c)];
        let down = sizes.into_iter().enumerate().map(|(position, (inputs, outputs))| {
            let path = &root / "down" / position;
            let config = ConvConfig { stride: 2, padding: 1, bias: false, ..ConvConfig::default() };
            let conv = nn::conv2d(&(&path / "conv"), inputs, outputs, 4, config);
            Block { weight: conv.ws, norm: nn::batch_norm2d(&(&path / "norm"), outputs) }
        });
        let down = down.collect();
        let sizes = [(8 * c, 8 * c), (16 * c, 4 * c), (8 * c, 2 * c), (4 * c, 1)];
        let up = sizes.into_iter().enumerate().map(|(position, (inputs, outputs))| {
            let path = &root / "up" / position;
            let config =
                ConvTransposeConfig { stride: 2, padding: 1, bias: false, ..ConvTransposeConfig::default() };
            let conv = nn::conv_transpose2d(&(&path / "conv"), inputs, outputs, 4, config);
            Block { weight: conv.ws, norm: nn::batch_norm2d(&(&path / "norm"), outputs) }
        });
        let up = up.collect();
        UNet { variables, image_channels, down, up, dropout: 0.0 }
    }

    /// The same with so large a share of whole channels dropped behind each normalization in training (`torch.nn.Dropout2d`).
    #[must_use]
    pub fn with_dropout(self, dropout: f64) -> UNet {
        UNet { dropout, ..self }
    }

    /// Parameters and buffers.
    pub fn variables(&self) -> &VarStore {
        &self.variables
    }

    /// Channels of its images: 1 or 3.
    pub fn image_channels(&self) -> i64 {
        self.image_channels
    }

    /// The probability of a line at each pixel, N×1×H×W, from images N×C×H×W in [0, 1] and a prediction N×1×H×W in
    /// [0, 1]; `None` stands for one of zeros. Training mode normalizes by the batch's statistics.
    ///
    /// Fails where the images have other channels than the network or sides that are not multiples of [`STRIDE`].
    pub fn forward(
        &self,
        images: &Tensor,
        prediction: Option<&Tensor>,
        training: bool,
    ) -> Result<Tensor, PluginError> {
        let stride = STRIDE as i64;
        match images.size()[..] {
            [_, channels, height, width]
                if channels == self.image_channels && height % stride == 0 && width % stride == 0 => {}
            _ => {
                return Err(PluginError::run(format!(
                    "images of shape {:?} were given to a U-Net for {} channels and sides that are multiples of {STRIDE}",
                    images.size(),
                    self.image_channels
                )));
            }
        }
        self.compute(images, prediction, training).map_err(torch_error)
    }

    fn compute(
        &self,
        images: &Tensor,
        prediction: Option<&Tensor>,
        training: bool,
    ) -> Result<Tensor, TchError> {
        // The ReLU before the first convolution has nothing to do: all of its input is at least 0.
        let first = &self.down[0];
        let mut x = match prediction {
            Some(prediction) => down(&Tensor::f_cat(&[images, prediction], 1)?, &first.weight)?,
            // Zeros add nothing, whatever the weights.
            None => down(images, &first.weight.f_narrow(1, 0, self.image_channels)?)?,
        };
        x = self.normalized(first, &x, training)?.f_relu()?;
        // Every use of a block's output begins with a ReLU, so it is applied once.
        let mut skips = vec![x];
        for block in &self.down[1..] {
            let x = down(&skips[skips.len() - 1], &block.weight)?;
            skips.push(self.normalized(block, &x, training)?.f_relu()?);
        }
        let mut x = skips.remove(skips.len() - 1);
        for (position, block) in self.up.iter().enumerate() {
            if position > 0 {
                x = Tensor::f_cat(&[x, skips.remove(skips.len() - 1)], 1)?;
            }
            x = self.normalized(block, &up(&x, &block.weight)?, training)?;
            x = if position + 1 == self.up.len() { x.f_sigmoid()? } else { x.f_relu()? };
        }
        Ok(x)
    }

    /// What a block makes of its convolution's output.
    fn normalized(&self, block: &Block, x: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let x = block.norm.forward_t(x, training);
        if training && self.dropout > 0.0 { x.f_feature_dropout(self.dropout, true) } else { Ok(x) }
    }
}

fn down(x: &Tensor, weight: &Tensor) -> Result<Tensor, TchError> {
    x.f_conv2d(weight, None::<Tensor>, [2, 2], [1, 1], [1, 1], 1)
}

fn up(x: &Tensor, weight: &Tensor) -> Result<Tensor, TchError> {
    x.f_conv_transpose2d(weight, None::<Tensor>, [2, 2], [1, 1], [0, 0], 1, [1, 1])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn dropout_drops_whole_channels_in_training_only() {
        tch::manual_seed(1);
        let network = UNet::new(1, Device::Cpu).with_dropout(0.25);
        let block = &network.down[0];
        let x = Tensor::rand([64, 4, 8, 8], (tch::Kind::Float, Device::Cpu));
        let of = |training| tch::no_grad(|| network.normalized(block, &x, training).unwrap());
        let (dropped, kept) = (of(true), of(false));
        assert!(kept.abs().amax([2, 3], false).min().double_value(&[]) > 0.0);
        // Of 256 channels about a quarter is 0 everywhere, and the others are scaled up by 4 / 3.
        let largest = dropped.abs().amax([2, 3], false);
        let zeros = largest.eq(0.0).sum(tch::Kind::Int64).int64_value(&[]);
        assert!((40..90).contains(&zeros), "{zeros}");
        let plain = tch::no_grad(|| block.norm.forward_t(&x, true));
        let ratio = (&dropped / plain).abs().amax([2, 3], false).max().double_value(&[]);
        assert!((ratio - 4.0 / 3.0).abs() < 1e-4, "{ratio}");
    }
}
