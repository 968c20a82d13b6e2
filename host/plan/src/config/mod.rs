//! Configs: layers of settings, checked against what lossnet and the components allow.
//!
//! A config goes through three stages, each a type of its own: [`RawConfig`] (layers put on top of each other,
//! each setting knowing where it was written), [`ResolvedConfig`](lossnet_core::model::ResolvedConfig) (one cell's settings: names looked up, ranges
//! checked, defaults filled in), and [`Plan`](lossnet_core::model::Plan) (the cells of a sweep, in groups). Whatever is
//! wrong is found before anything runs, and all of it is told at once.

mod anatomy;
mod describe;
mod keys;
mod layers;
mod network;
mod origin;
mod paths;
mod raw;
mod schema;
mod sections;
mod slurm;
mod source;
mod surroundings;
mod values;

pub use describe::setting_texts;
pub use keys::{find as find_key, names_in as key_names_in, shown};
pub use layers::is_by_default;
pub use network::{BACKBONE_PRESET, LAYER_PRESETS};
pub use origin::{ConfigError, ConfigErrors, Origin};
pub use raw::{DEFAULTS, ENVIRONMENT_PREFIX, RawConfig};
pub(crate) use raw::{Leaf, View};
pub use schema::SettingsSchema;
pub(crate) use sections::Checker;
pub use slurm::{NoTimeToWork, SlurmSettings};
pub use values::{flatten, flatten_sweep, is_range, shell_value};
