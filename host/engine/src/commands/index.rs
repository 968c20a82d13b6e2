//! What plugins hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lossnet_core::engine_protocol::Indexed;
use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::manifest::Refused;
use serde_json::json;

use crate::registry;

/// Loads each file; one that can't be used does not hide the others.
pub(super) fn index(plugins: &[PathBuf]) -> Vec<Indexed> {
    plugins.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Indexed {
    let plugin = match registry::plugin(path) {
        Ok(plugin) => plugin,
        Err(error) => return Indexed::Refused(error),
    };
    let mut manifest = plugin.manifest().clone();
    let mut graphs = BTreeMap::new();
    manifest.components.retain(|held| {
        if held.kind != Kind::Backbone {
            return true;
        }
        match registry::describe_with(&plugin, &held.name, &json!({})) {
            Ok(graph) => {
                graphs.insert(held.name.clone(), graph);
                true
            }
            Err(error) => {
                manifest.refused.push(Refused { kind: held.kind, name: held.name.clone(), error });
                false
            }
        }
    });
    Indexed::Plugin { manifest: Box::new(manifest), graphs }
}
