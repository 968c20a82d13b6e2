//! Where batches come from.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Samples, torch_error};
use lossnet_plugin_api::protocol::formula::{self, INCREMENT};
use lossnet_plugin_api::protocol::sample::Sample;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use crate::loader::{LoaderOptions, load_batches};

/// Training examples, batch by batch.
pub trait BatchSource<B> {
    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the examples at these positions are called where a user is to look them up; without names their positions.
    fn names(&self, examples: &[usize]) -> Vec<String> {
        examples.iter().map(ToString::to_string).collect()
    }

    /// Hands out these batches of examples (positions below [`len`](BatchSource::len)) in order. What is drawn for an
    /// example depends on the epoch and the example alone.
    fn for_each(
        &self,
        epoch: u64,
        batches: &[Vec<usize>],
        consume: &mut dyn FnMut(B) -> Result<(), PluginError>,
    ) -> Result<(), PluginError>;
}

/// Samples of a dataset, loaded and prepared in threads, ahead of their use.
pub struct SampleSource<'a, P, C> {
    /// The samples.
    pub samples: &'a dyn Samples,
    /// Positions, among them, of those that are trained with.
    pub indices: Vec<usize>,
    /// Seed of what is drawn.
    pub seed: u64,
    /// How they are loaded; the batch size says nothing here.
    pub loader: LoaderOptions,
    /// Makes of a sample what is needed of it. Runs in the loading threads, with a generator of the sample's own.
    pub prepare: P,
    /// Makes a batch.
    pub collate: C,
}

impl<P, C> std::fmt::Debug for SampleSource<'_, P, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleSource").field("indices", &self.indices.len()).finish_non_exhaustive()
    }
}

impl<T, B, P, C> BatchSource<B> for SampleSource<'_, P, C>
where
    T: Send,
    P: Fn(Sample, &mut ChaCha8Rng) -> Result<T, PluginError> + Sync,
    C: Fn(Vec<T>) -> Result<B, PluginError>,
{
    fn len(&self) -> usize {
        self.indices.len()
    }

    /// The samples' ids.
    fn names(&self, examples: &[usize]) -> Vec<String> {
        let name = |&position: &usize| {
            let index = self.indices[position];
            self.samples.sample(index).map_or_else(|_| format!("number {index}"), |sample| sample.id)
        };
        examples.iter().map(name).collect()
    }

    fn for_each(
        &self,
        epoch: u64,
        batches: &[Vec<usize>],
        consume: &mut dyn FnMut(B) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        let batches: Vec<Vec<usize>> = batches
            .iter()
            .map(|batch| batch.iter().map(|&position| self.indices[position]).collect())
            .collect();
        // `collate` need not be shared with the loading threads.
        let (prepare, seed) = (&self.prepare, self.seed);
        let prepare = |index: usize, sample: Sample| {
            let mut random = ChaCha8Rng::seed_from_u64(mix(&[seed, epoch, index as u64]));
            prepare(sample, &mut random)
        };
        load_batches(self.samples, &batches, self.loader, prepare, |items| consume((self.collate)(items)?))
    }
}

/// Examples that lie in memory: inputs and targets, example by example along the first dimension.
#[derive(Debug)]
pub struct TensorSource {
    /// What goes in.
    pub inputs: Tensor,
    /// What is wanted.
    pub targets: Tensor,
}

impl BatchSource<(Tensor, Tensor)> for TensorSource {
    fn len(&self) -> usize {
        self.inputs.size().first().map_or(0, |&count| count as usize)
    }

    fn for_each(
        &self,
        _epoch: u64,
        batches: &[Vec<usize>],
        consume: &mut dyn FnMut((Tensor, Tensor)) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        for batch in batches {
            let positions: Vec<i64> = batch.iter().map(|&position| position as i64).collect();
            let pick = |from: &Tensor| {
                Tensor::f_from_slice(&positions)
                    .and_then(|positions| positions.f_to(from.device()))
                    .and_then(|positions| from.f_index_select(0, &positions))
                    .map_err(torch_error)
            };
            consume((pick(&self.inputs)?, pick(&self.targets)?))?;
        }
        Ok(())
    }
}

/// Splits `len` examples into those to train with and those to validate with (`share` of them, rounded, one at least if
/// the share is not 0 and there are two), at random by the seed; each part in ascending order.
pub fn validation_split(len: usize, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let wanted = (len as f64 * share).round() as usize;
    let least = usize::from(share > 0.0 && len > 1);
    let aside = wanted.clamp(least, len.saturating_sub(1).max(least));
    let shuffled = permutation(len, mix(&[seed, 0x7661_6c69_6461_7465]));
    let (validation, training) = shuffled.split_at(aside.min(len));
    let sorted = |part: &[usize]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part
    };
    (sorted(training), sorted(validation))
}

/// A random order of `len` things.
pub(super) fn permutation(len: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

/// A seed made of several numbers, with the mixing function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(super) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(INCREMENT, |state, &part| formula::mix((state ^ part).wrapping_add(INCREMENT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_uses_every_example_once() {
        let (training, validation) = validation_split(103, 0.2, 7);
        assert_eq!((training.len(), validation.len()), (82, 21));
        let mut all = [training, validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
        assert_ne!(validation_split(103, 0.2, 7).1, validation_split(103, 0.2, 8).1);
        assert_eq!(validation_split(2, 0.1, 0).1.len(), 1);
        assert_eq!(validation_split(5, 0.0, 0).1.len(), 0);
    }
}
