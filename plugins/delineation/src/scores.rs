//! How well predicted lines agree with true ones.

use crate::settings::Protocol;
use crate::tolerance::Mask;

/// Shares of one image, each in [0, 1].
///
/// With the true positives TP, the false positives FP and the false negatives FN among the pixels (Heipke et al., 1997;
/// Wiedemann et al., 1998).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// The share of true pixels that were found: TP / (TP + FN).
    pub completeness: f64,
    /// The share of predicted pixels that are right: TP / (TP + FP).
    pub correctness: f64,
    /// TP / (TP + FP + FN).
    pub quality: f64,
}

impl Shares {
    /// The shares of predicted and true pixels that match within `tolerance` pixels.
    ///
    /// A true pixel is found if a predicted one lies within the tolerance, a predicted one is right if a true one does.
    /// With TP the right predicted pixels, quality is TP / (predicted pixels + true pixels that were not found). A share
    /// of no pixels is 1 where prediction and truth are both empty, since they agree then, and 0 otherwise.
    pub fn new(predicted: &Mask, truth: &Mask, tolerance: f64) -> Shares {
        Shares::near(predicted, truth, &truth.within(tolerance), tolerance)
    }

    /// The same with the pixels near true ones, which don't change from prediction to prediction.
    fn near(predicted: &Mask, truth: &Mask, near_truth: &Mask, tolerance: f64) -> Shares {
        let (positives, truths) = (predicted.count(), truth.count());
        let found = truth.overlap(&predicted.within(tolerance));
        let right = predicted.overlap(near_truth);
        let nothing = if positives + truths == 0 { 1.0 } else { 0.0 };
        let share = |part: usize, whole: usize| if whole == 0 { nothing } else { part as f64 / whole as f64 };
        Shares {
            completeness: share(found, truths),
            correctness: share(right, positives),
            quality: share(right, positives + truths - found),
        }
    }

    fn add(self, other: Shares) -> Shares {
        Shares {
            completeness: self.completeness + other.completeness,
            correctness: self.correctness + other.correctness,
            quality: self.quality + other.quality,
        }
    }

    /// What the published code adds up: it scores each refinement and all before it anew, so that the first of K counts K
    /// times, the last one once.
    pub(crate) fn published_sum(refinements: &[Shares]) -> Shares {
        let again = (1..=refinements.len()).flat_map(|so_far| &refinements[..so_far]);
        again.fold(Shares::default(), |sum, &shares| sum.add(shares))
    }
}

/// The scores of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ImageScores {
    pub(crate) strict: Shares,
    /// The quality of the first refinement.
    pub(crate) first_quality: f64,
    /// The quality if every pixel were predicted.
    pub(crate) constant_quality: f64,
    /// The same within the tolerance, if one is asked for.
    pub(crate) relaxed: Option<(Shares, f64)>,
    /// Whether there is no true or no predicted pixel, so that some share is one of nothing.
    pub(crate) undefined: bool,
    /// The binary cross-entropy after the last refinement.
    pub(crate) bce: f64,
}

impl ImageScores {
    /// The scores of an image by its predictions, refinement by refinement, of which there is one at least: of the last one,
    /// or those that the published code sums.
    pub(crate) fn new(
        predictions: &[Mask],
        truth: &Mask,
        tolerance: f64,
        protocol: Protocol,
        bce: f64,
    ) -> ImageScores {
        let everything = Mask::new(truth.width(), vec![true; truth.pixels().len()]);
        let within = |tolerance: f64| {
            let near_truth = truth.within(tolerance);
            let of = |predicted| Shares::near(predicted, truth, &near_truth, tolerance);
            let shares = match protocol {
                Protocol::Corrected => of(&predictions[predictions.len() - 1]),
                Protocol::Published => Shares::published_sum(&predictions.iter().map(of).collect::<Vec<_>>()),
            };
            (shares, of(&everything).quality)
        };
        let (strict, constant_quality) = within(0.0);
        ImageScores {
            strict,
            first_quality: Shares::near(&predictions[0], truth, truth, 0.0).quality,
            constant_quality,
            relaxed: (tolerance > 0.0).then(|| within(tolerance)),
            undefined: truth.count() == 0 || predictions[predictions.len() - 1].count() == 0,
            bce,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mask drawn with `#`.
    fn mask(rows: &[&str]) -> Mask {
        Mask::new(rows[0].len(), rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect())
    }

    fn shares(completeness: f64, correctness: f64, quality: f64) -> Shares {
        Shares { completeness, correctness, quality }
    }

    #[test]
    fn shares_are_counted_by_pixel() {
        let truth = mask(&["####", "...."]);
        let predicted = mask(&["##..", "...#"]);
        // TP 2, FN 2, FP 1.
        assert_eq!(Shares::new(&predicted, &truth, 0.0), shares(0.5, 2.0 / 3.0, 0.4));
        assert_eq!(Shares::new(&truth, &truth, 0.0), shares(1.0, 1.0, 1.0));
    }

    #[test]
    fn a_line_one_pixel_beside_the_true_one_is_right_within_a_tolerance() {
        let truth = mask(&[".....", "#####", "....."]);
        let predicted = mask(&["####.", ".....", "....."]);
        assert_eq!(Shares::new(&predicted, &truth, 0.0), shares(0.0, 0.0, 0.0));
        // The last true pixel is √2 away from the last predicted one.
        assert_eq!(Shares::new(&predicted, &truth, 1.0), shares(0.8, 1.0, 0.8));
        assert_eq!(Shares::new(&predicted, &truth, 1.5), shares(1.0, 1.0, 1.0));
    }

    #[test]
    fn nothing_agrees_with_nothing_and_with_nothing_else() {
        let (empty, some) = (mask(&["..", ".."]), mask(&["#.", ".."]));
        assert_eq!(Shares::new(&empty, &empty, 0.0), shares(1.0, 1.0, 1.0));
        assert_eq!(Shares::new(&some, &empty, 2.0), shares(0.0, 0.0, 0.0));
        assert_eq!(Shares::new(&empty, &some, 2.0), shares(0.0, 0.0, 0.0));
    }

    #[test]
    fn the_last_refinement_counts_or_the_published_sum_of_all() {
        let truth = mask(&["#.", "#."]);
        let steps = [mask(&["##", "##"]), mask(&["#.", ".."])];
        let last = ImageScores::new(&steps, &truth, 0.0, Protocol::Corrected, 0.0);
        assert_eq!(last.strict, shares(0.5, 1.0, 0.5));
        assert_eq!((last.first_quality, last.constant_quality), (0.5, 0.5));
        assert!(last.relaxed.is_none() && !last.undefined);
        let all = ImageScores::new(&steps, &truth, 1.0, Protocol::Published, 0.0);
        // Twice the first one's and once the last one's.
        assert_eq!(all.strict, shares(2.5, 2.0, 1.5));
        // Everything is within a pixel of the truth, and all of the truth within one of the second prediction.
        assert_eq!(all.relaxed, Some((shares(3.0, 3.0, 3.0), 1.0)));
        assert!(ImageScores::new(&steps, &mask(&["..", ".."]), 0.0, Protocol::Corrected, 0.0).undefined);
    }
}
