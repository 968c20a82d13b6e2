//! Loaded plugins and their components. What a component gives or does wrong is told with its name and its plugin's.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lossnet_core::engine_protocol::{ComponentRef, Configured};
use lossnet_plugin_api::abi::{LoadError, LoadedPlugin};
use lossnet_plugin_api::component::{Compare, Samples, Services};
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::sample::OpenSplit;
use lossnet_plugin_protocol::{ComponentManifest, ErrorKind, Kind, PluginError};
use regex::Regex;
use serde_json::Value;

use crate::checked::{CheckedCompare, CheckedSamples};
use crate::located::place;
use crate::private_copy::PrivateCopy;

/// A library can be loaded once only, so the process has one table of them.
static LOADED: OnceLock<Mutex<HashMap<PathBuf, Arc<LoadedPlugin>>>> = OnceLock::new();

/// The plugin in this file, loaded if it is not yet, from a copy that nobody can change. The caller has checked that the file
/// is to be trusted.
pub fn plugin(path: &Path) -> Result<Arc<LoadedPlugin>, PluginError> {
    let table = LOADED.get_or_init(Mutex::default);
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plugin) = table.get(path) {
        return Ok(Arc::clone(plugin));
    }
    let plugin = Arc::new(load(path)?);
    table.insert(path.to_owned(), Arc::clone(&plugin));
    Ok(plugin)
}

fn load(path: &Path) -> Result<LoadedPlugin, PluginError> {
    let copy = PrivateCopy::of(path).map_err(|error| refused(path, &error))?;
    let loaded = match LoadedPlugin::load_copy(path, &copy.path()) {
        // It may need libraries that lie beside it, which the dynamic loader looks for beside what it loads.
        Err(LoadError::NotALibrary(_)) => LoadedPlugin::load(path),
        loaded => loaded,
    };
    loaded.map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &dyn std::error::Error) -> PluginError {
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
    describe_with(&plugin, &backbone.component.name, &Value::Object(backbone.config.clone()))
}

/// Describes a backbone of this plugin, and checks what the contract's own check can't.
pub(crate) fn describe_with(plugin: &LoadedPlugin, name: &str, config: &Value) -> Result<Graph, PluginError> {
    let described = plugin.describe_backbone(name, config).and_then(|graph| {
        for rename in &graph.renames {
            Regex::new(&rename.pattern).map_err(|error| {
                let pattern = &rename.pattern;
                PluginError::run(format!("the pattern `{pattern}` of a renaming is not a regular expression"))
                    .with_source(&error)
            })?;
        }
        Ok(graph)
    });
    described.map_err(|error| error.context(place(Kind::Backbone, name, plugin)))
}

/// Builds a comparison.
pub fn comparison(comparison: &Configured) -> Result<Box<dyn Compare>, PluginError> {
    let name = &comparison.component.name;
    let plugin = holder(&comparison.component, Kind::Comparison)?;
    let place = place(Kind::Comparison, name, &plugin);
    match plugin.build_comparison(name, &Value::Object(comparison.config.clone())) {
        Ok(compare) => Ok(Box::new(CheckedCompare::new(compare, place))),
        Err(error) => Err(error.context(place)),
    }
}

/// Opens a split of a dataset.
pub fn open_dataset(
    dataset: &Configured,
    request: &OpenSplit,
    services: Arc<dyn Services>,
) -> Result<Box<dyn Samples>, PluginError> {
    let name = &dataset.component.name;
    let plugin = holder(&dataset.component, Kind::Dataset)?;
    let place = format!("{}, split `{}`", place(Kind::Dataset, name, &plugin), request.split);
    match plugin.open_dataset(name, &Value::Object(dataset.config.clone()), request, services) {
        Ok(samples) => Ok(Box::new(CheckedSamples::new(samples, place))),
        Err(error) => Err(error.context(place)),
    }
}

/// The plugin that holds a task.
pub fn task(task: &ComponentRef) -> Result<Arc<LoadedPlugin>, PluginError> {
    holder(task, Kind::Task)
}

/// The plugin that holds a tracker.
pub fn tracker(tracker: &ComponentRef) -> Result<Arc<LoadedPlugin>, PluginError> {
    holder(tracker, Kind::Tracker)
}
