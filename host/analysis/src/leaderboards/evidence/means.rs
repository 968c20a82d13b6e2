//! Evidence from the scores of samples, where the score is their mean.

use std::borrow::Cow;

use lossnet_plugin_protocol::report::FromSamples;
use lossnet_statistics::{
    Bootstrap, BootstrappedMeans, Estimate, Interval, Strata, Wilcoxon, constant, fraction, mcnemar,
    stratified_mean, wilcoxon,
};

use super::{Evidence, FEWEST_REPETITIONS, FEWEST_SAMPLES, TWO_REPETITIONS};
use crate::leaderboards::group::Group;
use crate::leaderboards::scores::Samples;
use crate::leaderboards::{CONFIDENCE, Measured};
use crate::report::data::Pair;

/// Resamples of a bootstrap, if there is time for so many.
const MOST_RESAMPLES: usize = 10_000;

/// With fewer, the ends of intervals would be worse than those in closed form.
const FEWEST_RESAMPLES: usize = 1_000;

/// Drawing a sample takes as long as adding up so many scores.
const DRAW: usize = 12;

/// Drawing a sample's weight takes as long as adding up so many scores.
const DRAW_WEIGHT: usize = 40;

/// The scores of the samples of a board's contenders.
pub(in crate::leaderboards) struct Read<'a> {
    /// By contender: the scores of its samples, means over repetitions. None if some of its runs have none.
    scores: Vec<Option<Cow<'a, [f64]>>>,
    nan: Vec<u64>,
    /// Number of samples of each part.
    lengths: Vec<usize>,
}

impl<'a> Read<'a> {
    pub(in crate::leaderboards) fn new(
        group: &Group,
        cells: &[Measured],
        samples: &'a Samples,
        from: &FromSamples,
        column: &str,
    ) -> Read<'a> {
        let mut read = Read { scores: Vec::new(), nan: Vec::new(), lengths: Vec::new() };
        for member in &group.members {
            let runs = member.runs.iter().map(|run| {
                run.of(cells).from_samples.as_ref()?;
                samples.scores(run.cell, from, column)
            });
            let Some(mut runs) = runs.collect::<Option<Vec<_>>>() else {
                read.scores.push(None);
                read.nan.push(0);
                continue;
            };
            let count = runs.len() as f64;
            let first = runs.swap_remove(0);
            if read.lengths.is_empty() {
                read.lengths = first.lengths;
            }
            let mut scores = first.values;
            if !runs.is_empty() {
                let sums = scores.to_mut();
                for run in &runs {
                    sums.iter_mut().zip(&*run.values).for_each(|(sum, score)| *sum += score);
                }
                for sum in sums {
                    *sum /= count;
                }
            }
            let nan = scores.iter().filter(|score| !score.is_finite()).count() as u64;
            read.nan.push(nan);
            read.scores.push((nan == 0).then_some(scores));
        }
        read
    }

    /// Whether any contender has scores that can be used.
    pub(in crate::leaderboards) fn is_any(&self) -> bool {
        self.scores.iter().any(Option::is_some)
    }

    /// Why the scores of samples can't be used, in a part of a sentence.
    pub(super) fn why_not(&self) -> &'static str {
        match self.lengths.as_slice() {
            _ if !self.is_any() && self.nan.iter().any(|&nan| nan > 0) => {
                "scores of single samples are not numbers"
            }
            _ if !self.is_any() => "the scores of single samples can't be read",
            lengths
                if lengths.iter().all(|&length| length > 1)
                    && lengths.iter().sum::<usize>() < FEWEST_SAMPLES =>
            {
                "there are fewer than five samples, which are too few"
            }
            [_] => "there are fewer than two samples",
            _ => "a part of the samples has fewer than two",
        }
    }

    /// The parts as groups of samples that count the same. None if a part has a single sample.
    pub(in crate::leaderboards) fn strata(&self) -> Option<Strata> {
        Strata::new(self.lengths.clone()).ok()
    }
}

/// Intervals and tests of means.
pub(in crate::leaderboards) struct Means<'a> {
    read: &'a Read<'a>,
    strata: &'a Strata,
    /// Values by contender and repetition.
    values: &'a [Vec<f64>],
    /// Positions of contenders in the bootstrap.
    positions: Vec<Option<usize>>,
    /// None if it would take too long.
    bootstrapped: Option<BootstrappedMeans<'a>>,
    resamples: usize,
    /// Whether all scores are 0 or 1.
    binary: bool,
    /// The range that no score leaves, if some score lies on an end of it: then a mean can, too, though it is not sure.
    range: Option<[f64; 2]>,
    /// Intervals of means in this range, by position in the bootstrap. None if it would take too long.
    bounded: Option<Vec<Interval>>,
    /// Resamples of those; none where they are exact.
    weighted: usize,
    /// All samples as one part, where that has the same mean.
    pooled: Option<Strata>,
}

impl<'a> Means<'a> {
    pub(in crate::leaderboards) fn new(
        read: &'a Read<'a>,
        strata: &'a Strata,
        values: &'a [Vec<f64>],
        range: Option<[f64; 2]>,
        work: f64,
    ) -> Means<'a> {
        let mut positions = Vec::new();
        let mut scores: Vec<&[f64]> = Vec::new();
        for of_contender in &read.scores {
            positions.push(of_contender.as_ref().map(|of_contender| {
                scores.push(of_contender);
                scores.len() - 1
            }));
        }
        let resamples = (work / ((scores.len() + DRAW) * strata.samples()) as f64) as usize;
        let resamples = resamples.min(MOST_RESAMPLES);
        let settings = Bootstrap { resamples, confidence: CONFIDENCE, ..Bootstrap::default() };
        let bootstrapped =
            (resamples >= FEWEST_RESAMPLES).then(|| settings.means(&scores, strata).ok()).flatten();
        let binary = scores.iter().copied().flatten().all(|&score| score == 0.0 || score == 1.0);
        let all = || scores.iter().copied().flatten();
        let range = range.filter(|[low, high]| {
            all().all(|score| (*low..=*high).contains(score))
                && all().any(|score| score == low || score == high)
        });
        // Parts of the same size are one: the mean is that of all samples, and drawing each part by itself makes it only surer
        // (W. Hoeffding, Annals of Mathematical Statistics 27, 1956).
        let plain = read.lengths.windows(2).all(|pair| pair[0] == pair[1]);
        let pooled = Strata::single(strata.samples()).ok().filter(|_| plain);
        let pool = pooled.as_ref().unwrap_or(strata);
        let (mut bounded, mut weighted) = (None, 0);
        if let Some(range) = range {
            if binary && pool.groups() == 1 && range == [0.0, 1.0] {
                let of = |scores: &&[f64]| {
                    let ones = scores.iter().filter(|&&score| score > 0.5).count();
                    fraction(ones as u64, scores.len() as u64, CONFIDENCE).ok()
                };
                bounded = scores.iter().map(of).collect();
            } else {
                weighted = (work / ((scores.len() + DRAW_WEIGHT) * strata.samples()) as f64) as usize;
                weighted = weighted.min(MOST_RESAMPLES);
                let settings =
                    Bootstrap { resamples: weighted, confidence: CONFIDENCE, ..Bootstrap::default() };
                if weighted >= FEWEST_RESAMPLES {
                    bounded = settings.bounded_means(&scores, pool, range).ok();
                }
            }
        }
        Means {
            read,
            strata,
            values,
            positions,
            bootstrapped,
            resamples,
            binary,
            range,
            bounded,
            weighted,
            pooled,
        }
    }

    /// The interval over the samples alone.
    fn over_samples(&self, contender: usize, scores: &[f64]) -> Option<[f64; 2]> {
        let ends = |interval: Interval| [interval.low, interval.high];
        let position = self.positions[contender]?;
        if let Some(bounded) = &self.bounded {
            return bounded.get(position).copied().map(ends);
        }
        if let Some(range) = self.range
            && scores.iter().all(|score| *score == scores[0])
        {
            return constant(scores[0], self.pool(), range, CONFIDENCE).ok().map(ends);
        }
        if let (Some(bootstrapped), None) = (&self.bootstrapped, self.range) {
            return bootstrapped.interval(position).ok().map(ends);
        }
        let value = stratified_mean(scores, self.strata).ok()?;
        self.estimate(value, scores, &[])?.interval(CONFIDENCE).ok().map(ends)
    }

    fn scores(&self, contender: usize) -> Option<&[f64]> {
        self.read.scores[contender].as_deref()
    }

    /// The values of a contender's repetitions, if there are enough to say how much they vary.
    fn repetitions(&self, contender: usize) -> Option<&'a [f64]> {
        let values = self.values[contender].as_slice();
        (values.len() >= FEWEST_REPETITIONS).then_some(values)
    }

    /// Whether a mean over parts is that over all samples, too.
    fn is_plain(&self) -> bool {
        self.pooled.is_some()
    }

    /// The parts that scores in a range are drawn from.
    fn pool(&self) -> &Strata {
        self.pooled.as_ref().unwrap_or(self.strata)
    }

    fn estimate(&self, value: f64, scores: &[f64], contenders: &[usize]) -> Option<Estimate> {
        let mut estimate = Estimate::new(value).of_samples(scores, self.strata).ok()?;
        for &contender in contenders {
            if let Some(values) = self.repetitions(contender) {
                estimate = estimate.of_repetitions(values).ok()?;
            }
        }
        Some(estimate)
    }

    /// Name and p value of the test of two contenders that were run once.
    fn test(&self, a: &[f64], b: &[f64], differences: &[f64]) -> Option<(&'static str, f64)> {
        if !self.is_plain() {
            return None;
        }
        if self.binary {
            let only = |first: &[f64], second: &[f64]| {
                first.iter().zip(second).filter(|(first, second)| first > second).count() as u64
            };
            return Some(("mcnemar", mcnemar(only(a, b), only(b, a)).exact));
        }
        Some(("wilcoxon", wilcoxon(differences, Wilcoxon::default()).ok()?.p_value))
    }
}

impl Evidence for Means<'_> {
    fn interval(&self, contender: usize) -> Option<[f64; 2]> {
        let scores = self.scores(contender)?;
        let samples = self.over_samples(contender, scores);
        if self.repetitions(contender).is_none() {
            return samples;
        }
        let value = stratified_mean(scores, self.strata).ok()?;
        let interval = self.estimate(value, scores, &[contender])?.interval(CONFIDENCE).ok()?;
        // Repetitions don't make it surer than its samples do.
        let [low, high] = samples.unwrap_or([interval.low, interval.high]);
        match self.range {
            Some(_) => Some([interval.low.min(low), interval.high.max(high)]),
            None => Some([interval.low, interval.high]),
        }
    }

    fn pair(&self, first: usize, second: usize) -> Option<Pair> {
        let (a, b) = (self.scores(first)?, self.scores(second)?);
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let difference = stratified_mean(&differences, self.strata).ok()?;
        let estimate = self.estimate(difference, &differences, &[first, second])?;
        let once = self.repetitions(first).is_none() && self.repetitions(second).is_none();
        let test = once.then(|| self.test(a, b, &differences)).flatten();
        let bootstrapped = match &self.bootstrapped {
            Some(means) if once => {
                means.difference(self.positions[first]?, self.positions[second]?).ok().map(|d| d.interval)
            }
            _ => None,
        };
        let interval = match self.range {
            // Of equal differences a bootstrap makes a point.
            Some([low, high]) if once && differences.iter().all(|one| *one == differences[0]) => {
                constant(differences[0], self.pool(), [low - high, high - low], CONFIDENCE).ok()
            }
            _ => bootstrapped.or_else(|| estimate.interval(CONFIDENCE).ok()),
        };
        let (test, p) = test.unwrap_or_else(|| ("paired-t", estimate.p_value()));
        Some(Pair {
            networks: [first, second],
            difference,
            interval: interval.map(|interval| [interval.low, interval.high]),
            test: test.to_owned(),
            p: Some(p),
            p_alone: Some(p),
            ..Pair::default()
        })
    }

    fn blocks(&self) -> Option<Vec<Vec<f64>>> {
        let scores: Option<Vec<&[f64]>> = self.read.scores.iter().map(Option::as_deref).collect();
        let scores = scores?;
        let block = |sample: usize| scores.iter().map(|scores| scores[sample]).collect();
        Some((0..self.strata.samples()).map(block).collect())
    }

    fn nan(&self, contender: usize) -> u64 {
        self.read.nan[contender]
    }

    fn method(&self) -> String {
        let contenders = 0..self.values.len();
        let repeated = contenders.clone().any(|contender| self.repetitions(contender).is_some());
        let once = contenders.clone().any(|contender| self.repetitions(contender).is_none());
        let mut parts = Vec::new();
        if once {
            let interval = if self.bounded.is_some() && self.weighted == 0 {
                "exact intervals of fractions (Clopper and Pearson)".to_owned()
            } else if self.bounded.is_some() {
                format!(
                    "intervals of means in a range (Gaffke) over {} draws of weights of the samples",
                    self.weighted
                )
            } else if self.bootstrapped.is_some() && self.range.is_none() {
                format!("bootstrap intervals (BCa) over {} resamples of the samples", self.resamples)
            } else {
                "Student's t intervals over the samples".to_owned()
            };
            let test = match (self.is_plain(), self.binary) {
                (false, _) => "stratified paired t tests (parts of different sizes count the same)",
                (true, true) => "McNemar's exact tests",
                (true, false) => "Wilcoxon's signed-rank tests",
            };
            let whom = if repeated { " of those that were not run three times" } else { "" };
            parts.push(format!("{interval} and {test}{whom}"));
        }
        if repeated {
            parts.push(
                "t intervals and paired t tests with the variances of both samples and repetitions \
                 (Satterthwaite) of those that were repeated three times or more"
                    .to_owned(),
            );
        }
        let text = parts.join("; ");
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    fn remark(&self) -> Option<&'static str> {
        self.values.iter().any(|values| values.len() == 2).then_some(TWO_REPETITIONS)
    }
}
