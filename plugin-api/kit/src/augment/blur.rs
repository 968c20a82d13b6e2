//! Gaussian blur with a kernel of fixed extent.

use super::Extent;
use lossnet_plugin_api::PluginError;

/// Columns and rows of the kernel to each side of its middle.
const REACH: [usize; 2] = [5, 10];

/// Mirrored at the edges without repeating them. One pass along each axis: torchvision's single pass with the product of
/// both kernels gives the same up to rounding.
pub(super) fn gaussian(samples: &[f32], extent: Extent, sigma: f64) -> Result<Vec<f32>, PluginError> {
    let Extent { width, height, .. } = extent;
    if width <= REACH[0] || height <= REACH[1] {
        return Err(PluginError::input(format!(
            "an image of {width}×{height} pixels is too small for the augmentation blur, which needs at least {}×{}",
            REACH[0] + 1,
            REACH[1] + 1
        )));
    }
    let [across, down] = REACH.map(|reach| kernel(reach, sigma));
    let mut result = Vec::with_capacity(samples.len());
    let mut rows = vec![0.0; extent.plane()];
    let mut padded = vec![0.0; width + 2 * REACH[0]];
    let mut sums = vec![0.0; width];
    for plane in samples.chunks_exact(extent.plane()) {
        for (source, row) in plane.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
            for (position, sample) in padded.iter_mut().enumerate() {
                *sample = source[mirrored(position, REACH[0], width)];
            }
            row.fill(0.0);
            for (offset, &weight) in across.iter().enumerate() {
                add_weighted(row, &padded[offset..offset + width], weight);
            }
        }
        for y in 0..height {
            sums.fill(0.0);
            for (offset, &weight) in down.iter().enumerate() {
                let row = mirrored(y + offset, REACH[1], height);
                add_weighted(&mut sums, &rows[row * width..(row + 1) * width], weight);
            }
            result.extend_from_slice(&sums);
        }
    }
    Ok(result)
}

fn add_weighted(sums: &mut [f32], samples: &[f32], weight: f32) {
    for (sum, sample) in sums.iter_mut().zip(samples) {
        *sum += weight * sample;
    }
}

/// The position inside that stands at `position` of an axis with `margin` mirrored positions at each end.
fn mirrored(position: usize, margin: usize, length: usize) -> usize {
    if position < margin {
        margin - position
    } else if position < margin + length {
        position - margin
    } else {
        2 * (length - 1) + margin - position
    }
}

/// Samples of the Gaussian at -reach..=reach that sum to 1.
fn kernel(reach: usize, sigma: f64) -> Vec<f32> {
    let at = |position: usize| (-0.5 * ((position as f64 - reach as f64) / sigma).powi(2)).exp();
    let exact: Vec<f64> = (0..=2 * reach).map(at).collect();
    let total: f64 = exact.iter().sum();
    exact.into_iter().map(|weight| (weight / total) as f32).collect()
}
