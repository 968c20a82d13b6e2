//! Resizing as published super-resolution results were made: like MATLAB's `imresize` with its default, bicubic
//! with antialiasing.

use super::kernel::cubic_weight;
use crate::image::{Image, ImageError};

/// Half the width of the cubic, in samples.
const SUPPORT: f64 = 2.0;

/// Resizes to `width` × `height` pixels with MATLAB-like bicubic interpolation.
///
/// The kernel is cubic convolution with a = -0.5 (R. Keys, "Cubic convolution interpolation for digital image
/// processing", 1981), widened where an axis shrinks. The rows are combined first (the height changes), then the
/// columns; each pass is computed in float64, rounded to the nearest of 256 levels (halves go up) and clipped.
/// Indices outside the image are clamped to its edge. So computed, shrinking by 4 gives the published
/// low-resolution images of Set5, Set14 and BSD100 bit for bit. MATLAB itself mirrors the image at its edge in newer
/// versions, and takes the axis that shrinks more first; that is not done here.
///
/// Fails where a side is zero, or the result would have more than [`MAX_PIXELS`](crate::image::MAX_PIXELS) pixels.
///
/// ```
/// # use lossnet_plugin_kit::image::{Image, matlab_resize};
/// let image = Image::grey(4, 1, vec![10, 10, 10, 10])?;
/// assert_eq!(matlab_resize(&image, 1, 2)?.data(), [10, 10]);
/// # Ok::<(), lossnet_plugin_kit::image::ImageError>(())
/// ```
pub fn matlab_resize(image: &Image, width: usize, height: usize) -> Result<Image, ImageError> {
    super::check_extent(width, height)?;
    let rows = vertical(image, &taps(image.height(), height));
    Ok(horizontal(&rows, &taps(image.width(), width)))
}

/// The input positions that one output sees, with their weights.
type Taps = Vec<(usize, f64)>;

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = to as f64 / from as f64;
    let narrowing = scale.min(1.0);
    let reach = SUPPORT / narrowing;
    let last = from as isize - 1;
    (0..to)
        .map(|position| {
            let center = (position as f64 + 0.5) / scale - 0.5;
            let (first, end) = ((center - reach).floor() as isize, (center + reach).ceil() as isize);
            let weights: Vec<(usize, f64)> = (first..=end)
                .map(|index| {
                    (index.clamp(0, last) as usize, cubic_weight((center - index as f64) * narrowing))
                })
                .filter(|(_, weight)| *weight != 0.0)
                .collect();
            let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
            weights.into_iter().map(|(index, weight)| (index, weight / total)).collect()
        })
        .collect()
}

fn vertical(image: &Image, rows: &[Taps]) -> Image {
    let stride = image.stride();
    let mut data = Vec::with_capacity(stride * rows.len());
    let mut sums = vec![0.0; stride];
    for taps in rows {
        sums.fill(0.0);
        for &(row, weight) in taps {
            for (sum, &sample) in sums.iter_mut().zip(image.row(row)) {
                *sum += weight * f64::from(sample);
            }
        }
        data.extend(sums.iter().map(|&sum| to_level(sum)));
    }
    Image::from_parts(image.width(), rows.len(), image.channels(), data)
}

fn horizontal(image: &Image, columns: &[Taps]) -> Image {
    let channels = image.channels();
    let mut data = Vec::with_capacity(image.height() * columns.len() * channels);
    for row in image.data().chunks_exact(image.stride()) {
        for taps in columns {
            for channel in 0..channels {
                let mut sum = 0.0;
                for &(column, weight) in taps {
                    sum += weight * f64::from(row[column * channels + channel]);
                }
                data.push(to_level(sum));
            }
        }
    }
    Image::from_parts(columns.len(), image.height(), channels, data)
}

/// The nearest of 256 levels. Halves go up, as MATLAB's integers round; negative ones are clipped anyway.
fn to_level(value: f64) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_areas_stay_and_steps_overshoot_within_the_levels() {
        let even = Image::rgb(8, 8, vec![77; 192]).unwrap();
        assert_eq!(matlab_resize(&even, 2, 20).unwrap(), Image::rgb(2, 20, vec![77; 120]).unwrap());
        let step = Image::grey(4, 1, vec![0, 0, 255, 255]).unwrap();
        let wide = matlab_resize(&step, 16, 1).unwrap();
        // 1/8 after the second sample, the two after it weigh 93/1024 and -7/1024: 86/1024 of 255 are 21.4.
        assert_eq!(wide.data()[4..12], [0, 0, 21, 88, 167, 234, 255, 255]);
    }

    #[test]
    fn the_same_size_is_the_same_image() {
        let image = Image::rgb(5, 3, (0..45).map(|value| value * 5).collect()).unwrap();
        assert_eq!(matlab_resize(&image, 5, 3).unwrap(), image);
        assert!(matlab_resize(&image, 0, 3).is_err());
    }
}
