//! Few values: a sorting network, Batcher's merge exchange (Knuth, The Art of Computer Programming, volume 3, algorithm
//! 5.2.2M), which compares the same positions whatever the values are. So each lane of a vector sorts a channel of its own.
#![expect(clippy::inline_always, reason = "code gets pulp's vector instructions only where it is inlined")]

/// Channels sorted together.
const LANES: usize = 8;

/// The keys of one position's values.
type Row = [i32; LANES];

/// Memory for the channels that are sorted together.
#[derive(Debug)]
pub(crate) struct Sorter {
    rows: Vec<Row>,
    arch: pulp::Arch,
}

impl Sorter {
    pub(super) fn new(positions: usize) -> Self {
        Sorter { rows: vec![[0; LANES]; positions], arch: pulp::Arch::new() }
    }

    pub(super) fn sort_sample(&mut self, sample: &mut [f32], channels: usize) {
        self.arch.dispatch(SortSample { rows: &mut self.rows, sample, channels });
    }
}

/// What is compiled for the machine's vector unit. A closure in its place is not inlined, which it must be for that.
struct SortSample<'a> {
    rows: &'a mut [Row],
    sample: &'a mut [f32],
    channels: usize,
}

impl pulp::NullaryFnOnce for SortSample<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for first in (0..self.channels).step_by(LANES) {
            sort_group(self.rows, self.sample, self.channels, first);
        }
    }
}

#[inline(always)]
fn sort_group(rows: &mut [Row], sample: &mut [f32], channels: usize, first: usize) {
    for (index, row) in rows.iter_mut().enumerate() {
        let values = &sample[index * channels + first..(index + 1) * channels];
        match values.first_chunk::<LANES>() {
            Some(values) => *row = values.map(key_of),
            None => (0..values.len()).for_each(|lane| row[lane] = key_of(values[lane])),
        }
    }
    sort(rows);
    for (index, row) in rows.iter().enumerate() {
        let values = &mut sample[index * channels + first..(index + 1) * channels];
        match values.first_chunk_mut::<LANES>() {
            Some(values) => *values = row.map(value_of),
            None => (0..values.len()).for_each(|lane| values[lane] = value_of(row[lane])),
        }
    }
}

/// Sorts every lane ascending.
#[inline(always)]
fn sort(rows: &mut [Row]) {
    let half = rows.len().next_power_of_two() / 2;
    let mut p = half;
    while p > 0 {
        let (mut q, mut r, mut distance) = (half, 0, p);
        loop {
            exchange(rows, p, r, distance);
            if q == p {
                break;
            }
            distance = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
}

/// Puts the rows `i` and `i + distance` in order for every `i` whose bit `p` is that of `r`: runs of `p` rows.
#[inline(always)]
fn exchange(rows: &mut [Row], p: usize, r: usize, distance: usize) {
    let mut start = r;
    while start + distance < rows.len() {
        let (lower, upper) = rows.split_at_mut(start + distance);
        let lower = &mut lower[start..];
        let count = p.min(lower.len()).min(upper.len());
        for (low, high) in lower[..count].iter_mut().zip(&mut upper[..count]) {
            // Whole rows are read before either is written: then they are vectors.
            let (a, b) = (*low, *high);
            *low = std::array::from_fn(|lane| a[lane].min(b[lane]));
            *high = std::array::from_fn(|lane| a[lane].max(b[lane]));
        }
        start += 2 * p;
    }
}

/// A number that is the larger, the larger the value is; the largest of all for NaN.
#[inline(always)]
fn key_of(value: f32) -> i32 {
    let bits = if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() }.cast_signed();
    turned(bits)
}

/// The value of a key.
#[inline(always)]
fn value_of(key: i32) -> f32 {
    f32::from_bits(turned(key).cast_unsigned())
}

/// The magnitude of negative numbers turned round; its own inverse.
#[inline(always)]
fn turned(bits: i32) -> i32 {
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}
