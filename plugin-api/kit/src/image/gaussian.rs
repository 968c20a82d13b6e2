//! Gaussian blur as Pillow computes it.

use super::{Image, ImageError};

/// Box blurs one after the other along each axis.
const PASSES: usize = 3;
/// Fractional bits of a weight.
const FRACTION_BITS: u32 = 24;
/// Boxes this wide are as wide as the largest images.
const LARGEST_RADIUS: f64 = 65536.0;

/// Blurs with a Gaussian of standard deviation `radius` pixels: bit-exact with `PIL.ImageFilter.GaussianBlur(radius)`.
///
/// Pillow's method: three box blurs along the rows, then three along the columns, each rounded to 8 bits. The boxes
/// have a fractional width that gives the variance asked for (P. Gwosdek et al., "Theoretical foundations of Gaussian
/// convolution by extended box filtering", 2011). The edge pixels are repeated outside.
///
/// Fails where the radius is negative, no number, or above 65536.
///
/// ```
/// # use lossnet_plugin_kit::image::{Image, gaussian_blur};
/// let image = Image::grey(5, 1, vec![0, 0, 255, 0, 0])?;
/// assert_eq!(gaussian_blur(&image, 0.0)?, image);
/// assert_eq!(gaussian_blur(&image, 1.0)?.data(), [15, 60, 103, 60, 15]);
/// # Ok::<(), lossnet_plugin_kit::image::ImageError>(())
/// ```
pub fn gaussian_blur(image: &Image, radius: f64) -> Result<Image, ImageError> {
    if !(0.0..=LARGEST_RADIUS).contains(&radius) {
        let message = format!("a radius of {radius} pixels is not in [0, {LARGEST_RADIUS}]");
        return Err(ImageError::Argument { operation: "blurring", message });
    }
    let kernel = BoxKernel::new(radius);
    if kernel.is_identity() {
        return Ok(image.clone());
    }
    let mut result = image.clone();
    let (width, height, channels) = (image.width(), image.height(), image.channels());
    let stride = image.stride();
    kernel.blur(
        result.data_mut(),
        &Lines { count: height, apart: stride, length: width, step: channels },
        channels,
    );
    kernel.blur(
        result.data_mut(),
        &Lines { count: width, apart: channels, length: height, step: stride },
        channels,
    );
    Ok(result)
}

/// A box of `2 * whole + 1` samples of the same weight and one more of a smaller weight at each end.
struct BoxKernel {
    whole: usize,
    weight: u32,
    end_weight: u32,
}

impl BoxKernel {
    /// In single precision where Pillow computes so, for the same weights to the last bit.
    fn new(radius: f64) -> Self {
        let radius = radius as f32;
        let variance = radius * radius / PASSES as f32;
        let length = (12.0 * f64::from(variance) + 1.0).sqrt() as f32;
        let whole = ((f64::from(length) - 1.0) / 2.0).floor() as f32;
        let share = (2.0 * whole + 1.0) * (whole * (whole + 1.0) - 3.0 * variance)
            / (6.0 * (variance - (whole + 1.0) * (whole + 1.0)));
        let box_radius = whole + share;
        let whole = box_radius as usize;
        let unit = 1u32 << FRACTION_BITS;
        let weight = (unit as f32 / (box_radius * 2.0 + 1.0)) as u32;
        Self { whole, weight, end_weight: (unit - (2 * whole as u32 + 1) * weight) / 2 }
    }

    fn is_identity(&self) -> bool {
        self.whole == 0 && self.end_weight == 0
    }

    /// Blurs all lines in place, each as often as there are passes.
    fn blur(&self, samples: &mut [u8], lines: &Lines, channels: usize) {
        let margin = self.whole + 1;
        let mut padded = vec![0; lines.length + 2 * margin];
        for line in 0..lines.count {
            for channel in 0..channels {
                let first = line * lines.apart + channel;
                for (position, value) in padded[margin..margin + lines.length].iter_mut().enumerate() {
                    *value = u32::from(samples[first + position * lines.step]);
                }
                for _ in 0..PASSES {
                    self.blur_line(&mut padded, lines.length);
                }
                for (position, value) in padded[margin..margin + lines.length].iter().enumerate() {
                    samples[first + position * lines.step] = *value as u8;
                }
            }
        }
    }

    /// One pass over a line that has a margin of `whole + 1` samples on both sides.
    fn blur_line(&self, padded: &mut [u32], length: usize) {
        let (margin, width) = (self.whole + 1, 2 * self.whole + 1);
        let (first, last) = (padded[margin], padded[margin + length - 1]);
        padded[..margin].fill(first);
        padded[margin + length..].fill(last);
        // The box moves along; what has left it is overwritten only after it was subtracted.
        let mut sum: u32 = padded[1..=width].iter().sum();
        let mut before = padded[0];
        for position in 0..length {
            let leaving = padded[position + 1];
            let entering = padded[position + width + 1];
            let total = sum * self.weight + (before + entering) * self.end_weight;
            sum = sum + entering - leaving;
            before = leaving;
            padded[position] = (total + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS;
        }
        padded.copy_within(0..length, margin);
    }
}

/// How the lines along one axis lie in memory.
struct Lines {
    count: usize,
    /// From one line to the next.
    apart: usize,
    length: usize,
    /// From one pixel of a line to the next.
    step: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_have_the_variance_asked_for() {
        for radius in [0.3, 0.5, 1.0, 2.0, 7.5] {
            let kernel = BoxKernel::new(radius);
            let unit = f64::from(1u32 << FRACTION_BITS);
            let (inner, outer) = (f64::from(kernel.weight) / unit, f64::from(kernel.end_weight) / unit);
            let whole = kernel.whole as f64;
            assert!((inner * (2.0 * whole + 1.0) + 2.0 * outer - 1.0).abs() < 1e-6, "{radius}");
            let squares: f64 = (1..=kernel.whole).map(|n| 2.0 * (n * n) as f64).sum();
            let variance = 3.0 * (inner * squares + 2.0 * outer * (whole + 1.0).powi(2));
            assert!((variance.sqrt() - radius).abs() < 1e-4 * radius, "{radius}: {}", variance.sqrt());
        }
    }

    #[test]
    fn impossible_radii_are_refused() {
        let image = Image::grey(1, 1, vec![7]).unwrap();
        for radius in [-1.0, f64::NAN, 1e9] {
            assert!(gaussian_blur(&image, radius).is_err(), "{radius}");
        }
        // Boxes far wider than the image keep the overflow in mind.
        assert_eq!(gaussian_blur(&image, 60000.0).unwrap().data(), [7]);
    }
}
