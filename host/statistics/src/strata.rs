//! Samples that come in groups.

use std::ops::Range;

use crate::{StatisticsError, check};

/// How samples that stand one behind the other fall into groups, such as the splits of a dataset.
///
/// Groups are resampled each for itself, and each counts the same in a mean, however many samples it has: so the mean
/// over BAPPS's six validation splits (`val/mean`) is computed (Zhang et al., CVPR 2018).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strata {
    lengths: Vec<usize>,
}

impl Strata {
    /// Groups of these sizes, one behind the other; each has at least two samples.
    pub fn new(lengths: Vec<usize>) -> Result<Strata, StatisticsError> {
        check::enough("a bootstrap", lengths.len(), 1)?;
        for length in &lengths {
            check::enough("each group of samples", *length, 2)?;
        }
        if let Some(length) = lengths.iter().find(|length| u32::try_from(**length).is_err()) {
            return Err(StatisticsError::Parameter {
                name: "the number of samples in a group",
                value: *length as f64,
                range: "below 2³²",
            });
        }
        Ok(Strata { lengths })
    }

    /// One group of `samples` samples, at least two.
    pub fn single(samples: usize) -> Result<Strata, StatisticsError> {
        Strata::new(vec![samples])
    }

    /// Number of samples in all groups.
    pub fn samples(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Number of groups, at least one.
    pub fn groups(&self) -> usize {
        self.lengths.len()
    }

    /// Where the samples of each group stand.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.lengths.iter().scan(0, |start, length| {
            let range = *start..*start + length;
            *start = range.end;
            Some(range)
        })
    }
}
