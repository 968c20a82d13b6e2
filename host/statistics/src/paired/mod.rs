//! Tests of two networks on the same samples.

mod mcnemar;
mod wilcoxon;

pub use mcnemar::{Mcnemar, mcnemar};
pub use wilcoxon::{SignedRank, Wilcoxon, WilcoxonMethod, Zeros, wilcoxon};
