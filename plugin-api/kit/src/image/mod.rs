//! Images as Pillow reads, resizes and converts them, so that distances computed here can be compared
//! with published ones, whose authors loaded their data with Pillow and torchvision.
//!
//! An [`Image`] is plain memory: 8-bit samples. [`Image::to_tensor`] and [`Image::from_tensor`] lead to tensors
//! and back.
//!
//! * [`read`], [`decode()`]: PNG, JPEG, BMP, GIF, TIFF, PNM, WebP, told apart by content. JPEG pixels are Pillow's,
//!   bit for bit (see [`jpeg`]).
//! * [`resize()`]: bit-exact with Pillow before 13; [`geometry`]: crops, flips and padding as torchvision does.
//! * [`matlab_resize`]: as published super-resolution results were made; [`gaussian_blur`]: bit-exact with Pillow;
//!   [`match_histograms`]: scikit-image's.
//! * [`colormap`], [`mod@overlay`]: distance maps made visible; [`sheet()`]: many images in one.
//! * [`mod@distort`]: distortions of a stated strength.

mod check;
mod color;
pub mod colormap;
mod decode;
pub mod distort;
mod encode;
mod error;
mod gaussian;
pub mod geometry;
mod gif;
mod guard;
mod histogram;
pub mod jpeg;
mod orientation;
pub mod overlay;
pub mod resize;
mod sheet;
mod tensor;
mod text;
mod tiff;
mod unread;

pub use check::check;
pub use color::ColorMode;
pub use decode::{Decoded, decode, decode_grey, read, read_as_is, read_grey};
pub use distort::{Distortion, distort};
pub use encode::{encode_png, file_part, write_png};
pub use error::{ImageError, ReadProblem};
pub use gaussian::gaussian_blur;
pub use geometry::{center_crop, crop, flip_horizontal, flip_vertical, pad_reflect, resize_shorter_side};
pub use guard::MAX_PIXELS;
pub use histogram::match_histograms;
pub use orientation::Orientation;
pub use overlay::{overlay, overlay_alone};
pub use resize::{Filter, matlab_resize, resize};
pub use sheet::sheet;
pub(crate) use text::number;

use lossnet_plugin_api::protocol::sample::ImageData;

/// An image of 8-bit samples, height × width × channels, row after row.
///
/// There are one (grey) or three (RGB) channels, and never fewer than one row and one column. Samples are
/// values in 0..=255 as they are stored in files, that is, with the sRGB transfer curve applied.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
}

impl Image {
    /// An RGB image from `width * height * 3` interleaved samples.
    ///
    /// Fails where a side is zero or the number of samples is another one.
    pub fn rgb(width: usize, height: usize, data: Vec<u8>) -> Result<Self, ImageError> {
        Self::new(width, height, 3, data)
    }

    /// A grey image from `width * height` samples.
    ///
    /// Fails where a side is zero or the number of samples is another one.
    pub fn grey(width: usize, height: usize, data: Vec<u8>) -> Result<Self, ImageError> {
        Self::new(width, height, 1, data)
    }

    fn new(width: usize, height: usize, channels: usize, data: Vec<u8>) -> Result<Self, ImageError> {
        let samples = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        if width == 0 || height == 0 || samples != Some(data.len()) {
            return Err(ImageError::Shape { width, height, channels, samples: data.len() });
        }
        Ok(Self { width, height, channels, data })
    }

    /// An image made sample by sample of known extent; for code that has just computed the samples.
    pub(crate) fn from_parts(width: usize, height: usize, channels: usize, data: Vec<u8>) -> Self {
        assert!(
            width > 0 && height > 0 && data.len() == width * height * channels,
            "an image's samples are as many as its extent says"
        );
        Self { width, height, channels, data }
    }

    /// An image of the same extent whose samples are `f` of these.
    pub(crate) fn map_samples(&self, f: impl Fn(u8) -> u8) -> Self {
        Self { data: self.data.iter().map(|&sample| f(sample)).collect(), ..*self }
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Samples per pixel: 1 (grey) or 3 (RGB).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All samples, row after row, the channels of a pixel side by side.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The samples, to be changed in place.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Gives the samples away.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// The samples of row `y`. Panics where there is no such row, as slices do.
    pub fn row(&self, y: usize) -> &[u8] {
        let stride = self.stride();
        &self.data[y * stride..(y + 1) * stride]
    }

    /// The samples of the pixel in column `x` of row `y`. Panics where there is no such pixel, as slices do.
    pub fn pixel(&self, x: usize, y: usize) -> &[u8] {
        &self.row(y)[x * self.channels..(x + 1) * self.channels]
    }

    /// Samples per row.
    pub(crate) fn stride(&self) -> usize {
        self.width * self.channels
    }

    /// The same picture with three channels; a grey sample is repeated.
    #[must_use]
    pub fn to_rgb(&self) -> Self {
        if self.channels == 3 {
            return self.clone();
        }
        let data = self.data.iter().flat_map(|&sample| [sample; 3]).collect();
        Self { channels: 3, data, ..*self }
    }

    /// The same picture with one channel: ITU-R BT.601 luma in Pillow's fixed-point arithmetic, so the
    /// result is `convert("L")`'s.
    #[must_use]
    pub fn to_grey(&self) -> Self {
        if self.channels == 1 {
            return self.clone();
        }
        let data = self.data.chunks_exact(3).map(|p| color::luma(p[0], p[1], p[2])).collect();
        Self { channels: 1, data, ..*self }
    }
}

impl From<Image> for ImageData {
    fn from(image: Image) -> Self {
        let Image { width, height, channels, data } = image;
        ImageData { width, height, channels, data }
    }
}

/// Fails where the number of channels is neither 1 nor 3, a side is zero or the number of samples is another one.
impl TryFrom<ImageData> for Image {
    type Error = ImageError;

    fn try_from(image: ImageData) -> Result<Self, ImageError> {
        let ImageData { width, height, channels, data } = image;
        if channels != 1 && channels != 3 {
            return Err(ImageError::Shape { width, height, channels, samples: data.len() });
        }
        Self::new(width, height, channels, data)
    }
}

/// The extent alone: the samples of a photograph would bury any message.
impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}×{}×{})", self.width, self.height, self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_samples_must_fit_the_extent() {
        assert!(Image::rgb(2, 2, vec![0; 12]).is_ok());
        assert!(Image::grey(2, 2, vec![0; 4]).is_ok());
        let error = Image::rgb(2, 2, vec![0; 11]).unwrap_err();
        assert_eq!(error.to_string(), "11 samples do not make an image of 2×2 pixels with 3 channels");
        assert!(Image::grey(0, 2, vec![]).is_err());
        assert!(Image::rgb(usize::MAX, 2, vec![]).is_err());
    }

    #[test]
    fn pixels_are_found_by_column_and_row() {
        let image = Image::rgb(2, 2, (0..12).collect()).unwrap();
        assert_eq!(image.pixel(1, 0), [3, 4, 5]);
        assert_eq!(image.row(1), [6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn grey_and_rgb_convert_as_pillow_does() {
        // Pillow: Image.new("RGB", (1, 1), (10, 200, 30)).convert("L").getpixel((0, 0)) == 124
        let image = Image::rgb(1, 1, vec![10, 200, 30]).unwrap();
        assert_eq!(image.to_grey().data(), [124]);
        assert_eq!(image.to_grey().to_rgb().data(), [124, 124, 124]);
    }
}
