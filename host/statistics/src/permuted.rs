//! From which difference on mean ranks over few blocks differ: by permutation, where Nemenyi's difference supposes many blocks.

use rand::SeedableRng;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::{StatisticsError, check};

/// Name of the statistic in errors.
const WHAT: &str = "a difference of mean ranks";

/// The smallest difference of two means over blocks that the largest of all differences reaches by chance with a probability of at
/// most `alpha`. None if there are too few blocks: then chance reaches every difference.
///
/// `blocks[b][t]` is the rank (or share of it) of treatment t in block b. Where treatments don't differ every order within
/// a block is as likely as any other, so orders are drawn (`draws` of them, from `seed`) and the range of the means is taken of
/// each: what Nemenyi's test takes from the studentized range, which holds for many blocks only (P. B. Nemenyi, "Distribution-free
/// multiple comparisons", 1963; the permutations are E. J. G. Pitman's, 1937). The ranks that were seen count as a draw. Means
/// whose difference is as large differ at the level `alpha`, all pairs together.
pub fn permuted_difference(
    blocks: &[Vec<f64>],
    alpha: f64,
    draws: usize,
    seed: u64,
) -> Result<Option<f64>, StatisticsError> {
    check::share("alpha", alpha)?;
    check::enough(WHAT, blocks.len(), 2)?;
    let treatments = blocks[0].len();
    check::enough(WHAT, treatments, 2)?;
    for block in blocks {
        check::same_length(WHAT, treatments, block.len())?;
        check::finite(WHAT, block)?;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut permuted = blocks.to_vec();
    let mut ranges = vec![range(blocks)];
    for _ in 0..draws {
        for block in &mut permuted {
            block.shuffle(&mut random);
        }
        ranges.push(range(&permuted));
    }
    ranges.sort_by(|a, b| b.total_cmp(a));
    // So many may be as large as the difference, or larger.
    let may_reach = (alpha * ranges.len() as f64).floor() as usize;
    // Equal ranges differ by the rounding of their sums.
    let same = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    let Some(&beyond) = ranges.get(may_reach) else { return Ok(None) };
    Ok(ranges[..may_reach].iter().rev().copied().find(|&reached| reached > beyond && !same(reached, beyond)))
}

/// Largest less smallest mean over blocks.
fn range(blocks: &[Vec<f64>]) -> f64 {
    let means =
        (0..blocks[0].len()).map(|treatment| blocks.iter().map(|block| block[treatment]).sum::<f64>());
    let (low, high) =
        means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| (low.min(mean), high.max(mean)));
    (high - low) / blocks.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::critical_difference;

    #[test]
    fn two_treatments_are_a_sign_test() {
        // The largest difference, all blocks agreeing, has the chance 2 / 2^blocks: 0.0625 of five, 0.03125 of six.
        let blocks = |count: usize| vec![vec![0.0, 1.0]; count];
        assert_eq!(permuted_difference(&blocks(5), 0.05, 20_000, 1).unwrap(), None);
        assert_eq!(permuted_difference(&blocks(6), 0.05, 20_000, 1).unwrap(), Some(1.0));
    }

    #[test]
    fn many_blocks_need_nemenyi_s_difference() {
        let blocks = vec![vec![1.0, 2.0, 3.0, 4.0, 5.0]; 60];
        let found = permuted_difference(&blocks, 0.05, 20_000, 1).unwrap().unwrap();
        let expected = critical_difference(5, 60, 0.05).unwrap();
        assert!((found / expected - 1.0).abs() < 0.03, "{found} {expected}");
    }

    #[test]
    fn treatments_that_never_differ_are_never_told_apart() {
        assert_eq!(permuted_difference(&vec![vec![0.5; 4]; 10], 0.05, 1000, 1).unwrap(), None);
        assert!(permuted_difference(&[vec![0.0, 1.0]], 0.05, 10, 1).is_err());
    }
}
