//! What results say: which loss network is best at what, how sure that is, and what goes with it.
//!
//! ```text
//! results ─► contenders   who competes: settings without repetitions       (contenders)
//!         └► boards       what is comparable: task, data, metric, split     (boards)
//!                │
//!   samples ─────┴► evidence   intervals, paired tests, blocks              (evidence)
//!                       └► entries, pairs, ranks, correlations, sentences   (board, ranks, correlations, answers)
//!                              └► what holds over all boards                (overall)
//! ```
//!
//! The numbers are those of the crate `lossnet-statistics`; here is only what they are computed of. All of it is
//! deterministic.

mod about;
mod answers;
mod board;
mod boards;
mod contenders;
mod correlations;
mod evidence;
mod group;
mod overall;
mod pair;
mod ranks;
mod scores;

use crate::report::data::{Board, Network, Overall};
use lossnet_core::store::{CellFolder, CellResult, Found};

pub use about::About;
pub(crate) use boards::{PROTOCOL, measured_by};
pub(crate) use contenders::weights_name;
pub use pair::{PairError, compare};

/// A complete cell and where it is.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What was found.
    pub result: CellResult,
    /// Where the scores of its samples are.
    pub folder: CellFolder,
}

impl From<Found<CellResult>> for Measured {
    fn from(found: Found<CellResult>) -> Measured {
        Measured { result: found.result, folder: found.folder }
    }
}

/// What results say.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The contenders.
    pub networks: Vec<Network>,
    /// For each of the given cells the contender that it is of: a position in [`networks`](Self::networks).
    pub network_of_cell: Vec<usize>,
    /// The leaderboards; of each task and dataset the main one first.
    pub boards: Vec<Board>,
    /// What holds over all tasks.
    pub overall: Overall,
    /// The result in a few sentences, the most important first.
    pub answer: Vec<String>,
    /// What can't be read, was left out or is not comparable, each in one sentence.
    pub problems: Vec<String>,
}

/// Confidence of all intervals.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Level of all tests.
pub(crate) const ALPHA: f64 = 0.05;

/// Analyses results. The scores of samples are read where a metric says that it is computed of them; files that can't be read
/// are named among the [`problems`](Analysis::problems).
pub fn analyze(cells: &[Measured], about: &About) -> Analysis {
    analyze_some(cells, about, &|_, _| true)
}

/// The same of some of the metrics only, by the positions of a cell and of a metric among the cell's; all others are as if they
/// had not been measured, but that they may be baselines.
pub fn analyze_some(cells: &[Measured], about: &About, is_wanted: &dyn Fn(usize, usize) -> bool) -> Analysis {
    let contenders = contenders::of(cells, about);
    let mut problems = Vec::new();
    let kept = contenders::without_repeats(cells, &contenders.of_cell, about, &mut problems);
    let groups = boards::group(cells, &kept, &contenders.of_cell, about, is_wanted, &mut problems);
    let samples = scores::read(cells, &groups, &mut problems);
    let mut groups = boards::split_by_samples(groups, cells, &samples, &mut problems);
    boards::tell_apart(&mut groups, cells);
    let boards = board::all(&groups, cells, &samples, &contenders.networks);
    let overall = overall::of(&boards, &contenders.networks);
    let why = |group: &group::Group| {
        evidence::with(group, cells, &samples, 0.0, |evidence| evidence.why_without_samples())
    };
    let answer = answers::of_all(&boards, &overall, &contenders.networks, &groups, &why);
    Analysis {
        networks: contenders.networks,
        network_of_cell: contenders.of_cell,
        boards,
        overall,
        answer,
        problems,
    }
}
