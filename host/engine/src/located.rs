//! Errors with the component in which they arose.

use lossnet_plugin_api::abi::LoadedPlugin;
use lossnet_plugin_protocol::{ErrorKind, Kind, PluginError, PluginManifest};

/// A component as errors name it.
pub(crate) fn place(kind: Kind, name: &str, plugin: &LoadedPlugin) -> String {
    let PluginManifest { name: of, version, .. } = plugin.manifest();
    format!("in {kind} `{name}` of {of} {version}")
}

/// An error with the place where it arose, unless it says already which component it is of, or is not about what was done.
pub(crate) fn located(error: PluginError, place: &str) -> PluginError {
    let is_placed = Kind::ALL.iter().any(|kind| error.message.starts_with(&format!("in {} `", kind.name())));
    if error.kind == ErrorKind::Interrupted || is_placed { error } else { error.context(place) }
}
