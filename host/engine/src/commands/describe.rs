//! A backbone's description.

use lossnet_core::engine_protocol::{ComponentRef, Configured};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::graph::Graph;
use serde_json::Value;

use crate::registry;

/// Asks the backbone's plugin for it.
pub(super) fn describe(component: ComponentRef, config: Value) -> Result<Graph, PluginError> {
    let Value::Object(config) = config else {
        return Err(PluginError::input("a backbone's settings are a table"));
    };
    registry::describe(&Configured { component, config })
}
