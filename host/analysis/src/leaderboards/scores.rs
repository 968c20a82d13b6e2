//! The scores of samples that boards need.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lossnet_plugin_protocol::report::FromSamples;
use rayon::prelude::*;

use super::Measured;
use super::group::Group;
use lossnet_core::store::{Problem, SampleColumns, StoreError};

/// The scores of the samples of all cells, by cell and split.
#[derive(Debug, Default)]
pub(super) struct Samples {
    cells: Vec<BTreeMap<String, SampleColumns>>,
}

/// One column of the samples that a metric is computed of, part after part.
pub(super) struct Scores<'a> {
    pub(super) values: Cow<'a, [f64]>,
    /// Number of samples of each part.
    pub(super) lengths: Vec<usize>,
}

/// Reads the columns that the metrics of these boards are computed of, several files at once. What can't be read is named, and
/// left out.
pub(super) fn read(cells: &[Measured], groups: &[Group], problems: &mut Vec<String>) -> Samples {
    let mut wanted: Vec<BTreeMap<&str, BTreeSet<&str>>> = vec![BTreeMap::new(); cells.len()];
    for group in groups {
        for run in group.members.iter().flat_map(|member| &member.runs) {
            let Some(from) = &run.of(cells).from_samples else { continue };
            for part in &from.parts {
                let columns = wanted[run.cell].entry(part.split.as_str()).or_default();
                columns.extend(from.statistic.columns());
            }
        }
    }
    let read_cell = |(cell, wanted): (&Measured, &BTreeMap<&str, BTreeSet<&str>>)| {
        let mut found = BTreeMap::new();
        let mut errors: Vec<StoreError> = Vec::new();
        for (split, columns) in wanted {
            let columns: Vec<&str> = columns.iter().copied().collect();
            match cell.folder.sample_columns(split, &columns) {
                Ok(columns) => {
                    found.insert((*split).to_owned(), columns);
                }
                Err(error) => errors.push(error),
            }
        }
        (found, errors)
    };
    let mut samples = Samples::default();
    let read: Vec<_> = cells.par_iter().zip(&wanted).map(read_cell).collect();
    for (found, errors) in read {
        samples.cells.push(found);
        problems.extend(errors.into_iter().map(|error| {
            let error = Problem::Unreadable(error);
            format!("the scores of samples can't be read, so their metrics have no intervals: {error}")
        }));
    }
    samples
}

impl Samples {
    /// A number that tells whether two cells' samples of a metric are the same. None if some of them are not there.
    pub(super) fn fingerprint(&self, cell: usize, from: &FromSamples) -> Option<u64> {
        from.parts.iter().try_fold(0_u64, |all, part| {
            let columns = self.cells[cell].get(&part.split)?;
            columns.places(part.group.as_deref())?;
            Some(all.rotate_left(7) ^ columns.fingerprint(part.group.as_deref()))
        })
    }

    /// A column of a metric's samples. None if some of them, or the column, are not there.
    pub(super) fn scores(&self, cell: usize, from: &FromSamples, column: &str) -> Option<Scores<'_>> {
        let parts = from.parts.iter().map(|part| {
            let columns = self.cells[cell].get(&part.split)?;
            let places = columns.places(part.group.as_deref())?;
            Some((&part.split, places, columns.column(column)?))
        });
        let parts: Vec<_> = parts.collect::<Option<_>>()?;
        let lengths = parts.iter().map(|(_, places, _)| places.len()).collect();
        let (first, last) = (parts.first()?, parts.last()?);
        // Groups stand one after the other in a split, so that most means are of one piece.
        let whole = parts.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1.end == pair[1].1.start);
        let values = if whole {
            Cow::Borrowed(first.2.get(first.1.start..last.1.end)?)
        } else {
            Cow::Owned(
                parts.iter().flat_map(|(_, places, column)| &column[places.clone()]).copied().collect(),
            )
        };
        Some(Scores { values, lengths })
    }
}
