//! Drawing samples with replacement, group by group.

use rand::SeedableRng;
use rand::distr::{Distribution, Uniform};
use rand_chacha::ChaCha8Rng;

use crate::Strata;

/// Draws all samples anew, each group for itself.
pub(super) struct Resampler {
    random: ChaCha8Rng,
    /// Number of the group's first sample, and what is drawn within it.
    groups: Vec<(usize, u32, Uniform<u32>)>,
}

impl Resampler {
    pub(super) fn new(strata: &Strata, seed: u64) -> Resampler {
        let groups = strata.ranges().filter_map(|range| {
            let size = u32::try_from(range.len()).ok()?;
            Some((range.start, size, Uniform::new(0, size).ok()?))
        });
        Resampler { random: ChaCha8Rng::seed_from_u64(seed), groups: groups.collect() }
    }

    /// Calls `take` with as many samples of each group as it has.
    pub(super) fn draw(&mut self, mut take: impl FnMut(usize)) {
        for (start, size, within) in &self.groups {
            for _ in 0..*size {
                take(start + within.sample(&mut self.random) as usize);
            }
        }
    }
}
