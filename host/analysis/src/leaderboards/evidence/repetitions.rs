//! Evidence from repetitions alone.

use lossnet_statistics::Estimate;

use super::{Evidence, FEWEST_REPETITIONS as FEWEST};
use crate::leaderboards::CONFIDENCE;
use crate::report::data::Pair;

/// The values of repetitions, of scores whose samples are not known.
pub(in crate::leaderboards) struct Repetitions<'a> {
    values: &'a [Vec<f64>],
    /// Why samples say nothing, in a part of a sentence.
    why: &'static str,
}

impl<'a> Repetitions<'a> {
    /// Values by contender and repetition, and why samples say nothing.
    pub(in crate::leaderboards) fn new(values: &'a [Vec<f64>], why: &'static str) -> Repetitions<'a> {
        Repetitions { values, why }
    }

    fn enough(&self, contender: usize) -> Option<&'a [f64]> {
        let values = self.values[contender].as_slice();
        (values.len() >= FEWEST).then_some(values)
    }
}

impl Evidence for Repetitions<'_> {
    fn interval(&self, contender: usize) -> Option<[f64; 2]> {
        let values = self.enough(contender)?;
        let interval = Estimate::new(mean(values)).of_repetitions(values).ok()?.interval(CONFIDENCE).ok()?;
        Some([interval.low, interval.high])
    }

    fn pair(&self, first: usize, second: usize) -> Option<Pair> {
        let (a, b) = (self.enough(first)?, self.enough(second)?);
        let difference = mean(a) - mean(b);
        let estimate = Estimate::new(difference).of_repetitions(a).ok()?.of_repetitions(b).ok()?;
        let interval = estimate.interval(CONFIDENCE).ok()?;
        Some(Pair {
            networks: [first, second],
            difference,
            interval: Some([interval.low, interval.high]),
            test: "welch".to_owned(),
            p: Some(estimate.p_value()),
            p_alone: Some(estimate.p_value()),
            ..Pair::default()
        })
    }

    fn blocks(&self) -> Option<Vec<Vec<f64>>> {
        None
    }

    fn nan(&self, _: usize) -> u64 {
        0
    }

    fn method(&self) -> String {
        let why = self.why;
        if (0..self.values.len()).any(|contender| self.enough(contender).is_some()) {
            format!("Student's t intervals and Welch's tests over {FEWEST} repetitions and more, since {why}")
        } else {
            format!(
                "There are no intervals: {why}, and there are fewer than {FEWEST} repetitions; only equal scores are shown as \
                 tied"
            )
        }
    }

    fn why_without_samples(&self) -> Option<&'static str> {
        Some(self.why)
    }
}

/// Mean of some values.
pub(in crate::leaderboards) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
