//! "Later layers are better", or are not.

use serde::Deserialize;

use super::compare::interval;
use crate::claims::column::Column;
use crate::claims::items::Items;
use crate::claims::verdict::{Bounds, Finding, with_interval};
use lossnet_statistics::spearman;

/// Spearman's correlation of the layer's depth with the score, within each backbone and then averaged over backbones, lies
/// within bounds. 1: the deeper, the better, in all backbones.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::claims) struct LayerTrend {
    at_least: Option<f64>,
    at_most: Option<f64>,
}

impl LayerTrend {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { at_least: self.at_least, at_most: self.at_most }
    }

    pub(super) fn judge(&self, items: &Items<'_>) -> Finding {
        let mut trends = Vec::new();
        let mut last_is_best = 0;
        for (_, of_backbone) in items.by(&[Column::of_backbone()]) {
            let mut of_series = Vec::new();
            for board in of_backbone.by_board() {
                for (_, series) in board.by(&[Column::of_weights(), Column::of_comparison()]) {
                    let layers =
                        series.iter().filter_map(|item| Some((item.layer_position? as f64, item.score)));
                    let (positions, scores): (Vec<f64>, Vec<f64>) = layers.unzip();
                    // Too few layers, or the same score for all.
                    if let Ok(trend) = spearman(&positions, &scores, crate::leaderboards::CONFIDENCE) {
                        let deepest = positions.iter().copied().fold(0.0, f64::max);
                        let best = series.best().layer_position.map(|position| position as f64);
                        of_series.push((trend.interval.estimate, best == Some(deepest)));
                    }
                }
            }
            if !of_series.is_empty() {
                let sum: f64 = of_series.iter().map(|(trend, _)| trend).sum();
                trends.push(sum / of_series.len() as f64);
                last_is_best +=
                    usize::from(of_series.iter().filter(|(_, best)| *best).count() * 2 > of_series.len());
            }
        }
        match interval(&trends) {
            Some(found) => Finding::new(
                self.bounds().judge(&found),
                format!(
                    "Spearman's ρ of depth and score within {} backbones: {} on average; the last layer is mostly best in \
                     {last_is_best} of them",
                    trends.len(),
                    with_interval(&found)
                ),
            ),
            None => Finding::no_data(
                "a trend over layers needs two backbones with four layers each, one at a time",
            ),
        }
    }
}
