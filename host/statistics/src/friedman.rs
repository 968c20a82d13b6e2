//! Do several networks differ over several tasks?

use serde::Serialize;
use statrs::function::gamma::gamma_ur;

use crate::ranks::{ranked, ties};
use crate::{StatisticsError, check};

/// Name of the statistic in errors.
const WHAT: &str = "Friedman's test";

/// Average ranks, and whether they differ by more than chance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Friedman {
    /// Mean rank of each treatment over the blocks, from 1 to their number.
    pub average_ranks: Vec<f64>,
    /// Number of blocks.
    pub blocks: usize,
    /// Friedman's statistic, corrected for ties; χ²-distributed with one degree of freedom less than there are
    /// treatments, if they don't differ.
    pub statistic: f64,
    /// Chance of such a statistic or a larger one, if the treatments don't differ.
    pub p_value: f64,
}

/// Friedman's test (M. Friedman, JASA 32, 1937) with the correction for ties, as SciPy's `friedmanchisquare`.
///
/// `blocks[b][t]` is the score of treatment (loss network) t in block (task) b. Within a block the lowest score has
/// rank 1: negate scores of which higher ones are better, and rank 1 is the best. At least two blocks and two
/// treatments. The p value is an approximation that SciPy calls reliable for more than 10 blocks and 6 treatments.
pub fn friedman(blocks: &[Vec<f64>]) -> Result<Friedman, StatisticsError> {
    check::enough(WHAT, blocks.len(), 2)?;
    let treatments = blocks[0].len();
    check::enough(WHAT, treatments, 2)?;
    let mut sums = vec![0.0; treatments];
    let mut tied = 0.0;
    for block in blocks {
        check::same_length(WHAT, treatments, block.len())?;
        check::finite(WHAT, block)?;
        let (ranks, groups) = ranked(block);
        sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += rank);
        tied += ties(&groups);
    }
    let (n, k) = (blocks.len() as f64, treatments as f64);
    let correction = 1.0 - tied / (k * (k * k - 1.0) * n);
    if correction <= 0.0 {
        return Err(StatisticsError::Constant { what: WHAT, value: blocks[0][0] });
    }
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let statistic = (12.0 / (k * n * (k + 1.0)) * squares - 3.0 * n * (k + 1.0)) / correction;
    // Rounding may leave a little less than nothing where all average ranks are the same.
    let statistic = statistic.max(0.0);
    let p_value = if statistic > 0.0 { gamma_ur((k - 1.0) / 2.0, statistic / 2.0) } else { 1.0 };
    let average_ranks = sums.into_iter().map(|sum| sum / n).collect();
    Ok(Friedman { average_ranks, blocks: blocks.len(), statistic, p_value })
}
