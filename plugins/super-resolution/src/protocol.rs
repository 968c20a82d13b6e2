//! How a test image is made small, enlarged by bicubic interpolation, and compared with its original.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Image, crop, matlab_resize};
use lossnet_plugin_kit::quality::{Plane, luma, psnr, published_luma, ssim, uniform_ssim};

use crate::data::Pair;
use crate::network::TransformNetwork;
use crate::pictures::enlarge_bicubic;
use crate::settings::Protocol;

/// The largest level of an 8-bit image.
const PEAK: f64 = 255.0;

/// Pixels at each side that don't count in the published protocol, whatever the factor.
const PUBLISHED_BORDER: usize = 2;

/// Luma of black.
const LUMA_OFFSET: f64 = 16.0;

/// A test image: what is to be enlarged, what it should become, and what bicubic interpolation makes of it. All three are
/// grey if the original is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The small image.
    pub input: Image,
    /// The input enlarged by bicubic interpolation.
    pub bicubic: Image,
    /// What the input should become.
    pub target: Image,
    /// Pixels at each side that don't count.
    border: usize,
    /// Whether luma is rounded to levels before it is compared.
    rounded: bool,
}

/// How close an image is to its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Peak signal-to-noise ratio of luma, in dB, with peak 255.
    pub psnr: f64,
    /// Structural similarity of luma.
    pub ssim: f64,
}

impl Case {
    /// As the literature does: the whole image, cut at its right and bottom to a multiple of the factor, is made small and
    /// enlarged as MATLAB does it (bicubic with antialiasing, rounded to 8 bits). Luma is rounded to 8 bits, and a border
    /// of `factor` pixels does not count.
    ///
    /// Fails where the image is too small for the network.
    pub fn standard(image: &Image, factor: u32) -> Result<Case, PluginError> {
        let multiple = factor as usize;
        let (columns, rows) = (image.width() / multiple, image.height() / multiple);
        let smallest = TransformNetwork::SMALLEST_INPUT as usize;
        if columns.min(rows) < smallest {
            return Err(PluginError::input(format!(
                "an image of {}×{} pixels is too small to be tested with the factor {factor}: each side must have {} \
                 pixels at least",
                image.width(),
                image.height(),
                smallest * multiple
            )));
        }
        let (width, height) = (columns * multiple, rows * multiple);
        let target = crop(image, 0, 0, width, height)?;
        let input = matlab_resize(&target, columns, rows)?;
        let bicubic = matlab_resize(&input, width, height)?;
        Ok(Case { input, bicubic, target, border: multiple, rounded: true })
    }

    /// As in the training: the central square of `size` pixels, and an input made as [`Pair::of`] does it. The baseline is
    /// Pillow's bicubic interpolation. Luma is not rounded, and all pixels count. The published protocol takes a grey image for
    /// an RGB one.
    pub fn crop(image: &Image, size: u32, factor: u32, protocol: Protocol) -> Result<Case, PluginError> {
        let Pair { input, target } = match protocol {
            Protocol::Corrected => Pair::of(image, size, factor)?,
            Protocol::Published => Pair::of(&image.to_rgb(), size, factor)?,
        };
        let bicubic = enlarge_bicubic(&input, &target)?;
        Ok(Case { input, bicubic, target, border: 0, rounded: false })
    }

    /// How close an enlargement of the input is to the target. The levels of a grey target count as they are; an RGB
    /// enlargement is made grey for it by the luma of full range (0.299 R + 0.587 G + 0.114 B), which leaves the levels of
    /// an image without colour as they are.
    ///
    /// The published protocol has scores of its own for [`crop`](Case::crop): with the published weights of luma and without its
    /// offset, without the two outer pixels, and the structural similarity of 7×7 pixels of equal weights. The published code
    /// knows no test like [`standard`](Case::standard), whose scores are the same in both protocols.
    ///
    /// Fails where the sizes differ, or are below the window of SSIM.
    pub fn scores(&self, output: &Image, protocol: Protocol) -> Result<Scores, PluginError> {
        if protocol == Protocol::Published && !self.rounded {
            let (output, target) = (published_plane(&output.to_rgb())?, published_plane(&self.target)?);
            return Ok(Scores {
                psnr: psnr(&output, &target, PEAK)?,
                ssim: uniform_ssim(&output, &target, PEAK)?,
            });
        }
        let output = self.plane(&self.in_kind(output))?;
        let target = self.plane(&self.target)?;
        Ok(Scores { psnr: psnr(&output, &target, PEAK)?, ssim: ssim(&output, &target, PEAK)? })
    }

    /// The image in as many channels as the target has.
    fn in_kind(&self, image: &Image) -> Image {
        if self.target.channels() == 1 { image.to_grey() } else { image.to_rgb() }
    }

    /// What counts of an image.
    fn plane(&self, image: &Image) -> Result<Plane, PluginError> {
        let plane = luma(image);
        let plane = if self.rounded { plane.rounded() } else { plane };
        Ok(if self.border == 0 { plane } else { plane.shaved(self.border)? })
    }
}

/// What counts of an RGB image in the published protocol. The offset of luma, which the structural similarity sees, is left out.
fn published_plane(image: &Image) -> Result<Plane, PluginError> {
    let plane = published_luma(image).shaved(PUBLISHED_BORDER)?;
    let values = plane.values().iter().map(|value| value - LUMA_OFFSET).collect();
    Ok(Plane::new(plane.width(), plane.height(), values)?)
}
