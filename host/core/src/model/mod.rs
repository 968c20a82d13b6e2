//! What is run: the settings of a cell, cells, and plans of them.

mod canonical;
mod plan;
mod resolved;
pub mod settings;
mod state;
mod surroundings;
mod table;

pub use canonical::canonical;
pub use plan::{Cell, Group, Plan};
pub use resolved::{
    ComparisonSection, Component, DataSection, ExperimentSection, LossNetworkSection, ResolvedConfig,
    RunSection,
};
pub use settings::{essential, split_names, telling};
pub use state::CellState;
pub use surroundings::Surroundings;
