//! Configs: layers of settings, checked against what lossnet and the components allow.
//!
//! A config goes through three stages, each a type of its own: [`RawConfig`] (layers put on top of each other,
//! each setting knowing where it was written), [`ResolvedConfig`] (one cell's settings: names looked up, ranges
//! checked, defaults filled in), and [`Plan`](crate::plan::Plan) (the cells of a sweep, in groups). Whatever is
//! wrong is found before anything runs, and all of it is told at once.

mod describe;
mod keys;
mod layers;
mod network;
mod origin;
mod paths;
mod raw;
mod resolved;
mod schema;
mod sections;
mod slurm;
mod source;
mod surroundings;
mod values;

pub use origin::{ConfigError, ConfigErrors, Origin};
pub use raw::{DEFAULTS, ENVIRONMENT_PREFIX, RawConfig};
pub use resolved::{
    ComparisonSection, Component, DataSection, ExperimentSection, LossNetworkSection, ResolvedConfig,
    RunSection,
};

pub use schema::telling;
pub use surroundings::Surroundings;

pub(crate) use describe::setting_texts;
pub(crate) use keys::{find as find_key, names_in as key_names_in, shown};
pub(crate) use layers::is_by_default;
pub(crate) use network::{BACKBONE_PRESET, LAYER_PRESETS};
pub(crate) use raw::Leaf;
pub(crate) use schema::{SettingsSchema, essential, split_names};
pub(crate) use sections::{Checker, View};
pub(crate) use slurm::{NoTimeToWork, SlurmSettings};
pub(crate) use values::{flatten, flatten_sweep, is_range, shell_value};
