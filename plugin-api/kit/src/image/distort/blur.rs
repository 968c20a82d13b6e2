//! Gaussian blur: its discrete analogue (T. Lindeberg, "Scale-space for discrete signals", 1990), which keeps the
//! stated deviation, and damps every frequency more the wider it is, down to blurs narrower than a pixel.

use super::to_level;
use crate::image::Image;

/// Blurs with this standard deviation in pixels, above 0; the image is mirrored at its edges. Rounded once, at the end.
pub(super) fn gaussian(image: &Image, deviation: f64) -> Image {
    let kernel = kernel(deviation);
    let channels = image.channels();
    let (width, height) = (image.width(), image.height());
    let samples: Vec<f64> = image.data().iter().map(|&sample| f64::from(sample)).collect();
    let across = along(
        &samples,
        &kernel,
        &Axis { lines: height, length: width, line: width * channels, step: channels },
        channels,
    );
    let down = along(
        &across,
        &kernel,
        &Axis { lines: width, length: height, line: channels, step: width * channels },
        channels,
    );
    Image::from_parts(width, height, channels, down.into_iter().map(to_level).collect())
}

/// Weights of offsets 0, 1, 2 … that sum to 1 with their mirror images: exp(-t) I_n(t) with t the variance and I_n
/// the modified Bessel functions. A sampled Gaussian would be no blur at all where it is narrower than a pixel.
fn kernel(deviation: f64) -> Vec<f64> {
    let reach = 2 + (5.0 * deviation).ceil() as usize;
    let variance = deviation * deviation;
    let weights: Vec<f64> = (0..=reach).map(|order| bessel(order, variance)).collect();
    let total = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// The modified Bessel function of the first kind by its power series.
fn bessel(order: usize, argument: f64) -> f64 {
    let half = argument / 2.0;
    let mut term: f64 = (1..=order).map(|k| half / k as f64).product();
    let mut sum = 0.0;
    for k in 1.. {
        sum += term;
        term *= half * half / (k * (k + order)) as f64;
        if term <= sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// How the lines along one axis lie in memory.
struct Axis {
    lines: usize,
    length: usize,
    /// From one line to the next.
    line: usize,
    /// From one pixel of a line to the next.
    step: usize,
}

fn along(samples: &[f64], kernel: &[f64], axis: &Axis, channels: usize) -> Vec<f64> {
    let mut result = vec![0.0; samples.len()];
    for line in 0..axis.lines {
        for channel in 0..channels {
            let place = |position: usize| line * axis.line + position * axis.step + channel;
            for position in 0..axis.length {
                let mut sum = samples[place(position)] * kernel[0];
                for (offset, weight) in kernel.iter().enumerate().skip(1) {
                    let before = mirrored(position as isize - offset as isize, axis.length);
                    let after = mirrored((position + offset) as isize, axis.length);
                    sum += weight * (samples[place(before)] + samples[place(after)]);
                }
                result[place(position)] = sum;
            }
        }
    }
    result
}

/// The position inside, reflected at both ends with the edge pixel repeated.
fn mirrored(position: isize, length: usize) -> usize {
    let wrapped = position.rem_euclid(2 * length as isize) as usize;
    if wrapped < length { wrapped } else { 2 * length - 1 - wrapped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_at_both_ends_as_often_as_needed() {
        let positions: Vec<usize> = (-7..7).map(|position| mirrored(position, 3)).collect();
        assert_eq!(positions, [0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
    }

    #[test]
    fn the_variance_is_the_stated_one() {
        for deviation in [0.05f64, 0.7, 4.0] {
            let kernel = kernel(deviation);
            let moment: f64 =
                kernel.iter().enumerate().map(|(n, weight)| 2.0 * weight * (n * n) as f64).sum();
            assert!((moment / deviation.powi(2) - 1.0).abs() < 1e-4, "{deviation}: {moment}");
        }
    }

    #[test]
    fn a_point_becomes_a_gaussian() {
        let mut image = Image::grey(41, 41, vec![0; 41 * 41]).unwrap();
        image.data_mut()[20 * 41 + 20] = 255;
        let blurred = gaussian(&image, 1.0);
        // exp(-1) I_n(1) is 0.46576, 0.20791, 0.04994 for n = 0, 1, 2 (Abramowitz and Stegun, table 9.8).
        assert_eq!(blurred.pixel(20, 20), [55]);
        assert_eq!(blurred.pixel(21, 20), [25]);
        assert_eq!(blurred.pixel(19, 21), [11]);
        assert_eq!(blurred.pixel(20, 22), [6]);
        assert_eq!(blurred.pixel(30, 20), [0]);
    }
}
