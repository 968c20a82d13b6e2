//! Many values: a radix sort of their bits. The zeros that rectified features are full of are only counted.

/// Channels sorted together: their values at one position share a cache line.
const TOGETHER: usize = 16;

/// Fewer values than this are sorted by comparing.
const RADIX_FROM: usize = 128;

/// Number of values of one digit, a byte.
const DIGITS: usize = 256;

/// Memory for the channels that are sorted together.
#[derive(Debug)]
pub(crate) struct Sorter {
    positions: usize,
    /// Sort keys of the values that are not zero, channel after channel.
    keys: Vec<u32>,
    spare: Vec<u32>,
    sorted: Vec<f32>,
}

impl Sorter {
    pub(super) fn new(positions: usize) -> Self {
        let size = positions * TOGETHER;
        Sorter { positions, keys: vec![0; size], spare: vec![0; positions], sorted: vec![0.0; size] }
    }

    pub(super) fn sort_sample(&mut self, sample: &mut [f32], channels: usize) {
        for first in (0..channels).step_by(TOGETHER) {
            let last = channels.min(first + TOGETHER);
            self.sort_group(sample, channels, first..last);
        }
    }

    fn sort_group(&mut self, sample: &mut [f32], channels: usize, group: std::ops::Range<usize>) {
        let mut counts = [0_usize; TOGETHER];
        for position in sample.chunks_exact(channels) {
            let rows = self.keys.chunks_exact_mut(self.positions);
            for ((value, row), count) in position[group.clone()].iter().zip(rows).zip(&mut counts) {
                row[*count] = key(*value);
                *count += usize::from(*value != 0.0);
            }
        }
        let rows =
            self.keys.chunks_exact_mut(self.positions).zip(self.sorted.chunks_exact_mut(self.positions));
        for ((row, sorted), count) in rows.zip(counts).take(group.len()) {
            let keys = &mut row[..count];
            sort_keys(keys, &mut self.spare[..count]);
            // The zeros come back between the negative and the positive values.
            let below = keys.partition_point(|&other| other < key(0.0));
            let above = self.positions - (count - below);
            let (negative, positive) = keys.split_at(below);
            sorted[..below].iter_mut().zip(negative).for_each(|(to, &key)| *to = value(key));
            sorted[below..above].fill(0.0);
            sorted[above..].iter_mut().zip(positive).for_each(|(to, &key)| *to = value(key));
        }
        for (index, position) in sample.chunks_exact_mut(channels).enumerate() {
            let rows = self.sorted.chunks_exact(self.positions);
            position[group.clone()].iter_mut().zip(rows).for_each(|(to, row)| *to = row[index]);
        }
    }
}

/// A number that is the larger, the larger the value is; the largest of all for NaN.
fn key(value: f32) -> u32 {
    let bits = if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() };
    // All bits of negative values are turned round, and the sign of the others.
    bits ^ (((bits.cast_signed() >> 31).cast_unsigned()) | (1 << 31))
}

/// The value of a [`key`].
fn value(key: u32) -> f32 {
    let turned = ((!key).cast_signed() >> 31).cast_unsigned() | (1 << 31);
    f32::from_bits(key ^ turned)
}

/// Sorts ascending: from the lowest byte to the highest, each time keeping the order of equals.
fn sort_keys(keys: &mut [u32], spare: &mut [u32]) {
    if keys.len() < RADIX_FROM {
        keys.sort_unstable();
        return;
    }
    let mut counts = [[0_u32; DIGITS]; 4];
    for key in keys.iter() {
        for (digit, counts) in key.to_le_bytes().into_iter().zip(&mut counts) {
            counts[usize::from(digit)] += 1;
        }
    }
    let (mut from, mut to) = (&mut *keys, &mut *spare);
    let mut swapped = false;
    for (digit, counts) in counts.iter_mut().enumerate() {
        let all = from.len() as u32;
        if counts.contains(&all) {
            continue;
        }
        let mut next = 0;
        for count in counts.iter_mut() {
            next += std::mem::replace(count, next);
        }
        for &key in from.iter() {
            let place = &mut counts[usize::from(key.to_le_bytes()[digit])];
            to[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
        swapped = !swapped;
    }
    if swapped {
        to.copy_from_slice(from);
    }
}
