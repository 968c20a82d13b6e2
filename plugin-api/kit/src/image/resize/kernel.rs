//! Filter shapes and the fixed-point weights that they give each output sample.

use std::f64::consts::PI;
use std::ops::Range;

/// Resampling filters, by Pillow's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The one sample that lies under the centre. No antialiasing.
    Nearest,
    /// The mean of the samples under the output sample.
    Box,
    /// Triangle, one sample to each side.
    Bilinear,
    /// Hamming-windowed sinc, one sample to each side.
    Hamming,
    /// Cubic convolution with a = -0.5 (Keys 1981), two samples to each side.
    Bicubic,
    /// Lanczos-windowed sinc, three samples to each side.
    Lanczos,
}

impl Filter {
    /// All filters.
    pub const ALL: [Self; 6] =
        [Self::Nearest, Self::Box, Self::Bilinear, Self::Hamming, Self::Bicubic, Self::Lanczos];

    /// The name used in configs: `nearest`, `box`, `bilinear`, `hamming`, `bicubic`, `lanczos`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Box => "box",
            Self::Bilinear => "bilinear",
            Self::Hamming => "hamming",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
        }
    }

    /// The filter of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.name() == name)
    }

    /// The filter as a function; `None` for [`Filter::Nearest`], which has no extent.
    pub(super) fn shape(self) -> Option<Shape> {
        let (support, weight): (f64, fn(f64) -> f64) = match self {
            Self::Nearest => return None,
            Self::Box => (0.5, box_weight),
            Self::Bilinear => (1.0, triangle_weight),
            Self::Hamming => (1.0, hamming_weight),
            Self::Bicubic => (2.0, cubic_weight),
            Self::Lanczos => (3.0, lanczos_weight),
        };
        Some(Shape { support, weight })
    }
}

/// A filter function and the distance from its centre beyond which it is zero.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    support: f64,
    weight: fn(f64) -> f64,
}

fn box_weight(x: f64) -> f64 {
    // Half open, so that a sample on the border of two outputs counts once.
    if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }
}

fn triangle_weight(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn hamming_weight(x: f64) -> f64 {
    let x = x.abs();
    if x == 0.0 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let angle = x * PI;
    angle.sin() / angle * (0.54 + 0.46 * angle.cos())
}

/// In Horner form as Pillow has it: another form rounds differently.
pub(super) fn cubic_weight(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let angle = x * PI;
    angle.sin() / angle
}

fn lanczos_weight(x: f64) -> f64 {
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// Fractional bits of a weight: 32, less 8 for the sample, less 2 for sums that overshoot.
pub(super) const FRACTION_BITS: u32 = 32 - 8 - 2;

/// For each output position along one axis, the first input sample it sees and that sample's and its
/// followers' weights.
pub(super) struct AxisWeights {
    starts: Vec<usize>,
    /// Where the weights of each output begin in `weights`; one entry more than there are outputs.
    bounds: Vec<usize>,
    weights: Vec<i32>,
}

impl AxisWeights {
    pub(super) fn new(from: usize, to: usize, shape: Shape) -> Self {
        let scale = from as f64 / to as f64;
        let widening = scale.max(1.0);
        let support = shape.support * widening;
        let narrowing = 1.0 / widening;

        let mut axis = Self { starts: Vec::with_capacity(to), bounds: vec![0], weights: Vec::new() };
        let mut exact = Vec::new();
        for position in 0..to {
            let center = (position as f64 + 0.5) * scale;
            // Casts to integers truncate towards zero and saturate at it, as is wanted at the left border.
            let start = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            exact.clear();
            exact.extend((start..end).map(|x| (shape.weight)((x as f64 - center + 0.5) * narrowing)));
            let total: f64 = exact.iter().sum();
            let normalized = exact.iter().map(|weight| if total == 0.0 { *weight } else { weight / total });
            axis.weights.extend(normalized.map(to_fixed_point));
            axis.starts.push(start);
            axis.bounds.push(axis.weights.len());
        }
        axis
    }

    /// Number of outputs.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The first input sample that output `position` sees, and the weights from there on.
    pub(super) fn at(&self, position: usize) -> (usize, &[i32]) {
        (self.starts[position], &self.weights[self.bounds[position]..self.bounds[position + 1]])
    }

    /// The input samples that any output sees.
    pub(super) fn source_range(&self) -> Range<usize> {
        let last = self.len() - 1;
        let (start, weights) = self.at(last);
        self.starts[0]..start + weights.len()
    }
}

fn to_fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << FRACTION_BITS);
    (scaled + 0.5_f64.copysign(scaled)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_each_output_sum_to_one() {
        for filter in Filter::ALL {
            let Some(shape) = filter.shape() else { continue };
            for (from, to) in [(7, 3), (3, 7), (100, 1), (1, 100), (64, 63)] {
                let axis = AxisWeights::new(from, to, shape);
                for position in 0..to {
                    let (start, weights) = axis.at(position);
                    let sum: i64 = weights.iter().copied().map(i64::from).sum();
                    // Each weight is off by at most half a unit.
                    assert!(
                        (sum - (1 << FRACTION_BITS)).abs() <= weights.len() as i64,
                        "{filter:?} {from}->{to}"
                    );
                    assert!(start + weights.len() <= from);
                }
            }
        }
    }

    #[test]
    fn names_lead_back_to_their_filters() {
        for filter in Filter::ALL {
            assert_eq!(Filter::from_name(filter.name()), Some(filter));
        }
        assert_eq!(Filter::from_name("cubic"), None);
    }
}
