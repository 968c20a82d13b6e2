//! Augmentations of float images as torchvision computes them: the six that the paper "Deep Perceptual Similarity is
//! Adaptable to Ambiguous Contexts" (arXiv 2304.02265) ranks.
//!
//! [`Augmentation::draw`] draws [`Parameters`]; [`augment`] and [`augment_planes`] are pure functions of them, in float32
//! and without libtorch's threads, so that loading threads can call them. With the same parameters they give what
//! `torchvision.transforms.functional` gives for tensors: `Translate`, `Darken` and `Color` to the bit, `Blur` up to
//! rounding (2e-6), `Rotate` and `ZoomIn` the same pixels but for positions that lie, up to rounding, right between two.

mod blur;
mod color;
mod parameters;
mod warp;

pub use parameters::Parameters;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// A kind of augmentation. Tasks offer it as a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Augmentation {
    /// Turned about the centre by 30° to 330°: `RandomRotation((30, 330))`.
    Rotate,
    /// Moved by up to half its sides: `RandomAffine(0, translate=(0.5, 0.5))`.
    Translate,
    /// Darkened to 10 % to 50 %: `ColorJitter(brightness=(0.1, 0.5))`.
    Darken,
    /// Hues shifted by up to half the circle: `ColorJitter(hue=0.5)`.
    Color,
    /// Blurred: `GaussianBlur((11, 21), sigma=(4, 10))`.
    Blur,
    /// Enlarged about the centre 1.1 to 2 times: `RandomAffine(0, scale=(1.1, 2))`.
    ZoomIn,
}

impl Augmentation {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Rotate, Self::Translate, Self::Darken, Self::Color, Self::Blur, Self::ZoomIn];

    /// The name used in configs: `rotate`, `translate`, `darken`, `color`, `blur`, `zoom_in`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Translate => "translate",
            Self::Darken => "darken",
            Self::Color => "color",
            Self::Blur => "blur",
            Self::ZoomIn => "zoom_in",
        }
    }

    /// The kind of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Draws the parameters for an image of this many columns and rows, from the distributions of the torchvision
    /// transform named at each kind. The same state of `random` gives the same parameters on every machine.
    pub fn draw(self, width: usize, height: usize, random: &mut impl Rng) -> Parameters {
        parameters::draw(self, width, height, random)
    }
}

/// An image's extent: samples lie channel after channel, row after row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

impl Extent {
    /// Number of samples.
    pub fn samples(self) -> usize {
        self.channels * self.height * self.width
    }

    fn plane(self) -> usize {
        self.height * self.width
    }
}

/// Applies one augmentation to an image of 1 or 3 channels × height × width, or to each of a batch of such images, with
/// values in [0, 1]. The result has the same shape, in float32 on the CPU.
///
/// Fails where the shape is another one, where `Blur` mirrors more than the image has (that needs at least 6 columns and
/// 11 rows), where the parameters are outside of what [`Parameters`] says, or libtorch fails.
pub fn augment(image: &Tensor, parameters: Parameters) -> Result<Tensor, PluginError> {
    let size = image.size();
    let &[channels @ (1 | 3), height, width] = &size[size.len().saturating_sub(3)..] else {
        return Err(no_image(&size));
    };
    if size.len() > 4 {
        return Err(no_image(&size));
    }
    let extent = Extent { channels: channels as usize, height: height as usize, width: width as usize };
    let samples = image
        .detach()
        .f_to_device(Device::Cpu)
        .and_then(|image| image.f_to_kind(Kind::Float)?.f_contiguous()?.f_flatten(0, -1))
        .and_then(|flat| Vec::<f32>::try_from(&flat))
        .map_err(torch_error)?;
    let mut result = Vec::with_capacity(samples.len());
    for image in samples.chunks_exact(extent.samples().max(1)) {
        result.extend(augment_planes(image, extent, parameters)?);
    }
    Tensor::f_from_slice(&result).and_then(|flat| flat.f_view(size.as_slice())).map_err(torch_error)
}

fn no_image(size: &[i64]) -> PluginError {
    PluginError::input(format!(
        "a tensor of shape {size:?} can't be augmented: it is not an image of 1 or 3 channels and no batch of such"
    ))
}

/// As [`augment`], for one image's samples in [0, 1]: channel after channel, row after row.
///
/// Fails as [`augment`] does, and where the number of samples is not the extent's.
pub fn augment_planes(
    samples: &[f32],
    extent: Extent,
    parameters: Parameters,
) -> Result<Vec<f32>, PluginError> {
    let Extent { channels, height, width } = extent;
    if samples.len() != extent.samples() || !matches!(channels, 1 | 3) || samples.is_empty() {
        return Err(PluginError::input(format!(
            "{} samples can't be augmented: they are not an image of {width}×{height} pixels with {channels} channels of 1 \
             or 3",
            samples.len()
        )));
    }
    parameters.check()?;
    Ok(match parameters {
        Parameters::Rotate { degrees } => warp::affine(samples, extent, warp::rotation(degrees)),
        Parameters::ZoomIn { scale } => warp::affine(samples, extent, warp::scaling(scale)),
        Parameters::Translate { right, down } => warp::translate(samples, extent, right, down),
        Parameters::Darken { factor } => color::darken(samples, factor),
        Parameters::Color { hue } => color::shift_hue(samples, extent, hue),
        Parameters::Blur { sigma } => blur::gaussian(samples, extent, sigma)?,
    })
}

#[cfg(test)]
mod tests;
