//! Numbers that say how sure a result is: confidence intervals, paired tests, average ranks, correlations.
//!
//! Plain numbers in, plain numbers out: nothing here reads files, knows loss networks or needs torch. Everything is
//! deterministic: what is drawn is drawn from a seed. Every function says which paper it follows, and its values are
//! checked against SciPy's (`tests/golden`).
//!
//! | question | here |
//! |---|---|
//! | how sure is this score? | [`Bootstrap::means`], [`Bootstrap::statistic`], or in closed form [`mean_interval`] |
//! | … if it can't leave a range, as a share? | [`fraction`], [`Bootstrap::bounded_means`] |
//! | do two networks differ on the same samples? | [`BootstrappedMeans::difference`], [`wilcoxon`], [`mcnemar`] |
//! | how sure is a mean over trainings and samples, or the difference of two? | [`Estimate`] |
//! | … if many pairs are compared? | [`holm`] |
//! | do networks differ over many tasks, and which? | [`friedman()`], [`critical_difference`], [`cliques`] |
//! | … over few tasks? | [`permuted_difference`] |
//! | does one quantity go with another? | [`pearson`], [`spearman`], [`kendall`] |
//!
//! ```
//! use lossnet_statistics::{Bootstrap, Strata};
//!
//! // Scores of the same five images under two loss networks.
//! let (a, b) = ([0.61, 0.70, 0.55, 0.80, 0.64], [0.60, 0.64, 0.51, 0.77, 0.65]);
//! let means = Bootstrap::default().means(&[&a, &b], &Strata::single(5)?)?;
//! let difference = means.difference(0, 1)?;
//! assert!(difference.interval.low > 0.0 && difference.p_value < 0.1);
//! # Ok::<(), lossnet_statistics::StatisticsError>(())
//! ```

mod bootstrap;
mod bounded;
mod check;
mod correlation;
mod error;
mod estimate;
mod friedman;
mod interval;
mod mean;
mod multiple;
mod nemenyi;
mod paired;
mod permuted;
mod ranks;
mod strata;

pub use bootstrap::{Bca, Bootstrap, BootstrappedMeans, Difference, Method, bca, percentile};
pub use bounded::{constant, fraction};
pub use correlation::{Correlation, kendall, pearson, spearman};
pub use error::StatisticsError;
pub use estimate::Estimate;
pub use friedman::{Friedman, friedman};
pub use interval::Interval;
pub use mean::{mean_interval, stratified_mean};
pub use multiple::holm;
pub use nemenyi::{cliques, critical_difference, studentized_range_quantile, studentized_range_tail};
pub use paired::{Mcnemar, SignedRank, Wilcoxon, WilcoxonMethod, Zeros, mcnemar, wilcoxon};
pub use permuted::permuted_difference;
pub use ranks::ranks;
pub use strata::Strata;
