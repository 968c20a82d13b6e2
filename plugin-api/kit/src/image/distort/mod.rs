//! Distortions of a stated strength: of two of a kind, the weaker one leaves the image closer to what it was.
//!
//! Strength 0 leaves the image as it is and the squared error grows with the strength, up to 1. That is built
//! in: noise, translation and colour keep their direction and grow along it, blurring kernels are nested, and
//! pixelation and quantization are averages over ever coarser partitions, whose errors add up as squares do in
//! Pythagoras' theorem. Two exceptions: a picture moved along a texture that repeats itself may come closer to
//! itself again, though it has moved further; and the rounding to 8 bits can make two strengths that are very
//! close the same.

mod blur;
mod partition;

use super::{Image, ImageError};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// A kind of distortion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Distortion {
    /// Independent Gaussian noise on every sample; standard deviation up to 64 levels of 255.
    Noise,
    /// Gaussian blur; standard deviation up to 4 pixels.
    Blur,
    /// Contrast lowered about the mean luma, by up to 90 %.
    Contrast,
    /// Brightness lowered by up to 80 %.
    Brightness,
    /// All pixels shifted along one hue, drawn from the seed, by up to 80 levels; luma stays about the same.
    ColorCast,
    /// Blocks replaced by their means; sides up to 16 pixels.
    Pixelate,
    /// Picture moved in a direction drawn from the seed by up to an eighth of its shorter side, its edge repeated.
    Translate,
    /// Levels of each channel merged: 64 are left at the lowest strength, 4 at the highest.
    Quantize,
}

const NOISE_LEVELS: f64 = 64.0;
const BLUR_PIXELS: f64 = 4.0;
const CONTRAST_LOSS: f64 = 0.9;
const BRIGHTNESS_LOSS: f64 = 0.8;
const CAST_LEVELS: f64 = 80.0;
const PIXELATE_OCTAVES: u32 = 4;
const TRANSLATE_SHARE: f64 = 0.125;
/// Merging fewer than two bits would drown in the rounding.
const QUANTIZE_BITS: [f64; 2] = [2.0, 6.0];

impl Distortion {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Noise,
        Self::Blur,
        Self::Contrast,
        Self::Brightness,
        Self::ColorCast,
        Self::Pixelate,
        Self::Translate,
        Self::Quantize,
    ];

    /// The name used in configs and splits: `noise`, `blur`, `contrast`, `brightness`, `color-cast`, `pixelate`,
    /// `translate`, `quantize`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Blur => "blur",
            Self::Contrast => "contrast",
            Self::Brightness => "brightness",
            Self::ColorCast => "color-cast",
            Self::Pixelate => "pixelate",
            Self::Translate => "translate",
            Self::Quantize => "quantize",
        }
    }

    /// The kind of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Distorts an image with a strength in [0, 1]. The seed draws noise and directions: two strengths with one seed
/// differ in nothing but strength.
///
/// Fails where the strength is not in [0, 1].
///
/// ```
/// # use lossnet_plugin_kit::image::{Image, distort::{Distortion, distort}};
/// let image = Image::rgb(2, 1, vec![200; 6])?;
/// assert_eq!(distort(&image, Distortion::Brightness, 0.5, 0)?.data(), [120; 6]);
/// # Ok::<(), lossnet_plugin_kit::image::ImageError>(())
/// ```
pub fn distort(image: &Image, kind: Distortion, strength: f64, seed: u64) -> Result<Image, ImageError> {
    if !(0.0..=1.0).contains(&strength) {
        let message = format!("a strength of {strength} is not in [0, 1]");
        return Err(ImageError::Argument { operation: "distorting", message });
    }
    if strength == 0.0 {
        return Ok(image.clone());
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    Ok(match kind {
        Distortion::Noise => noise(image, strength * NOISE_LEVELS, &mut random),
        Distortion::Blur => blur::gaussian(image, strength * BLUR_PIXELS),
        Distortion::Contrast => contrast(image, 1.0 - strength * CONTRAST_LOSS),
        Distortion::Brightness => {
            image.map_samples(|sample| to_level(f64::from(sample) * (1.0 - strength * BRIGHTNESS_LOSS)))
        }
        Distortion::ColorCast => color_cast(image, strength * CAST_LEVELS, random.random_range(0.0..TAU)),
        Distortion::Pixelate => partition::pixelate(image, strength * f64::from(PIXELATE_OCTAVES)),
        Distortion::Translate => {
            let distance = strength * TRANSLATE_SHARE * image.width().min(image.height()) as f64;
            let (sine, cosine) = random.random_range(0.0..TAU).sin_cos();
            translate(image, distance * cosine, distance * sine)
        }
        Distortion::Quantize => {
            let [least, most] = QUANTIZE_BITS;
            partition::quantize(image, least + strength * (most - least))
        }
    })
}

/// The nearest of the 256 levels.
fn to_level(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

fn noise(image: &Image, deviation: f64, random: &mut ChaCha8Rng) -> Image {
    let mut result = image.clone();
    for pair in result.data_mut().chunks_mut(2) {
        // Box and Muller (1958); 1 - u lies in (0, 1].
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        let (sine, cosine) = (random.random::<f64>() * TAU).sin_cos();
        for (sample, unit) in pair.iter_mut().zip([cosine, sine]) {
            *sample = to_level(f64::from(*sample) + deviation * radius * unit);
        }
    }
    result
}

fn contrast(image: &Image, factor: f64) -> Image {
    let grey = image.to_grey();
    let sum: f64 = grey.data().iter().map(|&sample| f64::from(sample)).sum();
    let mean = sum / grey.data().len() as f64;
    image.map_samples(|sample| to_level(mean + factor * (f64::from(sample) - mean)))
}

/// Adds the same zero-sum offset to every pixel of an RGB image; a grey one, which has no hue, becomes lighter or
/// darker by as much as the offset of its first channel.
fn color_cast(image: &Image, levels: f64, hue: f64) -> Image {
    let mut offsets = [0.0, 1.0, 2.0].map(|third| levels * (hue - third * TAU / 3.0).cos());
    if image.channels() == 1 {
        offsets[0] = levels.copysign(offsets[0]);
    }
    let mut result = image.clone();
    for pixel in result.data_mut().chunks_mut(image.channels()) {
        for (sample, offset) in pixel.iter_mut().zip(offsets) {
            *sample = to_level(f64::from(*sample) + offset);
        }
    }
    result
}

/// Moves by a number of pixels that need not be whole, with bilinear interpolation.
fn translate(image: &Image, right: f64, down: f64) -> Image {
    let channels = image.channels();
    let mut data = Vec::with_capacity(image.data().len());
    for y in 0..image.height() {
        let (upper, lower, below) = neighbours(y as f64 - down, image.height());
        let (upper, lower) = (image.row(upper), image.row(lower));
        for x in 0..image.width() {
            let (left, right, beside) = neighbours(x as f64 - right, image.width());
            for channel in 0..channels {
                let at = |row: &[u8], x: usize| f64::from(row[x * channels + channel]);
                let along = |row: &[u8]| at(row, left) * (1.0 - beside) + at(row, right) * beside;
                data.push(to_level(along(upper) * (1.0 - below) + along(lower) * below));
            }
        }
    }
    Image::from_parts(image.width(), image.height(), channels, data)
}

/// The two positions beside a point of an axis, kept inside it, and the weight of the second.
fn neighbours(position: f64, length: usize) -> (usize, usize, f64) {
    let inside = |position: f64| position.clamp(0.0, (length - 1) as f64) as usize;
    let below = position.floor();
    (inside(below), inside(below + 1.0), position - below)
}

#[cfg(test)]
mod tests;
