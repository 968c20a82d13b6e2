//! Intervals of means of scores that can't leave a range, exact where all scores lie on its end.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, s};
use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{Beta, ContinuousCDF};

use crate::mean::{mean, mean_of_means};
use crate::{Bootstrap, Interval, StatisticsError, Strata, check, percentile};

/// Name of the statistic in errors.
const WHAT: &str = "an interval of bounded means";

/// Resamples that are multiplied with the scores at once.
const BLOCK: usize = 32;

/// The exact interval of a fraction: `successes` of `total` (C. J. Clopper and E. S. Pearson, "The use of confidence or
/// fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934). It is never shorter than it should be:
/// 40 of 40 is [0.912, 1] at 95 %.
pub fn fraction(successes: u64, total: u64, confidence: f64) -> Result<Interval, StatisticsError> {
    check::share("the confidence", confidence)?;
    if total == 0 {
        return Err(StatisticsError::TooFew { what: "a fraction", needed: 1, given: 0 });
    }
    if successes > total {
        return Err(StatisticsError::Parameter {
            name: "the number of successes",
            value: successes as f64,
            range: "at most the number of trials",
        });
    }
    let outside = (1.0 - confidence) / 2.0;
    let (ones, zeros) = (successes as f64, (total - successes) as f64);
    // The parameters are positive, which is all that the distribution asks for.
    let quantile =
        |a: f64, b: f64, share: f64| Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(share));
    let low = if successes == 0 { 0.0 } else { quantile(ones, zeros + 1.0, outside) };
    let high = if successes == total { 1.0 } else { quantile(ones + 1.0, zeros, 1.0 - outside) };
    Ok(Interval { estimate: ones / total as f64, low, high, confidence })
}

/// Gaffke's interval of a mean, over groups, of the groups' means of scores that are all the same: in closed form, where
/// [`Bootstrap::bounded_means`] draws. With several groups it is rather too wide than too narrow.
pub fn constant(
    score: f64,
    strata: &Strata,
    range: [f64; 2],
    confidence: f64,
) -> Result<Interval, StatisticsError> {
    check::share("the confidence", confidence)?;
    check_range(&[score], range)?;
    let outside = (1.0 - confidence) / 2.0;
    // The weight of what was seen, at the unlucky end.
    let seen: Vec<f64> = strata.ranges().map(|group| outside.powf(1.0 / group.len() as f64)).collect();
    let seen = mean(&seen);
    let end = |bound: f64| bound + (score - bound) * seen;
    Ok(Interval { estimate: score, low: end(range[0]), high: end(range[1]), confidence })
}

fn check_range(scores: &[f64], range: [f64; 2]) -> Result<(), StatisticsError> {
    check::finite(WHAT, &range)?;
    check::finite(WHAT, scores)?;
    match scores.iter().find(|score| !(range[0]..=range[1]).contains(score)) {
        Some(&value) => Err(StatisticsError::Parameter { name: "a score", value, range: "in its range" }),
        None => Ok(()),
    }
}

impl Bootstrap {
    /// Intervals of the means of several networks' scores that lie in a range, each the mean over groups of the groups' means.
    ///
    /// Gaffke's bounds (N. Gaffke, "Three test statistics for a nonparametric one-sided hypothesis on the mean of a
    /// nonnegative variable", Mathematical Methods of Statistics 14, 2005; E. Learned-Miller and P. S. Thomas, "A New
    /// Confidence Interval for the Mean of a Bounded Random Variable", 2019): samples are weighted at random, with exponential
    /// weights that are divided by their sum (a Bayesian bootstrap), and in each group one more sample lies on the end of the
    /// range: on the lower one for the lower bound, on the upper one for the upper. Of scores that are 0 or 1 that is
    /// [`fraction`] but for the error of the draws, so it is right where all samples have the best score, too; nothing is
    /// supposed of how the scores are distributed in the range, so that it is wide where samples are few.
    ///
    /// All networks share the draws. The kind of interval in [`method`](Bootstrap::method) is of no account.
    pub fn bounded_means(
        &self,
        scores: &[&[f64]],
        strata: &Strata,
        range: [f64; 2],
    ) -> Result<Vec<Interval>, StatisticsError> {
        self.check()?;
        for of_network in scores {
            check::same_length(WHAT, strata.samples(), of_network.len())?;
            check_range(of_network, range)?;
        }
        let mut all = Array2::<f64>::zeros((scores.len(), strata.samples()));
        for (mut row, of_network) in all.rows_mut().into_iter().zip(scores) {
            row.iter_mut().zip(*of_network).for_each(|(to, score)| *to = *score);
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut means = Array2::<f64>::zeros((scores.len(), self.resamples));
        let mut beyond = Vec::with_capacity(self.resamples);
        let mut weights = Array2::<f64>::zeros((BLOCK, strata.samples()));
        for start in (0..self.resamples).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.resamples);
            for mut row in weights.rows_mut().into_iter().take(end - start) {
                let mut on_the_end = 0.0;
                for group in strata.ranges() {
                    // The logarithm of 1 - u, which is never 0.
                    let mut draw = || -(-random.random::<f64>()).ln_1p();
                    let mut of_group = row.slice_mut(s![group]);
                    of_group.iter_mut().for_each(|weight| *weight = draw());
                    let extra = draw();
                    let total = (of_group.sum() + extra) * strata.groups() as f64;
                    of_group.iter_mut().for_each(|weight| *weight /= total);
                    on_the_end += extra / total;
                }
                beyond.push(on_the_end);
            }
            let (drawn, mut block) =
                (weights.slice(s![..end - start, ..]), means.slice_mut(s![.., start..end]));
            general_mat_mul(1.0, &all, &drawn.t(), 0.0, &mut block);
        }
        let interval = |(row, of_network): (ndarray::ArrayView1<'_, f64>, &&[f64])| {
            let estimate = mean_of_means(of_network, strata);
            let with_end = |bound: f64| -> Vec<f64> {
                row.iter().zip(&beyond).map(|(mean, weight)| mean + weight * bound).collect()
            };
            let low = percentile(estimate, &with_end(range[0]), self.confidence)?.low;
            let high = percentile(estimate, &with_end(range[1]), self.confidence)?.high;
            // Rounding of sums must not lead out of the range.
            let (low, high) = (low.clamp(range[0], estimate), high.clamp(estimate, range[1]));
            Ok(Interval { estimate, low, high, confidence: self.confidence })
        };
        means.rows().into_iter().zip(scores).map(interval).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn fractions_are_clopper_and_pearson_s() {
        // The ends solve P(X ≥ k | low) = 0.025 and P(X ≤ k | high) = 0.025, found by bisection of the sums of binomial terms.
        for (successes, total, low, high) in [
            (40, 40, 0.911_902_697_121_197_4, 1.0),
            (0, 10, 0.0, 0.308_497_107_818_760_7),
            (7, 10, 0.347_547_149_940_002_3, 0.933_260_488_822_265_4),
            (1, 2, 0.012_579_117_093_425_02, 0.987_420_882_906_574_9),
        ] {
            let interval = fraction(successes, total, 0.95).unwrap();
            assert!((interval.low - low).abs() < 1e-8 && (interval.high - high).abs() < 1e-8, "{interval:?}");
        }
        assert!(fraction(3, 2, 0.95).is_err() && fraction(0, 0, 0.95).is_err());
    }

    #[test]
    fn bounded_means_of_zeros_and_ones_are_fractions() {
        let scores: Vec<f64> = (0..30).map(|sample| f64::from(u8::from(sample % 5 > 0))).collect();
        let (all, none) = ([1.0; 30], [0.0; 30]);
        let strata = Strata::single(30).unwrap();
        let found = Bootstrap::default().bounded_means(&[&scores, &all, &none], &strata, [0.0, 1.0]).unwrap();
        for (interval, successes) in found.iter().zip([24, 30, 0]) {
            let exact = fraction(successes, 30, 0.95).unwrap();
            assert!((interval.low - exact.low).abs() < 0.006, "{interval:?} {exact:?}");
            assert!((interval.high - exact.high).abs() < 0.006, "{interval:?} {exact:?}");
        }
        let constant = constant(1.0, &strata, [0.0, 1.0], 0.95).unwrap();
        assert!((constant.low - fraction(30, 30, 0.95).unwrap().low).abs() < 1e-12 && constant.high >= 1.0);
    }

    #[test]
    fn many_samples_within_the_range_are_as_a_bootstrap_s() {
        let scores: Vec<f64> = (0..2000).map(|sample| f64::from(sample * 7919 % 6) / 5.0).collect();
        let strata = Strata::new(vec![500, 1500]).unwrap();
        let settings = Bootstrap { resamples: 4000, ..Bootstrap::default() };
        let bounded = settings.bounded_means(&[&scores], &strata, [0.0, 1.0]).unwrap()[0];
        let bootstrap = settings.means(&[&scores], &strata).unwrap().interval(0).unwrap();
        let width = bootstrap.high - bootstrap.low;
        assert!((bounded.low - bootstrap.low).abs() < 0.1 * width, "{bounded:?} {bootstrap:?}");
        assert!((bounded.high - bootstrap.high).abs() < 0.1 * width, "{bounded:?} {bootstrap:?}");
    }

    #[test]
    fn a_score_out_of_its_range_is_refused() {
        let strata = Strata::single(2).unwrap();
        assert!(Bootstrap::default().bounded_means(&[&[0.5, 1.5]], &strata, [0.0, 1.0]).is_err());
        assert!(constant(f64::NAN, &strata, [0.0, 1.0], 0.95).is_err());
    }
}
