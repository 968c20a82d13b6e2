//! Evidence from the distances of pairs, where the score is their average precision.

use std::cell::RefCell;
use std::ops::Range;

use lossnet_plugin_protocol::report::FromSamples;
use lossnet_statistics::{Bootstrap, Estimate, Method, Strata, percentile};
use rayon::prelude::*;

use super::repetitions::mean;
use super::{Evidence, FEWEST_REPETITIONS, FEWEST_SAMPLES, TWO_REPETITIONS};
use crate::leaderboards::group::{Group, Member};
use crate::leaderboards::scores::Samples;
use crate::leaderboards::{CONFIDENCE, Measured};
use crate::report::data::Pair;

/// Resamples of a bootstrap, if there is time for so many.
const MOST_RESAMPLES: usize = 10_000;

/// With fewer, an interval's ends would be too coarse.
const FEWEST_RESAMPLES: usize = 200;

/// The pairs of one part and one repetition, the closest first.
struct Ordered {
    /// Positions of the pairs among the part's.
    order: Vec<u32>,
    /// Share of "the same" of each pair, in this order.
    same: Vec<f64>,
}

impl Ordered {
    /// Pairs of equal distance keep their order.
    fn new(distances: &[f64], same: &[f64]) -> Ordered {
        let mut order: Vec<u32> = (0..distances.len() as u32).collect();
        order.sort_by(|&a, &b| distances[a as usize].total_cmp(&distances[b as usize]));
        let same = order.iter().map(|&pair| same[pair as usize]).collect();
        Ordered { order, same }
    }

    /// Average precision (PASCAL VOC 2010) if each pair were there as often as `counts` says; NaN if no pair is "the same".
    fn precision(&self, counts: &[u32]) -> f64 {
        let total: f64 =
            self.order.iter().zip(&self.same).map(|(&at, same)| f64::from(counts[at as usize]) * same).sum();
        let all: f64 = counts.iter().map(|&count| f64::from(count)).sum();
        // From the last pair to the first, so that the largest precision behind each is at hand.
        let (mut found, mut rank, mut largest, mut area) = (total, all, 0.0_f64, 0.0);
        for (&at, &same) in self.order.iter().zip(&self.same).rev() {
            for _ in 0..counts[at as usize] {
                largest = largest.max(found / rank);
                area += same * largest;
                found -= same;
                rank -= 1.0;
            }
        }
        area / total
    }
}

/// Resampled average precisions of a contender.
struct Resampled {
    interval: [f64; 2],
    estimate: f64,
    /// On the same resamples for all contenders.
    values: Vec<f64>,
}

/// Intervals and tests of average precisions.
pub(in crate::leaderboards) struct Precisions<'a> {
    contenders: Vec<Option<Resampled>>,
    nan: Vec<u64>,
    /// Values by contender and repetition.
    values: &'a [Vec<f64>],
    resamples: usize,
}

impl<'a> Precisions<'a> {
    /// None if no contender has the samples for it, or there are too few for an interval or too many for a bootstrap.
    pub(in crate::leaderboards) fn new(
        group: &Group,
        cells: &[Measured],
        samples: &Samples,
        from: &FromSamples,
        columns: (&str, &str),
        values: &'a [Vec<f64>],
        work: f64,
    ) -> Option<Precisions<'a>> {
        let mut runs = group.members.iter().flat_map(|member| &member.runs);
        let lengths = runs.find_map(|run| samples.scores(run.cell, from, columns.0))?.lengths;
        let strata = Strata::new(lengths).ok()?;
        let runs: usize = group.members.iter().map(|member| member.runs.len()).sum();
        // A pair takes about ten times as long here as in a mean.
        let resamples = (work / 10.0 / (runs * strata.samples()) as f64) as usize;
        let resamples = resamples.min(MOST_RESAMPLES);
        if resamples < FEWEST_RESAMPLES || strata.samples() < FEWEST_SAMPLES {
            return None;
        }
        let ranges: Vec<Range<usize>> = strata.ranges().collect();
        let bootstrap = Bootstrap {
            resamples,
            confidence: CONFIDENCE,
            method: Method::Percentile,
            ..Bootstrap::default()
        };
        let of_member = |member: &Member| {
            let read = |run: &crate::leaderboards::group::Run| {
                run.of(cells).from_samples.as_ref()?;
                let distances = samples.scores(run.cell, from, columns.0)?.values;
                let same = samples.scores(run.cell, from, columns.1)?.values;
                Some((distances, same))
            };
            let Some(read) = member.runs.iter().map(read).collect::<Option<Vec<_>>>() else {
                return (None, 0);
            };
            let nan =
                read.iter().flat_map(|(distances, _)| distances.iter()).filter(|d| !d.is_finite()).count();
            let ordered: Vec<Vec<Ordered>> = read
                .iter()
                .map(|(distances, same)| {
                    let part =
                        |range: &Range<usize>| Ordered::new(&distances[range.clone()], &same[range.clone()]);
                    ranges.iter().map(part).collect()
                })
                .collect();
            let taken = RefCell::new(Vec::with_capacity(resamples + 1));
            let statistic = |counts: &[u32]| {
                let of_run = |parts: &Vec<Ordered>| {
                    let of_parts =
                        parts.iter().zip(&ranges).map(|(part, range)| part.precision(&counts[range.clone()]));
                    of_parts.sum::<f64>() / parts.len() as f64
                };
                let value = ordered.iter().map(of_run).sum::<f64>() / ordered.len() as f64;
                taken.borrow_mut().push(value);
                value
            };
            let interval = if nan == 0 { bootstrap.statistic(&strata, statistic).ok() } else { None };
            let resampled = interval.map(|interval| Resampled {
                interval: [interval.low, interval.high],
                estimate: interval.estimate,
                // The first one is the estimate.
                values: taken.into_inner().split_off(1),
            });
            (resampled, nan as u64)
        };
        let (contenders, nan): (Vec<_>, Vec<_>) = group.members.par_iter().map(of_member).unzip();
        contenders.iter().any(Option::is_some).then_some(Precisions { contenders, nan, values, resamples })
    }

    /// Values of a contender's repetitions, if there are enough to say how much they vary.
    fn repetitions(&self, contender: usize) -> Option<&'a [f64]> {
        let values = self.values[contender].as_slice();
        (values.len() >= FEWEST_REPETITIONS).then_some(values)
    }

    /// With the variance of resampled values and those of contenders that were repeated.
    fn estimate(&self, value: f64, resampled: &[f64], contenders: &[usize]) -> Option<Estimate> {
        let center = mean(resampled);
        let squares: f64 = resampled.iter().map(|value| (value - center).powi(2)).sum();
        let mut estimate = Estimate::new(value).of_variance(squares / (resampled.len() - 1) as f64).ok()?;
        for &contender in contenders {
            if let Some(values) = self.repetitions(contender) {
                estimate = estimate.of_repetitions(values).ok()?;
            }
        }
        Some(estimate)
    }
}

impl Evidence for Precisions<'_> {
    fn interval(&self, contender: usize) -> Option<[f64; 2]> {
        let resampled = self.contenders[contender].as_ref()?;
        if self.repetitions(contender).is_none() {
            return Some(resampled.interval);
        }
        let estimate = self.estimate(resampled.estimate, &resampled.values, &[contender])?;
        let interval = estimate.interval(CONFIDENCE).ok()?;
        Some([interval.low, interval.high])
    }

    fn pair(&self, first: usize, second: usize) -> Option<Pair> {
        let (a, b) = (self.contenders[first].as_ref()?, self.contenders[second].as_ref()?);
        let difference = a.estimate - b.estimate;
        let differences: Vec<f64> = a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect();
        let (interval, test, p) = if self.repetitions(first).is_none() && self.repetitions(second).is_none() {
            // As in the crate's `BootstrappedMeans::difference`: the share of centred differences that are as large.
            let distance = difference.abs() * (1.0 - 1e-9);
            let as_far = differences.iter().filter(|value| (*value - difference).abs() >= distance).count();
            let p = (1 + as_far) as f64 / (1 + differences.len()) as f64;
            (percentile(difference, &differences, CONFIDENCE).ok()?, "paired-bootstrap", p)
        } else {
            let estimate = self.estimate(difference, &differences, &[first, second])?;
            (estimate.interval(CONFIDENCE).ok()?, "paired-t", estimate.p_value())
        };
        Some(Pair {
            networks: [first, second],
            difference,
            interval: Some([interval.low, interval.high]),
            test: test.to_owned(),
            p: Some(p),
            p_alone: Some(p),
            ..Pair::default()
        })
    }

    fn blocks(&self) -> Option<Vec<Vec<f64>>> {
        None
    }

    fn nan(&self, contender: usize) -> u64 {
        self.nan[contender]
    }

    fn method(&self) -> String {
        let repeated = (0..self.values.len()).any(|contender| self.repetitions(contender).is_some());
        let also = if repeated {
            "; of what was repeated, t intervals and tests with the variances of both resamples and repetitions"
        } else {
            ""
        };
        format!(
            "Average precision computed anew on {} resamples of the pairs, the same for all: percentile intervals, and \
             paired bootstrap tests{also}",
            self.resamples
        )
    }

    fn remark(&self) -> Option<&'static str> {
        self.values.iter().any(|values| values.len() == 2).then_some(TWO_REPETITIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_precision_equals_the_published_code_s_and_counts_stand_for_copies() {
        // voc_ap of the LPIPS repository, in NumPy.
        let (distances, same) = ([0.3, 0.1, 0.4, 0.2, 0.9, 0.5], [1.0, 0.666, 0.0, 0.333, 0.0, 1.0]);
        let once = Ordered::new(&distances, &same);
        assert!((once.precision(&[1; 6]) - 0.644_148_160_497_943_8).abs() < 1e-12);
        let copies = Ordered::new(&[0.3, 0.3, 0.4, 0.2, 0.2, 0.2], &[1.0, 1.0, 0.0, 0.333, 0.333, 0.333]);
        let counted = once.precision(&[2, 0, 1, 3, 0, 0]);
        assert!((copies.precision(&[1; 6]) - counted).abs() < 1e-12);
        assert!(once.precision(&[0, 0, 1, 0, 1, 0]).is_nan());
    }
}
