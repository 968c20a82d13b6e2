//! Rotation, scaling and translation by nearest neighbour, with black outside.

use super::Extent;

/// The 2×2 matrix that leads from a pixel of the result to the one of the image that it shows, both relative to the
/// centre: x of x and y, then y of x and y.
pub(super) type Inverse = [f64; 4];

/// Counter-clockwise as seen, with y downwards.
pub(super) fn rotation(degrees: f64) -> Inverse {
    let (sine, cosine) = (-degrees).to_radians().sin_cos();
    [cosine, sine, -sine, cosine]
}

pub(super) fn scaling(scale: f64) -> Inverse {
    let inverse = 1.0 / scale;
    [inverse, 0.0, 0.0, inverse]
}

/// Takes for each pixel the one nearest to its origin.
///
/// In single precision and with torchvision's steps (a grid in units of half the side, then pixels again): which of two
/// pixels is nearer is decided by the last bit where an origin lies between them.
pub(super) fn affine(samples: &[f32], extent: Extent, inverse: Inverse) -> Vec<f32> {
    let (width, height) = (extent.width as f32, extent.height as f32);
    let to_grid = |value: f64, side: f32| value as f32 / (0.5 * side);
    let across = [to_grid(inverse[0], width), to_grid(inverse[1], width)];
    let down = [to_grid(inverse[2], height), to_grid(inverse[3], height)];
    let mut result = vec![0.0; samples.len()];
    for row in 0..extent.height {
        let y = row as f32 + (0.5 - 0.5 * height);
        for column in 0..extent.width {
            let x = column as f32 + (0.5 - 0.5 * width);
            let from_column = nearest(x * across[0] + y * across[1], extent.width);
            let from_row = nearest(x * down[0] + y * down[1], extent.height);
            let (Some(from_column), Some(from_row)) = (from_column, from_row) else { continue };
            let (origin, pixel) = (from_row * extent.width + from_column, row * extent.width + column);
            for channel in (0..samples.len()).step_by(extent.plane()) {
                result[channel + pixel] = samples[channel + origin];
            }
        }
    }
    result
}

/// The sample nearest to a grid position, of which -1 and 1 are the outer borders of the first and the last.
fn nearest(grid: f32, side: usize) -> Option<usize> {
    let position = ((grid + 1.0) * (side as f32 * 0.5) - 0.5).round_ties_even();
    (position >= 0.0 && position < side as f32).then_some(position as usize)
}

pub(super) fn translate(samples: &[f32], extent: Extent, right: i64, down: i64) -> Vec<f32> {
    let mut result = vec![0.0; samples.len()];
    let (Some((from_x, to_x)), Some((from_y, to_y))) =
        (overlap(right, extent.width), overlap(down, extent.height))
    else {
        return result;
    };
    let (width, length) = (extent.width, extent.width - from_x.max(to_x));
    for (plane, moved) in samples.chunks_exact(extent.plane()).zip(result.chunks_exact_mut(extent.plane())) {
        for row in 0..extent.height - from_y.max(to_y) {
            let source = &plane[(from_y + row) * width + from_x..][..length];
            moved[(to_y + row) * width + to_x..][..length].copy_from_slice(source);
        }
    }
    result
}

/// Where what stays inside begins: in the image and in the result.
fn overlap(shift: i64, side: usize) -> Option<(usize, usize)> {
    let distance = usize::try_from(shift.unsigned_abs()).ok().filter(|distance| *distance < side)?;
    Some(if shift < 0 { (distance, 0) } else { (0, distance) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        // Grid positions of the samples' borders in a row of four, and of their middles.
        let borders = [-1.0, -0.5, 0.0, 0.5, 1.0].map(|grid| nearest(grid, 4));
        assert_eq!(borders, [Some(0), Some(0), Some(2), Some(2), None]);
        let middles = [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25].map(|grid| nearest(grid, 4));
        assert_eq!(middles, [None, Some(0), Some(1), Some(2), Some(3), None]);
        assert_eq!([-1e30, 1e30, f32::NAN].map(|grid| nearest(grid, 4)), [None; 3]);
    }
}
