//! The five kinds of component as their authors see them, and what the host gives to them.

mod backbone;
mod comparison;
mod dataset;
mod run;
mod task;
mod tracker;

pub use backbone::{AnyBackbone, Backbone};
pub use comparison::{AnyComparison, Compare, Comparison};
pub use dataset::{AnyDataset, Dataset, Samples, Services};
pub use run::{LossNetwork, Run};
pub use task::{AnyTask, Task};
pub use tracker::{AnyTracker, Track, TrackedCell, Tracker};

use lossnet_plugin_protocol::{ComponentManifest, Details, Kind, PluginError};

/// What every component says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The name used in configs: lower case letters, digits, `_` and `-`.
    pub name: String,
    /// One line about it, without a full stop.
    pub summary: String,
    /// Where it was published, if it was.
    pub reference: Option<String>,
}

impl Info {
    /// A name and one line.
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Info { name: name.into(), summary: summary.into(), reference: None }
    }

    /// Where it was published.
    #[must_use]
    pub fn with_reference(self, reference: impl Into<String>) -> Self {
        Info { reference: Some(reference.into()), ..self }
    }

    fn manifest(self, kind: Kind, config_schema: serde_json::Value, details: Details) -> ComponentManifest {
        let details = Details { reference: self.reference, ..details };
        ComponentManifest { kind, name: self.name, summary: self.summary, config_schema, details }
    }
}

/// Components that a plugin registers with [`submit!`](crate::submit): a function that makes them, by kind.
///
/// ```
/// # use lossnet_plugin_api::prelude::*;
/// # struct Mean;
/// # impl Comparison for Mean {
/// #     type Config = NoSettings;
/// #     fn info(&self) -> Info { Info::new("mean", "spatial means") }
/// #     fn build(&self, _: NoSettings) -> Result<Box<dyn Compare>, PluginError> { unimplemented!() }
/// # }
/// submit! { Components::Comparisons(|| vec![Box::new(Mean)]) }
/// # fn main() {}
/// ```
pub enum Components {
    /// Networks to take features from.
    Backbones(fn() -> Vec<Box<dyn AnyBackbone>>),
    /// Distances between features.
    Comparisons(fn() -> Vec<Box<dyn AnyComparison>>),
    /// Images.
    Datasets(fn() -> Vec<Box<dyn AnyDataset>>),
    /// What is trained or measured.
    Tasks(fn() -> Vec<Box<dyn AnyTask>>),
    /// Where metrics go.
    Trackers(fn() -> Vec<Box<dyn AnyTracker>>),
}

inventory::collect!(Components);

impl std::fmt::Debug for Components {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Components::Backbones(_) => Kind::Backbone,
            Components::Comparisons(_) => Kind::Comparison,
            Components::Datasets(_) => Kind::Dataset,
            Components::Tasks(_) => Kind::Task,
            Components::Trackers(_) => Kind::Tracker,
        };
        write!(f, "{kind}s")
    }
}

/// A libtorch exception as a plugin's error: its first line is the message, the rest (a C++ stack) a cause.
/// For `f_*` calls: `x.f_add(&y).map_err(torch_error)?`.
#[expect(clippy::needless_pass_by_value, reason = "made to be given to map_err")]
pub fn torch_error(error: tch::TchError) -> PluginError {
    crate::guard::torch_failure(&error.to_string())
}
