//! Wilcoxon's signed-rank test.

use serde::Serialize;
use statrs::function::erf::erfc;

use crate::ranks::{ranked, ties};
use crate::{StatisticsError, check};

/// Name of the statistic in errors.
const WHAT: &str = "Wilcoxon's signed-rank test";

/// Differences up to this many are tested exactly, unless asked otherwise: as SciPy does.
const EXACT_UP_TO: usize = 50;

/// What becomes of samples on which the two do not differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zeros {
    /// They are left out before ranking (Wilcoxon 1945).
    #[default]
    Wilcox,
    /// They are ranked, and then their ranks are left out (J. W. Pratt, JASA 54, 1959).
    Pratt,
}

/// How the p value is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WilcoxonMethod {
    /// Exact for up to 50 differences, else normal without correction for continuity (SciPy's default).
    #[default]
    Auto,
    /// From all assignments of signs to the ranks, ties or not.
    Exact,
    /// The normal approximation, with the correction for ties.
    Normal {
        /// Whether half a rank is taken off for continuity.
        continuity: bool,
    },
}

/// How to test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wilcoxon {
    /// Samples without a difference.
    pub zeros: Zeros,
    /// How the p value is computed.
    pub method: WilcoxonMethod,
}

/// The test's result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SignedRank {
    /// Sum of the ranks of positive differences.
    pub positive: f64,
    /// Sum of the ranks of negative differences.
    pub negative: f64,
    /// Number of differences other than zero.
    pub differences: usize,
    /// Whether the p value is exact.
    pub exact: bool,
    /// Two-sided p value; 1 where no sample differs.
    pub p_value: f64,
}

/// Tests whether paired differences are distributed symmetrically about zero (F. Wilcoxon, "Individual comparisons by
/// ranking methods", Biometrics Bulletin 1, 1945), two-sided, as SciPy's `wilcoxon`. At least one difference.
///
/// The exact p value counts the assignments of signs to the ranks at hand. Without ties and zeros it is the usual exact
/// test, with them it is the permutation test of the same statistic (which SciPy does up to 13 differences).
pub fn wilcoxon(differences: &[f64], settings: Wilcoxon) -> Result<SignedRank, StatisticsError> {
    check::enough(WHAT, differences.len(), 1)?;
    check::finite(WHAT, differences)?;
    let kept: Vec<f64> = match settings.zeros {
        Zeros::Wilcox => differences.iter().copied().filter(|difference| *difference != 0.0).collect(),
        Zeros::Pratt => differences.to_vec(),
    };
    let sizes: Vec<f64> = kept.iter().map(|difference| difference.abs()).collect();
    let (ranks, groups) = ranked(&sizes);
    let sum = |sign: f64| -> f64 {
        kept.iter()
            .zip(&ranks)
            .filter(|(difference, _)| **difference * sign > 0.0)
            .map(|(_, rank)| rank)
            .sum()
    };
    let (positive, negative) = (sum(1.0), sum(-1.0));
    let zeros = sizes.iter().filter(|size| **size == 0.0).count();
    let count = kept.len() - zeros;
    if count == 0 {
        return Ok(SignedRank { positive, negative, differences: 0, exact: true, p_value: 1.0 });
    }
    let exact = match settings.method {
        WilcoxonMethod::Auto => count <= EXACT_UP_TO,
        WilcoxonMethod::Exact => true,
        WilcoxonMethod::Normal { .. } => false,
    };
    let p_value = if exact {
        let signed = kept.iter().zip(&ranks).filter(|(difference, _)| **difference != 0.0);
        exact_p_value(signed.map(|(_, rank)| *rank), positive.min(negative))
    } else {
        // Zeros come first and are not ties.
        let tied = ties(if zeros > 0 { &groups[1..] } else { &groups });
        let continuity = settings.method == WilcoxonMethod::Normal { continuity: true };
        normal_p_value(positive, kept.len() as f64, zeros as f64, tied, continuity)
    };
    Ok(SignedRank { positive, negative, differences: count, exact, p_value })
}

/// Twice the share of assignments of signs whose positive ranks add up to at most `smaller`.
fn exact_p_value(ranks: impl Iterator<Item = f64>, smaller: f64) -> f64 {
    // Ranks with ties are multiples of a half: counted in halves they are whole.
    let wanted = (2.0 * smaller).round() as usize;
    // Probability of each sum up to the wanted one.
    let mut sums = vec![0.0; wanted + 1];
    sums[0] = 1.0;
    for rank in ranks {
        let rank = (2.0 * rank).round() as usize;
        for sum in (0..=wanted).rev() {
            let with = if sum >= rank { sums[sum - rank] } else { 0.0 };
            sums[sum] = 0.5 * (sums[sum] + with);
        }
    }
    (2.0 * sums.iter().sum::<f64>()).min(1.0)
}

/// `count` and `zeros` of ranked differences; Pratt's zeros change mean and variance (E. E. Cureton, JASA 62, 1967).
fn normal_p_value(positive: f64, count: f64, zeros: f64, tied: f64, continuity: bool) -> f64 {
    let squares = |n: f64| n * (n + 1.0) * (2.0 * n + 1.0);
    let center = (count * (count + 1.0) - zeros * (zeros + 1.0)) / 4.0;
    let deviation = ((squares(count) - squares(zeros) - tied / 2.0) / 24.0).sqrt();
    let mut distance = (positive - center).abs();
    if continuity && distance > 0.0 {
        distance -= 0.5;
    }
    // A distance of less than half a rank is turned round by the correction; SciPy takes its other sign the same way.
    erfc(distance.abs() / deviation / std::f64::consts::SQRT_2)
}
