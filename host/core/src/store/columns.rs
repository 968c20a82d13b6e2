//! Some columns of many sample files, read quickly: what statistics need.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::ops::Range;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use super::StoreError;

/// Columns of the scores of a split's samples, sorted by the samples' groups. Samples of a group keep their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleColumns {
    groups: BTreeMap<String, Group>,
    /// By name.
    columns: BTreeMap<String, Vec<f64>>,
    rows: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    rows: Range<usize>,
    /// Made of the samples' ids in order.
    fingerprint: u64,
}

impl SampleColumns {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The places of a group's samples, of all for `None`. None if there is no such group.
    pub fn places(&self, group: Option<&str>) -> Option<Range<usize>> {
        match group {
            Some(group) => self.groups.get(group).map(|group| group.rows.clone()),
            None => Some(0..self.rows),
        }
    }

    /// A column, in the order of the groups' names. None if the file has no such column.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.get(name).map(Vec::as_slice)
    }

    /// A number that is the same for the same samples in the same order, and hardly ever for others. For `None` of all
    /// groups.
    pub fn fingerprint(&self, group: Option<&str>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (name, of_group) in &self.groups {
            if group.is_none_or(|group| group == name) {
                hasher.write(name.as_bytes());
                hasher.write_u64(of_group.fingerprint);
            }
        }
        hasher.finish()
    }
}

/// Reads these columns; one that the file lacks is left out.
pub(super) fn read(path: &Path, names: &[&str]) -> Result<SampleColumns, StoreError> {
    let damaged = |reason: String| StoreError::Damaged { path: path.to_owned(), reason };
    let bytes = fs_err::read(path).map_err(StoreError::read)?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|error| damaged(error.to_string()))?;
    let width = record.len();
    let wanted: Vec<(usize, &str)> = record
        .iter()
        .enumerate()
        .skip(2)
        .filter_map(|(at, name)| Some((at, *names.iter().find(|wanted| wanted.as_bytes() == name)?)))
        .collect();
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    // Groups in order of appearance: name, number of rows, hash of the ids so far. Rows mostly come group by group.
    let mut groups: Vec<(Vec<u8>, usize, DefaultHasher)> = Vec::new();
    let mut row_groups: Vec<u32> = Vec::new();
    while reader.read_byte_record(&mut record).map_err(|error| damaged(error.to_string()))? {
        let row = row_groups.len() + 1;
        if record.len() != width || width < 2 {
            return Err(damaged(format!("row {row} has {} values for {width} columns", record.len())));
        }
        let group = match row_groups.last() {
            Some(&last) if groups[last as usize].0 == record[0] => last as usize,
            _ => groups.iter().position(|(name, ..)| *name == record[0]).unwrap_or_else(|| {
                groups.push((record[0].to_vec(), 0, DefaultHasher::new()));
                groups.len() - 1
            }),
        };
        let (_, count, ids) = &mut groups[group];
        *count += 1;
        ids.write(&record[1]);
        ids.write_u8(0xff);
        row_groups.push(group as u32);
        for (column, (at, name)) in columns.iter_mut().zip(&wanted) {
            let text = std::str::from_utf8(&record[*at]).unwrap_or_default();
            let value =
                text.parse().map_err(|_| damaged(format!("`{name}` of row {row} is not a number")))?;
            column.push(value);
        }
    }
    Ok(sorted(&groups, &row_groups, columns, &wanted))
}

/// Puts rows into the order of their groups' names.
fn sorted(
    groups: &[(Vec<u8>, usize, DefaultHasher)],
    row_groups: &[u32],
    columns: Vec<Vec<f64>>,
    names: &[(usize, &str)],
) -> SampleColumns {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| groups[a].0.cmp(&groups[b].0));
    let mut found = SampleColumns { rows: row_groups.len(), ..SampleColumns::default() };
    let mut starts = vec![0; groups.len()];
    let mut start = 0;
    for &group in &order {
        let (name, count, ids) = &groups[group];
        starts[group] = start;
        let name = String::from_utf8_lossy(name).into_owned();
        found.groups.insert(name, Group { rows: start..start + count, fingerprint: ids.finish() });
        start += count;
    }
    let places: Option<Vec<usize>> =
        (!row_groups.is_sorted_by_key(|&group| starts[group as usize])).then(|| {
            let mut next = starts;
            let place = |&group: &u32| {
                next[group as usize] += 1;
                next[group as usize] - 1
            };
            row_groups.iter().map(place).collect()
        });
    for (values, (_, name)) in columns.into_iter().zip(names) {
        let values = match &places {
            None => values,
            Some(places) => {
                let mut moved = vec![0.0; values.len()];
                places.iter().zip(values).for_each(|(&place, value)| moved[place] = value);
                moved
            }
        };
        found.columns.insert((*name).to_owned(), values);
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(text: &str) -> Result<SampleColumns, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.val.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, &["score", "d"])
    }

    #[test]
    fn samples_are_sorted_by_group_and_keep_their_order_within() {
        let mixed = of("group,id,d0,score\nb,1,9,0.5\na,1,9,0.25\nb,2,9,NaN\na,0,9,1\n").unwrap();
        assert_eq!(mixed.len(), 4);
        let scores = mixed.column("score").unwrap();
        assert_eq!((&scores[..3], scores[3].is_nan()), (&[0.25, 1.0, 0.5][..], true));
        assert_eq!(mixed.column("d"), None);
        assert_eq!((mixed.places(Some("b")), mixed.places(None)), (Some(2..4), Some(0..4)));
        assert_eq!(mixed.places(Some("c")), None);
        let apart = of("group,id,score\na,1,0\na,0,0\nb,1,0\nb,2,0\n").unwrap();
        assert_eq!(apart.fingerprint(None), mixed.fingerprint(None));
        assert_eq!(apart.fingerprint(Some("b")), mixed.fingerprint(Some("b")));
        let others = of("group,id,score\na,1,0\na,0,0\nb,2,0\nb,1,0\n").unwrap();
        assert_eq!(others.fingerprint(Some("a")), mixed.fingerprint(Some("a")));
        assert_ne!(others.fingerprint(None), mixed.fingerprint(None));
    }

    #[test]
    fn what_is_no_table_of_numbers_is_named() {
        let error = of("group,id,score\na,1,0\na,2\n").unwrap_err().to_string();
        assert!(error.contains("row 2") && error.contains("samples.val.csv"), "{error}");
        let error = of("group,id,score\na,1,many\n").unwrap_err().to_string();
        assert!(error.contains("`score` of row 1 is not a number"), "{error}");
        assert!(of("group,id,score\n").unwrap().is_empty());
    }
}
