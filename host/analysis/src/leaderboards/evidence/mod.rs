//! How sure the scores of a board are, and which of them differ.

mod means;
mod precision;
mod repetitions;

use lossnet_plugin_protocol::report::SampleStatistic;

use super::Measured;
use super::group::Group;
use super::scores::Samples;
use crate::report::data::Pair;

pub(super) use means::Means;
pub(super) use precision::Precisions;
pub(super) use repetitions::Repetitions;

/// With fewer samples intervals over them say more than is known, and no test can find a difference.
const FEWEST_SAMPLES: usize = 5;

/// With fewer repetitions nothing is made of how much they vary.
const FEWEST_REPETITIONS: usize = 3;

/// What is left out where there are two repetitions.
const TWO_REPETITIONS: &str = "Two repetitions are too few to estimate how much scores change with the seed: intervals and tests of \
     those are over the samples alone, and leave that out.";

/// What is known of a board's contenders, by position on the board.
pub(super) trait Evidence: Sync {
    /// The interval of a contender's score.
    fn interval(&self, contender: usize) -> Option<[f64; 2]>;

    /// The comparison of two contenders, its p value not yet corrected.
    fn pair(&self, first: usize, second: usize) -> Option<Pair>;

    /// The scores of blocks that all contenders have: blocks × contenders. None where some contender lacks them.
    fn blocks(&self) -> Option<Vec<Vec<f64>>>;

    /// Number of samples of a contender whose score is not a number.
    fn nan(&self, contender: usize) -> u64;

    /// How intervals and tests were made, without the full stop.
    fn method(&self) -> String;

    /// Why nothing is said of samples, in a part of a sentence.
    fn why_without_samples(&self) -> Option<&'static str> {
        None
    }

    /// What else there is to know of them, in a sentence.
    fn remark(&self) -> Option<&'static str> {
        None
    }
}

/// A contender's values, one for each repetition.
pub(super) fn values(group: &Group, cells: &[Measured]) -> Vec<Vec<f64>> {
    let of = |member: &super::group::Member| member.runs.iter().map(|run| run.of(cells).value).collect();
    group.members.iter().map(of).collect()
}

/// Calls `use_evidence` with the best evidence that there is for a board: samples, else repetitions.
///
/// `work` bounds the bootstrap: about so many scores are added up.
pub(super) fn with<T>(
    group: &Group,
    cells: &[Measured],
    samples: &Samples,
    work: f64,
    use_evidence: impl FnOnce(&dyn Evidence) -> T,
) -> T {
    let values = values(group, cells);
    let why = match group.from_samples.as_ref().map(|from| (from, &from.statistic)) {
        Some((from, SampleStatistic::Mean { column })) => {
            let read = means::Read::new(group, cells, samples, from, column);
            match read.strata() {
                Some(strata) if read.is_any() && strata.samples() >= FEWEST_SAMPLES => {
                    let range = match group.range {
                        [Some(lowest), Some(highest)] => Some([lowest, highest]),
                        _ => None,
                    };
                    return use_evidence(&Means::new(&read, &strata, &values, range, work));
                }
                _ => read.why_not(),
            }
        }
        Some((from, SampleStatistic::AveragePrecision { distance, same })) => {
            let precisions = Precisions::new(group, cells, samples, from, (distance, same), &values, work);
            if let Some(precisions) = precisions {
                return use_evidence(&precisions);
            }
            "the distances of single pairs can't be read, are not numbers, or are fewer than five or too many"
        }
        Some(_) => "this lossnet does not know the way in which the results come from samples",
        None => "the results don't say how they come from samples",
    };
    use_evidence(&Repetitions::new(&values, why))
}
