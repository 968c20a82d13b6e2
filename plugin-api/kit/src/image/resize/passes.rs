//! The two passes, arranged so that the compiler turns their inner loops into vector instructions.
//!
//! Both compute many outputs of one weight at a time: the vertical pass a run of samples along a row, the
//! horizontal pass one column of a block of rows, which is transposed to make those samples neighbours.

#![expect(clippy::inline_always, reason = "code gets pulp's vector instructions only where it is inlined")]

use super::kernel::{AxisWeights, FRACTION_BITS};
use crate::image::Image;
use std::ops::Range;

/// Samples computed together in the vertical pass.
const RUN: usize = 32;
/// Rows computed together in the horizontal pass.
const ROWS: usize = 32;

/// Resizes the rows of `rows` along the x axis; the result has just these rows.
pub(super) fn horizontal(image: &Image, columns: &AxisWeights, rows: Range<usize>) -> Image {
    let width = columns.len();
    let height = rows.len();
    let channels = image.channels();
    let stride = width * channels;
    let mut data = vec![0; stride * height];
    let mut scratch = Transposed { source: vec![[0; ROWS]; image.stride()], result: vec![[0; ROWS]; stride] };
    let source = &image.data()[rows.start * image.stride()..rows.end * image.stride()];
    pulp::Arch::new().dispatch(|| {
        let blocks = source.chunks(ROWS * image.stride()).zip(data.chunks_mut(ROWS * stride));
        for (source, result) in blocks {
            scratch.load(source, image.stride());
            scratch.weigh(columns, channels);
            scratch.store(result, stride);
        }
    });
    Image::from_parts(width, height, channels, data)
}

/// A block of rows, transposed: one entry per sample of a row, holding that sample of every row.
struct Transposed {
    source: Vec<[u8; ROWS]>,
    result: Vec<[u8; ROWS]>,
}

impl Transposed {
    #[inline(always)]
    fn load(&mut self, rows: &[u8], stride: usize) {
        for (y, row) in rows.chunks_exact(stride).enumerate() {
            for (column, &sample) in self.source.iter_mut().zip(row) {
                column[y] = sample;
            }
        }
    }

    #[inline(always)]
    fn weigh(&mut self, columns: &AxisWeights, channels: usize) {
        for (position, outputs) in self.result.chunks_exact_mut(channels).enumerate() {
            let (start, weights) = columns.at(position);
            for (channel, output) in outputs.iter_mut().enumerate() {
                let mut sums = [ROUNDING; ROWS];
                let samples = self.source[start * channels + channel..].iter().step_by(channels);
                for (samples, &weight) in samples.zip(weights) {
                    add_weighted(&mut sums, samples, weight);
                }
                *output = sums.map(to_sample);
            }
        }
    }

    #[inline(always)]
    fn store(&self, rows: &mut [u8], stride: usize) {
        for (y, row) in rows.chunks_exact_mut(stride).enumerate() {
            for (sample, column) in row.iter_mut().zip(&self.result) {
                *sample = column[y];
            }
        }
    }
}

/// Resizes along the y axis an image that lacks the first `skipped` rows of the one `rows` speaks of.
pub(super) fn vertical(image: &Image, skipped: usize, rows: &AxisWeights) -> Image {
    let stride = image.stride();
    let mut data = vec![0; stride * rows.len()];
    pulp::Arch::new().dispatch(|| {
        for (y, result) in data.chunks_exact_mut(stride).enumerate() {
            let (start, weights) = rows.at(y);
            weigh_rows(&image.data()[(start - skipped) * stride..], stride, weights, result);
        }
    });
    Image::from_parts(image.width(), rows.len(), image.channels(), data)
}

#[inline(always)]
fn weigh_rows(source: &[u8], stride: usize, weights: &[i32], result: &mut [u8]) {
    let (runs, rest) = result.as_chunks_mut::<RUN>();
    for (index, run) in runs.iter_mut().enumerate() {
        let mut sums = [ROUNDING; RUN];
        for (row, &weight) in source.chunks_exact(stride).zip(weights) {
            let samples: &[[u8; RUN]] = row.as_chunks().0;
            add_weighted(&mut sums, &samples[index], weight);
        }
        *run = sums.map(to_sample);
    }
    let first = stride - rest.len();
    for (offset, sample) in rest.iter_mut().enumerate() {
        let column = source.chunks_exact(stride).map(|row| i32::from(row[first + offset]));
        *sample =
            to_sample(ROUNDING + column.zip(weights).map(|(sample, weight)| sample * weight).sum::<i32>());
    }
}

/// Half a unit, so that cutting the fraction off rounds.
const ROUNDING: i32 = 1 << (FRACTION_BITS - 1);

#[inline(always)]
fn add_weighted<const N: usize>(sums: &mut [i32; N], samples: &[u8; N], weight: i32) {
    for (sum, &sample) in sums.iter_mut().zip(samples) {
        *sum += i32::from(sample) * weight;
    }
}

#[inline(always)]
fn to_sample(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}
