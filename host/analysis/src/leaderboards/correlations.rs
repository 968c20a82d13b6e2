//! What goes with a better score.

use lossnet_statistics::{StatisticsError, kendall, pearson, spearman};

use super::CONFIDENCE;
use crate::report::data::{Board, Correlation, Network};

/// Computes a coefficient of x and y with its interval at a confidence.
type Coefficient = fn(&[f64], &[f64], f64) -> Result<lossnet_statistics::Correlation, StatisticsError>;

const COEFFICIENTS: [(&str, Coefficient); 3] =
    [("pearson", pearson), ("spearman", spearman), ("kendall", kendall)];

/// What is known of a network, if it is.
type Fact = fn(&Network) -> Option<f64>;

const FACTS: [(&str, Fact); 4] = [
    ("imagenet_top1", |network| network.imagenet_top1),
    ("parameters", |network| network.parameters.map(|count| count as f64)),
    ("depth", |network| network.depth),
    ("multiply_adds", |network| network.multiply_adds.map(|count| count as f64)),
];

/// The correlations of a board's scores with what is known of its networks, a point for each contender of which it is known.
/// There is none where there are too few points, or all are the same.
pub(super) fn of(board: &Board, networks: &[Network]) -> Vec<Correlation> {
    let mut found = Vec::new();
    for (with, fact) in FACTS {
        let points = board.entries.iter().filter_map(|entry| {
            let value = entry.value?;
            Some((fact(&networks[entry.network])?, board.score(value)))
        });
        let (x, y): (Vec<f64>, Vec<f64>) = points.unzip();
        found.extend(COEFFICIENTS.iter().filter_map(|&(kind, of)| between(with, kind, of, &x, &y)));
    }
    found
}

/// Spearman's and Kendall's correlation of two rankings.
pub(super) fn of_rankings(with: &str, x: &[f64], y: &[f64]) -> Vec<Correlation> {
    COEFFICIENTS[1..].iter().filter_map(|&(kind, of)| between(with, kind, of, x, y)).collect()
}

fn between(with: &str, kind: &str, of: Coefficient, x: &[f64], y: &[f64]) -> Option<Correlation> {
    let found = of(x, y, CONFIDENCE).ok()?;
    let ends = [found.interval.low, found.interval.high];
    Some(Correlation {
        with: with.to_owned(),
        kind: kind.to_owned(),
        value: found.interval.estimate,
        interval: ends.iter().all(|end| end.is_finite()).then_some(ends),
        p: Some(found.p_value),
        count: found.pairs,
        ..Correlation::default()
    })
}
