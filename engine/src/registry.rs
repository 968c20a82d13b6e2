//! Loaded plugins and their components.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lossnet::engine::protocol::{ComponentRef, Configured};
use lossnet_plugin_api::abi::{LoadError, LoadedPlugin};
use lossnet_plugin_api::component::{Compare, Samples, Services};
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::sample::OpenSplit;
use lossnet_plugin_protocol::{ComponentManifest, ErrorKind, Kind, PluginError};
use serde_json::Value;

/// A library can be loaded once only, so the process has one table of them.
static LOADED: OnceLock<Mutex<HashMap<PathBuf, Arc<LoadedPlugin>>>> = OnceLock::new();

/// The plugin in this file, loaded if it is not yet. The caller has checked that the file is to be trusted.
pub fn plugin(path: &Path) -> Result<Arc<LoadedPlugin>, PluginError> {
    let table = LOADED.get_or_init(Mutex::default);
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plugin) = table.get(path) {
        return Ok(Arc::clone(plugin));
    }
    let plugin = Arc::new(LoadedPlugin::load(path).map_err(|error| refused(path, &error))?);
    table.insert(path.to_owned(), Arc::clone(&plugin));
    Ok(plugin)
}

fn refused(path: &Path, error: &LoadError) -> PluginError {
    let message = format!("the plugin {} can't be used: {error}", path.display());
    PluginError::new(ErrorKind::Load, message).with_source(error)
}

/// The plugin that holds a component of this kind.
fn holder(component: &ComponentRef, kind: Kind) -> Result<Arc<LoadedPlugin>, PluginError> {
    let plugin = plugin(&component.plugin)?;
    let held = plugin.manifest().components.iter();
    if held.into_iter().any(|held| held.kind == kind && held.name == component.name) {
        return Ok(plugin);
    }
    Err(PluginError::run(format!(
        "the plugin {} no longer has a {kind} `{}`",
        component.plugin.display(),
        component.name
    ))
    .with_help("run the command again: the list of components is read anew when the file has changed"))
}

/// What a component says of itself.
pub fn manifest(component: &ComponentRef, kind: Kind) -> Result<ComponentManifest, PluginError> {
    let plugin = holder(component, kind)?;
    let mut held = plugin.manifest().components.iter();
    let held = held.find(|held| held.kind == kind && held.name == component.name);
    held.cloned().ok_or_else(|| PluginError::run(format!("there is no {kind} `{}` any more", component.name)))
}

/// Describes a backbone.
pub fn describe(backbone: &Configured) -> Result<Graph, PluginError> {
    let plugin = holder(&backbone.component, Kind::Backbone)?;
    plugin
        .describe_backbone(&backbone.component.name, &Value::Object(backbone.config.clone()))
        .map_err(|error| error.context(format_args!("backbone `{}`", backbone.component.name)))
}

/// Builds a comparison.
pub fn comparison(comparison: &Configured) -> Result<Box<dyn Compare>, PluginError> {
    let plugin = holder(&comparison.component, Kind::Comparison)?;
    plugin
        .build_comparison(&comparison.component.name, &Value::Object(comparison.config.clone()))
        .map_err(|error| error.context(format_args!("comparison `{}`", comparison.component.name)))
}

/// Opens a split of a dataset.
pub fn open_dataset(
    dataset: &Configured,
    request: &OpenSplit,
    services: Arc<dyn Services>,
) -> Result<Box<dyn Samples>, PluginError> {
    let plugin = holder(&dataset.component, Kind::Dataset)?;
    plugin
        .open_dataset(&dataset.component.name, &Value::Object(dataset.config.clone()), request, services)
        .map_err(|error| {
            error.context(format_args!("dataset `{}`, split `{}`", dataset.component.name, request.split))
        })
}

/// The plugin that holds a task.
pub fn task(task: &ComponentRef) -> Result<Arc<LoadedPlugin>, PluginError> {
    holder(task, Kind::Task)
}

/// The plugin that holds a tracker.
pub fn tracker(tracker: &ComponentRef) -> Result<Arc<LoadedPlugin>, PluginError> {
    holder(tracker, Kind::Tracker)
}
