//! The triplets on which judgements and distances disagree most.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::protocol::report::SampleRows;

use super::recorded::column;
use crate::image::number;

/// A triplet whose images its judgement orders in another way than the distances.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Disagreement {
    /// |judge - choice| · |d0 - d1| / (d0 + d1), in [0, 1], where choice is 1 if d1 is smaller and 0 if d0 is.
    weight: f64,
    /// Position in the split.
    pub(super) index: usize,
    id: String,
    judge: f64,
    d0: f64,
    d1: f64,
}

impl Disagreement {
    /// What the judgement is, and what the distances are, in a few words. `people`: whether people were asked for it.
    pub(super) fn caption(&self, people: bool) -> String {
        // The judgement is for the one, the distances for the other.
        let (share, chosen) = if self.judge > 0.5 { (self.judge, "p1") } else { (1.0 - self.judge, "p0") };
        let judgement = match (people, share < 1.0) {
            (true, _) => format!("{:.0} % of people chose {chosen}", share * 100.0),
            (false, true) => format!("the given answer is {chosen} by {:.0} %", share * 100.0),
            (false, false) => format!("the given answer is {chosen}"),
        };
        format!("{}: {judgement}; distances {} to p0, {} to p1", self.id, number(self.d0), number(self.d1))
    }
}

/// The triplets of a split on which judgements and distances disagree most, the worst first: only so many are kept.
///
/// Undecided judgements (0.5) are left out, as are equal distances: nobody is wrong there.
#[derive(Debug, Default)]
pub(super) struct Disagreements {
    most: usize,
    /// Triplets seen so far.
    seen: usize,
    worst: Vec<Disagreement>,
}

impl Disagreements {
    /// Keeps `most` triplets.
    pub(super) fn new(most: usize) -> Disagreements {
        Disagreements { most, seen: 0, worst: Vec::new() }
    }

    /// Takes the scores of the next triplets of the split. Fails if a column is missing.
    pub(super) fn add(&mut self, rows: &SampleRows) -> Result<(), PluginError> {
        let (d0, d1, judge) = (column(rows, "d0")?, column(rows, "d1")?, column(rows, "judge")?);
        let first = self.seen;
        self.seen += rows.len();
        if self.most == 0 {
            return Ok(());
        }
        for (row, id) in rows.ids.iter().enumerate() {
            let (d0, d1, judge) = (d0[row], d1[row], judge[row]);
            let choice = if d1 < d0 { 1.0 } else { 0.0 };
            let distance = (judge - choice).abs();
            // Not more than half of a judgement against it is not a disagreement.
            let weight = if distance > 0.5 { distance * (d0 - d1).abs() / (d0 + d1) } else { 0.0 };
            let kept_with_less = self.worst.partition_point(|kept| kept.weight >= weight);
            if weight > 0.0 && kept_with_less < self.most {
                let found = Disagreement { weight, index: first + row, id: id.clone(), judge, d0, d1 };
                self.worst.insert(kept_with_less, found);
                self.worst.truncate(self.most);
            }
        }
        Ok(())
    }

    /// Those that are kept.
    pub(super) fn worst(&self) -> &[Disagreement] {
        &self.worst
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lossnet_plugin_api::protocol::report::Column;

    use super::*;

    fn rows(first: usize, triplets: &[(f64, f64, f64)]) -> SampleRows {
        let column = |name: &str, values: Vec<f64>| Column { name: name.to_owned(), values };
        SampleRows {
            split: "val".to_owned(),
            groups: vec![String::new(); triplets.len()],
            ids: (first..first + triplets.len()).map(|index| format!("t{index}")).collect(),
            columns: vec![
                column("d0", triplets.iter().map(|triplet| triplet.0).collect()),
                column("d1", triplets.iter().map(|triplet| triplet.1).collect()),
                column("judge", triplets.iter().map(|triplet| triplet.2).collect()),
            ],
        }
    }

    /// d0, d1, judge; what each weighs.
    const TRIPLETS: [(f64, f64, f64); 8] = [
        (1.0, 3.0, 0.0), // agreed
        (1.0, 3.0, 0.8), // 0.8 · 0.5 = 0.4
        (3.0, 1.0, 0.0), // 1.0 · 0.5 = 0.5
        (9.0, 1.0, 0.5), // undecided
        (2.0, 2.0, 1.0), // equal
        (1.0, 3.0, 0.8), // 0.4 again
        (0.0, 0.0, 1.0), // equal, and none
        (3.0, 2.0, 0.0), // 1.0 · 0.2 = 0.2
    ];

    #[test]
    fn the_worst_come_first_whatever_the_batches() {
        for batch in [1, 3, 8] {
            for (most, expected) in [(9, &[2, 1, 5, 7][..]), (2, &[2, 1]), (0, &[])] {
                let mut found = Disagreements::new(most);
                for (number, triplets) in TRIPLETS.chunks(batch).enumerate() {
                    found.add(&rows(number * batch, triplets)).unwrap();
                }
                let indices: Vec<usize> = found.worst.iter().map(|found| found.index).collect();
                assert_eq!(indices, expected, "{most} in batches of {batch}");
                assert!(found.worst.iter().all(|found| found.id == format!("t{}", found.index)));
            }
        }
        let mut found = Disagreements::new(1);
        found.add(&rows(0, &TRIPLETS[1..2])).unwrap();
        assert!((found.worst[0].weight - 0.4).abs() < 1e-12, "{}", found.worst[0].weight);
    }

    #[test]
    fn a_caption_tells_who_chose_what() {
        let mut found = Disagreements::new(2);
        found.add(&rows(0, &TRIPLETS[1..3])).unwrap();
        let captions =
            |people| -> Vec<String> { found.worst.iter().map(|found| found.caption(people)).collect() };
        assert_eq!(
            captions(true),
            [
                "t1: 100 % of people chose p0; distances 3.00 to p0, 1.00 to p1",
                "t0: 80 % of people chose p1; distances 1.00 to p0, 3.00 to p1",
            ]
        );
        assert_eq!(
            captions(false),
            [
                "t1: the given answer is p0; distances 3.00 to p0, 1.00 to p1",
                "t0: the given answer is p1 by 80 %; distances 1.00 to p0, 3.00 to p1",
            ]
        );
    }
}
