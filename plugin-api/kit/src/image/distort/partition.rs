//! Pixelation and quantization: samples replaced by the means of the cells of a partition.
//!
//! Partitions are nested, each cell of one lying in a cell of the next coarser one. The mean over a cell is an
//! orthogonal projection, so errors grow with coarseness, and the way from one partition to the next can be
//! travelled gradually by mixing their two results.

use super::to_level;
use crate::image::Image;

/// Blocks of side 2^`octaves` from the upper left corner on; a fraction mixes the two sides next to it.
pub(super) fn pixelate(image: &Image, octaves: f64) -> Image {
    let channels = image.channels();
    let (width, height) = (image.width(), image.height());
    by_levels(image, octaves, |level| {
        let across = width.div_ceil(1 << level);
        let cells = across * height.div_ceil(1 << level) * channels;
        let cell = move |index: usize| {
            let (pixel, channel) = (index / channels, index % channels);
            let (x, y) = (pixel % width, pixel / width);
            ((y >> level) * across + (x >> level)) * channels + channel
        };
        means(image, cells, cell)
    })
}

/// Runs of 2^`bits` levels of each channel replaced by the mean of the samples in them; a fraction mixes the two
/// numbers of bits next to it.
pub(super) fn quantize(image: &Image, bits: f64) -> Image {
    let channels = image.channels();
    by_levels(image, bits, |level| {
        let cell = |index: usize| usize::from(image.data()[index] >> level) * channels + index % channels;
        means(image, 256 * channels, cell)
    })
}

fn by_levels(image: &Image, level: f64, at: impl Fn(u32) -> Vec<f64>) -> Image {
    let (whole, share) = (level.floor(), level.fract());
    let fine = at(whole as u32);
    let data = if share == 0.0 {
        fine.into_iter().map(to_level).collect()
    } else {
        let coarse = at(whole as u32 + 1);
        fine.iter()
            .zip(coarse)
            .map(|(fine, coarse)| to_level(fine * (1.0 - share) + coarse * share))
            .collect()
    };
    Image::from_parts(image.width(), image.height(), image.channels(), data)
}

/// For each sample the mean over its cell.
fn means(image: &Image, cells: usize, cell: impl Fn(usize) -> usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); cells];
    for (index, &sample) in image.data().iter().enumerate() {
        let (sum, count) = &mut sums[cell(index)];
        *sum += f64::from(sample);
        *count += 1.0;
    }
    let mean = |index| {
        let (sum, count) = sums[cell(index)];
        sum / count
    };
    (0..image.data().len()).map(mean).collect()
}
