//! The means of several networks' scores on the same samples, resampled together.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, s};
use serde::Serialize;

use super::resample::Resampler;
use super::{Bootstrap, interval};
use crate::mean::{mean, mean_of_means};
use crate::{Interval, StatisticsError, Strata, check};

/// Name of the statistic in errors.
const WHAT: &str = "a bootstrap of means";

/// Resamples that are multiplied with the scores at once: enough for the product to be fast, and few enough for their
/// counts to stay in the processor's cache.
const BLOCK: usize = 32;

/// Means of scores over resamples: each network's on the same draws, so that two of them can be compared.
#[derive(Clone, Debug)]
pub struct BootstrappedMeans<'a> {
    settings: Bootstrap,
    strata: Strata,
    scores: Vec<&'a [f64]>,
    estimates: Vec<f64>,
    /// Networks × resamples.
    resampled: Array2<f64>,
}

/// How much better one network is than another on the same samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// First mean less second mean.
    pub interval: Interval,
    /// Chance of a difference at least as far from zero, if the two don't differ.
    pub p_value: f64,
}

impl Bootstrap {
    /// Draws the samples anew and computes the mean over groups of the groups' means for each network.
    ///
    /// `scores[i]` are the scores of network i, group after group as `strata` says; sample j is the same one for all
    /// networks. The draws are shared, and the means of a block of resamples are one matrix product (what that costs:
    /// `docs/reference/statistics.md`).
    pub fn means<'a>(
        &self,
        scores: &[&'a [f64]],
        strata: &Strata,
    ) -> Result<BootstrappedMeans<'a>, StatisticsError> {
        self.check()?;
        check::enough(WHAT, scores.len(), 1)?;
        for of_network in scores {
            check::same_length(WHAT, strata.samples(), of_network.len())?;
            check::finite(WHAT, of_network)?;
        }
        let estimates: Vec<f64> = scores.iter().map(|scores| mean_of_means(scores, strata)).collect();
        // What is added up are distances from the estimate, each divided by what its group counts: a constant
        // score's mean is then itself in every resample, whatever the order of sums.
        let mut weighted = Array2::<f64>::zeros((scores.len(), strata.samples()));
        for ((mut row, scores), estimate) in weighted.rows_mut().into_iter().zip(scores).zip(&estimates) {
            for range in strata.ranges() {
                let weight = 1.0 / (range.len() * strata.groups()) as f64;
                for sample in range {
                    row[sample] = (scores[sample] - estimate) * weight;
                }
            }
        }
        let mut resampled = Array2::<f64>::zeros((scores.len(), self.resamples));
        let mut resampler = Resampler::new(strata, self.seed);
        let mut counts = Array2::<f64>::zeros((BLOCK, strata.samples()));
        for start in (0..self.resamples).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.resamples);
            counts.fill(0.0);
            for mut row in counts.rows_mut().into_iter().take(end - start) {
                resampler.draw(|sample| row[sample] += 1.0);
            }
            let (drawn, mut block) =
                (counts.slice(s![..end - start, ..]), resampled.slice_mut(s![.., start..end]));
            general_mat_mul(1.0, &weighted, &drawn.t(), 0.0, &mut block);
        }
        for (mut row, estimate) in resampled.rows_mut().into_iter().zip(&estimates) {
            row += *estimate;
        }
        Ok(BootstrappedMeans {
            settings: *self,
            strata: strata.clone(),
            scores: scores.to_vec(),
            estimates,
            resampled,
        })
    }
}

impl BootstrappedMeans<'_> {
    /// Number of networks.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there are none; there is always at least one.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// A network's mean in each resample.
    ///
    /// # Panics
    ///
    /// If there is no such network.
    pub fn resampled(&self, network: usize) -> ArrayView1<'_, f64> {
        self.resampled.row(network)
    }

    /// The interval of a network's mean.
    ///
    /// # Panics
    ///
    /// If there is no such network.
    pub fn interval(&self, network: usize) -> Result<Interval, StatisticsError> {
        let (scores, estimate) = (self.scores[network], self.estimates[network]);
        let mut resampled = self.resampled.row(network).to_vec();
        without_rounding(&mut resampled, estimate, largest(scores));
        self.settings
            .interval(estimate, resampled, || Ok(acceleration_of_mean(|sample| scores[sample], &self.strata)))
    }

    /// The paired difference of two networks' means, and the chance of such a one.
    ///
    /// The p value is that of the centred bootstrap, `(1 + #{|d* - d| ≥ |d|}) / (1 + resamples)` for the difference d
    /// and its values d* in resamples (A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", 1997,
    /// equation 4.11; T. Berg-Kirkpatrick et al., "An Empirical Investigation of Statistical Significance in NLP",
    /// EMNLP 2012): it is never below 1 / (1 + resamples).
    ///
    /// # Panics
    ///
    /// If there is no such network.
    pub fn difference(&self, first: usize, second: usize) -> Result<Difference, StatisticsError> {
        let (a, b) = (self.scores[first], self.scores[second]);
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let estimate = mean_of_means(&differences, &self.strata);
        let mut resampled = (&self.resampled.row(first) - &self.resampled.row(second)).to_vec();
        without_rounding(&mut resampled, estimate, largest(a).max(largest(b)));
        // The other way round, too, what is equal up to rounding counts as equal.
        let distance = estimate.abs() * (1.0 - 1e-9);
        let as_far = resampled.iter().filter(|value| (*value - estimate).abs() >= distance).count();
        let p_value = (1 + as_far) as f64 / (1 + resampled.len()) as f64;
        let interval = self.settings.interval(estimate, resampled, || {
            Ok(acceleration_of_mean(|sample| differences[sample], &self.strata))
        })?;
        Ok(Difference { interval, p_value })
    }

    /// In which share of the resamples each network has the highest mean (the lowest with `higher_is_better` false);
    /// several that share it divide it. The shares add up to 1.
    pub fn shares_of_best(&self, higher_is_better: bool) -> Vec<f64> {
        let mut shares = vec![0.0; self.len()];
        for resample in self.resampled.columns() {
            let better = |a: f64, b: f64| if higher_is_better { a.max(b) } else { a.min(b) };
            let best = resample.iter().copied().reduce(better).unwrap_or(f64::NAN);
            let winners: Vec<usize> = (0..self.len()).filter(|network| resample[*network] == best).collect();
            for winner in &winners {
                shares[*winner] += 1.0 / winners.len() as f64;
            }
        }
        shares.iter().map(|share| share / self.settings.resamples as f64).collect()
    }
}

/// Makes the estimate of what differs from it by no more than the rounding of scores of this size: for the bias of an
/// estimate it matters on which side of it a value lies, and means of few distinct scores are often equal to it.
fn without_rounding(resampled: &mut [f64], estimate: f64, size: f64) {
    for value in resampled {
        if (*value - estimate).abs() <= 1e-12 * size {
            *value = estimate;
        }
    }
}

/// The size of the largest score.
fn largest(scores: &[f64]) -> f64 {
    scores.iter().fold(0.0, |largest, score| largest.max(score.abs()))
}

/// BCa's acceleration of a mean over groups of groups' means, whose jackknife has a closed form: without sample i of a
/// group of n the mean moves by `(m - x) / (n - 1) / G`.
fn acceleration_of_mean(score: impl Fn(usize) -> f64, strata: &Strata) -> f64 {
    let groups = strata.groups() as f64;
    let influences = strata.ranges().flat_map(|range| {
        let values: Vec<f64> = range.map(&score).collect();
        let (center, n) = (mean(&values), values.len() as f64);
        values.into_iter().map(move |value| (value - center) / (groups * n))
    });
    interval::acceleration(influences)
}
