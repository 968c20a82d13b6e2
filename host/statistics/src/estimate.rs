//! An estimate whose variance has several sources.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::beta_reg;

use crate::mean::mean;
use crate::{Interval, StatisticsError, Strata, check};

/// An estimate whose variance is a sum of independent parts, such as that of the samples and that of the repetitions of a
/// training. Interval and test are Student's t with Welch's and Satterthwaite's degrees of freedom
/// (F. E. Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2, 1946).
///
/// The mean score of a network that was trained r times and tested on the same n samples has the parts
/// [`of_samples`](Estimate::of_samples) of each sample's mean over the trainings and
/// [`of_repetitions`](Estimate::of_repetitions): the noise that is in both is counted twice, so that the interval is
/// rather too wide than too narrow.
///
/// ```
/// use lossnet_statistics::{Estimate, Strata};
///
/// // Three trainings, tested on the same four samples.
/// let trainings = [0.70, 0.72, 0.68];
/// let samples = [0.65, 0.75, 0.71, 0.69];
/// let estimate = Estimate::new(0.70).of_samples(&samples, &Strata::single(4)?)?.of_repetitions(&trainings)?;
/// let interval = estimate.interval(0.95)?;
/// assert!(interval.low < 0.66 && interval.high > 0.74);
/// # Ok::<(), lossnet_statistics::StatisticsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    value: f64,
    /// Variances with their degrees of freedom.
    parts: Vec<(f64, f64)>,
}

impl Estimate {
    /// An estimate without variance as yet.
    pub fn new(value: f64) -> Estimate {
        Estimate { value, parts: Vec::new() }
    }

    /// Adds the variance of the mean over groups of the groups' means of `scores`: `s² / n / G²` of each of the G groups.
    pub fn of_samples(mut self, scores: &[f64], strata: &Strata) -> Result<Estimate, StatisticsError> {
        check::same_length(WHAT, scores.len(), strata.samples())?;
        check::finite(WHAT, scores)?;
        let groups = strata.groups() as f64;
        for range in strata.ranges() {
            let (of_mean, freedom) = variance_of_mean(&scores[range]);
            self.parts.push((of_mean / (groups * groups), freedom));
        }
        Ok(self)
    }

    /// Adds the variance of the mean of some repetitions, two at least: `s² / r`.
    pub fn of_repetitions(mut self, values: &[f64]) -> Result<Estimate, StatisticsError> {
        check::enough(WHAT, values.len(), 2)?;
        check::finite(WHAT, values)?;
        self.parts.push(variance_of_mean(values));
        Ok(self)
    }

    /// Adds a variance that is known well, such as a bootstrap's.
    pub fn of_variance(mut self, variance: f64) -> Result<Estimate, StatisticsError> {
        check::finite(WHAT, &[variance])?;
        self.parts.push((variance, f64::INFINITY));
        Ok(self)
    }

    /// The interval; one point where nothing varies. `confidence` lies in (0, 1).
    pub fn interval(&self, confidence: f64) -> Result<Interval, StatisticsError> {
        check::share("the confidence", confidence)?;
        check::finite(WHAT, &[self.value])?;
        let half = match self.deviation_and_freedom() {
            Some((deviation, freedom)) => {
                // Beyond a million degrees of freedom it is normal to nine digits.
                let freedom = freedom.min(1e6);
                // Location 0, scale 1 and a positive number of degrees of freedom are always accepted.
                let quantile = StudentsT::new(0.0, 1.0, freedom)
                    .map_or(f64::NAN, |distribution| distribution.inverse_cdf(0.5 + confidence / 2.0));
                quantile * deviation
            }
            None => 0.0,
        };
        Ok(Interval { estimate: self.value, low: self.value - half, high: self.value + half, confidence })
    }

    /// Two-sided p value of the true value being 0. Where nothing varies it is 1 for an estimate of 0, else 0.
    pub fn p_value(&self) -> f64 {
        match self.deviation_and_freedom() {
            Some((deviation, freedom)) => {
                let freedom = freedom.min(1e6);
                let t = self.value / deviation;
                beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t))
            }
            None if self.value == 0.0 => 1.0,
            None => 0.0,
        }
    }

    /// None where nothing varies.
    fn deviation_and_freedom(&self) -> Option<(f64, f64)> {
        let variance: f64 = self.parts.iter().map(|(variance, _)| variance).sum();
        let over_freedom: f64 =
            self.parts.iter().map(|(variance, freedom)| variance * variance / freedom).sum();
        (variance > 0.0).then(|| (variance.sqrt(), variance * variance / over_freedom))
    }
}

/// Name of the statistic in errors.
const WHAT: &str = "an estimate";

/// The variance of the mean of at least two values, and its degrees of freedom.
fn variance_of_mean(values: &[f64]) -> (f64, f64) {
    let (n, center) = (values.len() as f64, mean(values));
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    (squares / (n - 1.0) / n, n - 1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    // scipy 1.17: a = [0.1, 0.4, 0.35, 0.8], b = [0.3, 0.9, 0.7, 1.2, 0.95]
    // r = stats.ttest_ind(a, b, equal_var=False); r.pvalue; r.confidence_interval(0.95)
    const A: [f64; 4] = [0.1, 0.4, 0.35, 0.8];
    const B: [f64; 5] = [0.3, 0.9, 0.7, 1.2, 0.95];

    fn difference() -> Estimate {
        let estimate = Estimate::new(mean(&A) - mean(&B));
        estimate.of_repetitions(&A).and_then(|estimate| estimate.of_repetitions(&B)).unwrap()
    }

    #[test]
    fn a_difference_of_two_means_is_welch_s_test() {
        let (p, interval) = (difference().p_value(), difference().interval(0.95).unwrap());
        assert!((p - 0.099_116_516_798_984_03).abs() < 1e-10, "{p}");
        assert!(
            (interval.low + 0.892_337_389_228_477_4).abs() < 1e-9
                && (interval.high - 0.097_337_389_228_477_46).abs() < 1e-9,
            "{interval:?}"
        );
    }

    #[test]
    fn one_part_is_the_t_interval_of_a_mean() {
        let strata = Strata::new(vec![4, 5]).unwrap();
        let all = [A.as_slice(), B.as_slice()].concat();
        let ours = Estimate::new(0.5).of_samples(&all, &strata).unwrap().interval(0.9).unwrap();
        let theirs = crate::mean_interval(&all, &strata, 0.9).unwrap();
        assert!((ours.high - 0.5 - (theirs.high - theirs.estimate)).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_is_a_point() {
        let constant = Estimate::new(0.5).of_repetitions(&[0.5, 0.5]).unwrap();
        assert_eq!((constant.interval(0.95).unwrap().low, constant.p_value()), (0.5, 0.0));
        assert_eq!(Estimate::new(0.0).p_value(), 1.0);
        assert!(Estimate::new(0.0).of_repetitions(&[0.5]).is_err());
        // A variance that is known is normal: 1.96 standard deviations.
        let normal = Estimate::new(1.0).of_variance(0.25).unwrap();
        assert!((normal.p_value() - 0.0455).abs() < 1e-4);
    }
}
