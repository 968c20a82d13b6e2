//! The distance of features for which no gradient is needed: normalized, subtracted, squared and summed while they are in
//! the processor's cache, where separate operations would go through memory for each.
#![expect(clippy::inline_always, reason = "code gets pulp's vector instructions only where it is inlined")]

use lossnet_plugin_api::tch::{TchError, Tensor};

use crate::Epsilon;
use crate::rows::{Rows, Shape, join, threads_for};
use crate::sort::Sorter;

/// Values that are read at a time.
const AT_ONCE: usize = 1 << 16;

/// Sums that are taken side by side: fast, and closer to the truth than one.
const SUMS: usize = 16;

/// What is done to features before they are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// Whether each channel's values are sorted.
    pub(crate) sort: bool,
    /// What channels are normalized with, if they are.
    pub(crate) epsilon: Option<Epsilon>,
}

/// For each of the others the mean over positions of the weighted squared differences of (normalized) channel vectors: N.
/// All tensors are [`plain`](crate::rows::plain); `weights` has C values.
pub(crate) fn distances(
    one: &Tensor,
    others: &[Tensor],
    how: How,
    weights: Option<&Tensor>,
) -> Result<Vec<Tensor>, TchError> {
    let one = Rows::of(one)?;
    let shape = one.shape();
    let weights = match weights {
        None => vec![1.0; shape.channels],
        Some(weights) => {
            let mut values = vec![0.0_f32; shape.channels];
            weights.f_copy_data(&mut values, shape.channels)?;
            values
        }
    };
    let terms = Terms { shape, how, weights };
    let share = one.samples().div_ceil(threads_for(one.samples() * shape.sample()));
    let mut parts: Vec<Part> =
        one.split(share)?.into_iter().map(|one| Part { one, others: Vec::new() }).collect();
    for other in others {
        let of_parts = Rows::of(other)?.split(share)?;
        parts.iter_mut().zip(of_parts).for_each(|(part, other)| part.others.push(other));
    }
    let mut found = vec![Vec::with_capacity(one.samples()); others.len()];
    std::thread::scope(|scope| -> Result<(), TchError> {
        let mut parts = parts.into_iter();
        let Some(own) = parts.next() else { return Ok(()) };
        let terms = &terms;
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || terms.distances(&part))).collect();
        let mut add = |of_part: Vec<Vec<f32>>| {
            found.iter_mut().zip(of_part).for_each(|(all, part)| all.extend(part));
        };
        add(terms.distances(&own)?);
        for worker in workers {
            add(join(worker)?);
        }
        Ok(())
    })?;
    found.iter().map(|distances| Tensor::f_from_slice(distances)).collect()
}

/// What one thread works on.
struct Part {
    one: Rows,
    others: Vec<Rows>,
}

/// How channel vectors are compared.
struct Terms {
    shape: Shape,
    how: How,
    weights: Vec<f32>,
}

impl Terms {
    /// For each of the others, the distance of every sample.
    fn distances(&self, part: &Part) -> Result<Vec<Vec<f32>>, TchError> {
        let (count, size) = (part.one.samples(), self.shape.sample());
        let at_once = (AT_ONCE / size).clamp(1, count.max(1));
        let mut values = vec![0.0_f32; 2 * at_once * size];
        let (of_one, of_other) = values.split_at_mut(at_once * size);
        let mut found = vec![Vec::with_capacity(count); part.others.len()];
        let mut sorter = self.how.sort.then(|| Sorter::new(self.shape));
        let mut read = |rows: &Rows, first: usize, values: &mut [f32]| -> Result<(), TchError> {
            rows.read(first, values.len() / size, values)?;
            if let Some(sorter) = &mut sorter {
                values.chunks_exact_mut(size).for_each(|sample| sorter.sort(sample));
            }
            Ok(())
        };
        let arch = pulp::Arch::new();
        for first in (0..count).step_by(at_once) {
            let values = at_once.min(count - first) * size;
            let (of_one, of_other) = (&mut of_one[..values], &mut of_other[..values]);
            read(&part.one, first, of_one)?;
            for (other, found) in part.others.iter().zip(&mut found) {
                read(other, first, of_other)?;
                for (a, b) in of_one.chunks_exact(size).zip(of_other.chunks_exact(size)) {
                    found.push(arch.dispatch(Sample { terms: self, a, b }));
                }
            }
        }
        Ok(found)
    }
}

/// Two samples to be compared. Compiled for the machine's vector unit, into which it must be inlined.
struct Sample<'a> {
    terms: &'a Terms,
    a: &'a [f32],
    b: &'a [f32],
}

impl pulp::NullaryFnOnce for Sample<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let channels = self.terms.shape.channels;
        let vectors = self.a.chunks_exact(channels).zip(self.b.chunks_exact(channels));
        let sum: f64 = vectors.map(|(a, b)| f64::from(compare(self.terms, a, b))).sum();
        (sum / self.terms.shape.positions as f64) as f32
    }
}

/// The weighted squared distance of two channel vectors.
#[inline(always)]
fn compare(terms: &Terms, a: &[f32], b: &[f32]) -> f32 {
    let (of_a, of_b) = (divisor(terms.how.epsilon, a), divisor(terms.how.epsilon, b));
    let mut sums = [0.0_f32; SUMS];
    let (a, a_rest) = a.as_chunks::<SUMS>();
    let (b, b_rest) = b.as_chunks::<SUMS>();
    let (weights, weights_rest) = terms.weights.as_chunks::<SUMS>();
    for ((a, b), weights) in a.iter().zip(b).zip(weights) {
        for lane in 0..SUMS {
            let difference = a[lane] / of_a - b[lane] / of_b;
            sums[lane] += weights[lane] * (difference * difference);
        }
    }
    for (lane, ((a, b), weight)) in a_rest.iter().zip(b_rest).zip(weights_rest).enumerate() {
        let difference = a / of_a - b / of_b;
        sums[lane] += weight * (difference * difference);
    }
    total(&sums)
}

/// What a channel vector is divided by.
#[inline(always)]
fn divisor(epsilon: Option<Epsilon>, vector: &[f32]) -> f32 {
    let Some(epsilon) = epsilon else { return 1.0 };
    let mut sums = [0.0_f32; SUMS];
    let (whole, rest) = vector.as_chunks::<SUMS>();
    for values in whole {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += value * value;
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += value * value;
    }
    let length = total(&sums).sqrt();
    match epsilon {
        // A length that is not a number stays one.
        Epsilon::FNormalize if length < 1e-12 => 1e-12,
        Epsilon::FNormalize => length,
        Epsilon::Lpips => length + 1e-10,
    }
}

/// The sum, halves first.
#[inline(always)]
fn total(sums: &[f32; SUMS]) -> f32 {
    let mut sums = *sums;
    let mut width = SUMS / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}
