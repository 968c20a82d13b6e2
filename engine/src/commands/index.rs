//! What plugins hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lossnet::engine::protocol::Indexed;
use lossnet_plugin_api::abi::LoadedPlugin;
use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::graph::Graph;
use serde_json::json;

use crate::registry;

/// Loads each file; one that can't be used does not hide the others.
pub(super) fn index(plugins: &[PathBuf]) -> Vec<Indexed> {
    plugins.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Indexed {
    match registry::plugin(path) {
        Ok(plugin) => {
            Indexed::Plugin { manifest: Box::new(plugin.manifest().clone()), graphs: graphs(&plugin) }
        }
        Err(error) => Indexed::Refused(error),
    }
}

/// A backbone that fails with its default settings is left out here: it says why when it is asked for.
fn graphs(plugin: &LoadedPlugin) -> BTreeMap<String, Graph> {
    let backbones = plugin.manifest().components.iter().filter(|held| held.kind == Kind::Backbone);
    backbones
        .filter_map(|held| Some((held.name.clone(), plugin.describe_backbone(&held.name, &json!({})).ok()?)))
        .collect()
}
