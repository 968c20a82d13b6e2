//! Sorts the values of every channel, for features that need no gradient.
//!
//! libtorch's sort also finds where each value came from, which only differentiation needs, and takes most of the time
//! of a comparison. Here values alone are sorted, several channels at a time, each in a lane of the vector unit.

mod network;
mod radix;

use crate::rows::Shape;

/// More values than this in a channel are sorted by their bits: a network's passes grow faster than its length.
const NETWORK_UP_TO: usize = 2048;

/// Sorts samples of one shape.
#[derive(Debug)]
pub(crate) enum Sorter {
    Network(network::Sorter, Shape),
    Radix(radix::Sorter, Shape),
}

impl Sorter {
    pub(crate) fn new(shape: Shape) -> Sorter {
        if shape.positions <= NETWORK_UP_TO {
            Sorter::Network(network::Sorter::new(shape.positions), shape)
        } else {
            Sorter::Radix(radix::Sorter::new(shape.positions), shape)
        }
    }

    /// Sorts each channel of a sample that lies position by position (H×W×C) ascending, NaN last.
    pub(crate) fn sort(&mut self, sample: &mut [f32]) {
        match self {
            Sorter::Network(sorter, shape) => sorter.sort_sample(sample, shape.channels),
            Sorter::Radix(sorter, shape) => sorter.sort_sample(sample, shape.channels),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lossnet_plugin_api::protocol::formula::uniform;

    use super::*;

    /// The same by comparing, channel by channel.
    fn expected(values: &[f32], positions: usize, channels: usize) -> Vec<f32> {
        let mut all = values.to_vec();
        for sample in all.chunks_exact_mut(positions * channels) {
            for channel in 0..channels {
                let mut column: Vec<f32> = sample.iter().skip(channel).step_by(channels).copied().collect();
                column.sort_by(|a, b| a.partial_cmp(b).unwrap());
                for (index, value) in column.into_iter().enumerate() {
                    sample[index * channels + channel] = value;
                }
            }
        }
        all
    }

    #[test]
    fn every_channel_is_sorted_whatever_its_size_sign_and_share_of_zeros() {
        for (samples, positions, channels) in
            [(1, 1, 1), (3, 9, 20), (2, 127, 3), (2, 128, 16), (5, 1024, 33), (1, 2047, 9), (3, 2500, 17)]
        {
            let count = samples * positions * channels;
            let signed: Vec<f32> = uniform(3, "sort", count).map(|value| value * 40.0).collect();
            let rectified: Vec<f32> = signed.iter().map(|value| value.max(0.0)).collect();
            let negative: Vec<f32> = signed.iter().map(|value| value.min(0.0)).collect();
            let coarse: Vec<f32> = signed.iter().map(|value| (value / 10.0).round()).collect();
            for values in [signed, rectified, negative, coarse] {
                let mut ours = values.clone();
                let mut sorter = Sorter::new(Shape { positions, channels });
                ours.chunks_exact_mut(positions * channels).for_each(|sample| sorter.sort(sample));
                assert_eq!(ours, expected(&values, positions, channels));
            }
        }
    }

    #[test]
    fn extremes_keep_their_order_and_nan_comes_last() {
        let extremes = [
            f32::NAN,
            1.0,
            f32::INFINITY,
            -f32::NAN,
            f32::MIN_POSITIVE,
            0.0,
            -1e-45,
            f32::NEG_INFINITY,
            f32::MAX,
        ];
        let ordered = [f32::NEG_INFINITY, -1e-45, 0.0, f32::MIN_POSITIVE, 1.0, f32::MAX, f32::INFINITY];
        // Few values, and so many that they are sorted in the other way.
        for positions in [9, NETWORK_UP_TO + 1] {
            let mut values = vec![f32::MIN; positions];
            values[..9].copy_from_slice(&extremes);
            Sorter::new(Shape { positions, channels: 1 }).sort(&mut values);
            let end = positions - 8;
            assert_eq!(values[0], f32::NEG_INFINITY);
            assert_eq!(values[end..positions - 2], ordered[1..]);
            assert!(values[positions - 2].is_nan() && values[positions - 1].is_nan());
        }
    }
}
