//! The contract between lossnet and its plugins.
//!
//! A plugin is a shared library that holds any number of components: backbones, comparisons, datasets, tasks and
//! trackers. Its author writes safe Rust against the traits of [`component`], registers each component with
//! [`submit!`] and exports the plugin with [`export_plugin!`]. lossnet finds the library at run time.
//!
//! A whole plugin with one backbone:
//!
//! ```
//! use lossnet_plugin_api::prelude::*;
//!
//! /// Two convolutions, to show the shape of a plugin.
//! struct TwoConvs;
//!
//! impl Backbone for TwoConvs {
//!     type Config = NoSettings;
//!
//!     fn info(&self) -> Info {
//!         Info::new("two_convs", "two convolutions with a ReLU each")
//!     }
//!
//!     fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
//!         let mut net = GraphBuilder::new();
//!         let x = net.conv("conv1", net.input(), Conv2d::new(8, 3).padding(1));
//!         let x = net.relu("relu1", x);
//!         let x = net.conv("conv2", x, Conv2d::new(16, 3).stride(2).padding(1));
//!         net.relu("relu2", x);
//!         net.layers(["relu1", "relu2"]);
//!         Ok(net.finish()?)
//!     }
//! }
//!
//! submit! { Components::Backbones(|| vec![Box::new(TwoConvs)]) }
//! export_plugin!();
//! # fn main() {}
//! ```
//!
//! Tensors are [`tch::Tensor`]s: they cross the boundary as handles to the same tensor, autograd history
//! included. Errors are [`PluginError`]s; a panic or a libtorch exception in a plugin becomes one too.

pub mod abi;
pub mod component;
mod guard;
pub mod settings;

pub use guard::{guard, quietly};
pub use inventory::submit;
pub use lossnet_plugin_protocol as protocol;
pub use lossnet_plugin_protocol::PluginError;
pub use tch;

/// All that a plugin's author needs.
pub mod prelude {
    pub use crate::component::{
        AnyBackbone, AnyComparison, AnyDataset, AnyTask, AnyTracker, Backbone, Compare, Comparison,
        Components, Dataset, Info, LossNetwork, Run, Samples, Services, Task, Track, TrackedCell, Tracker,
        torch_error,
    };
    pub use crate::protocol::graph::{
        BatchNorm2d, Conv2d, Graph, GraphBuilder, GraphError, NodeId, Op, Pool2d,
    };
    pub use crate::protocol::manifest::{MainMetric, Padding, Quantity, SharedAxes, WeightsEntry, Work};
    pub use crate::protocol::report::{
        CellContext, Column, FromSamples, Metric, Progress, Report, RunContext, SampleRows, SampleStatistic,
        Scalar, TestData,
    };
    pub use crate::protocol::sample::{FetchRequest, Field, ImageData, OpenSplit, Sample};
    pub use crate::settings::{NoSettings, Settings};
    pub use crate::{PluginError, export_plugin, submit};
    pub use tch::Tensor;
}

/// The version of libtorch that this crate was built against, such as `2.11.0`.
pub const LIBTORCH_VERSION: &str = env!("LOSSNET_LIBTORCH_VERSION");

/// What this build of the contract needs of the other side.
pub fn handshake() -> protocol::Handshake {
    protocol::Handshake {
        api_version: protocol::API_VERSION.to_owned(),
        libtorch_version: LIBTORCH_VERSION.to_owned(),
        features: Vec::new(),
    }
}
