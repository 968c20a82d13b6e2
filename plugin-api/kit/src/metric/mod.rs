//! Metrics of perceptual similarity: measured against judgements of people, and trained on them.
//!
//! Shared by the tasks `metric` and `augmentation`. The judgements are those of Zhang et al., "The Unreasonable
//! Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018: triplets (2AFC) and pairs (JND).

mod disagreements;
mod evaluate;
mod export;
mod jnd;
mod judgement;
mod learn;
mod learned;
mod logit;
mod mask;
mod pictures;
mod pth;
mod recorded;
mod settings;
mod training;
mod two_afc;

pub use evaluate::{Distances, Losses, Scoring, evaluate};
pub use export::{Exported, export};
pub use jnd::Pairs;
pub use judgement::{Judged, Kind, Picture, Prepare, judged, resized, square};
pub use learn::{STAGE, learn, training_defaults};
pub use learned::{LearnedMetric, LearnedOptions};
pub use logit::LogitNetwork;
pub use pictures::{Features, Maps, Pictures};
pub use pth::write_pth;
pub use settings::{Logit, Protocol, Variant, baseline_axes, metric_work};
pub use training::{MetricTrainee, SyncLoss, TripletBatch, triplet_loss};
pub use two_afc::{Means, Triplets};
