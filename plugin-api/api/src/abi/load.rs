//! The host's side: loads a plugin from its file and gives its components back as ordinary values.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use abi_stable::library::{LibraryError, lib_header_from_path};
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::manifest::Incompatible;
use lossnet_plugin_protocol::sample::OpenSplit;
use lossnet_plugin_protocol::{Handshake, PluginError, PluginManifest};
use serde_json::Value;

use super::comparison::import_compare;
use super::data::{from_json, import, to_json};
use super::dataset::{export_services, import_samples};
use super::root::PluginRoot_Ref;
use super::run::export_run;
use super::tracker::import_track;
use crate::component::{Compare, Run, Samples, Services, Track, TrackedCell};

/// Why a file could not be loaded as a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The dynamic loader refused the file.
    #[error("it is not a shared library that can be loaded here")]
    NotALibrary(#[source] PluginError),
    /// It is a shared library without a plugin's header.
    #[error("it is a shared library but no lossnet plugin: it exports no plugin header (`export_plugin!()`)")]
    NotAPlugin,
    /// It was built against another version of the contract.
    #[error(
        "it was built for plugin API {plugin} and this lossnet has plugin API {host}: rebuild the plugin against \
         API {host}"
    )]
    ApiVersion {
        /// The plugin's version.
        plugin: String,
        /// The host's version.
        host: String,
    },
    /// Its types are laid out in another way.
    #[error(
        "its types are not laid out as this lossnet's, though the versions agree: rebuild the plugin with \
         lossnet-plugin-api {host} as published"
    )]
    Layout {
        /// The host's version of the contract.
        host: String,
        /// What differs.
        #[source]
        difference: PluginError,
    },
    /// The handshake failed.
    #[error(transparent)]
    Incompatible(#[from] Incompatible),
    /// It failed while it introduced itself.
    #[error("it failed while it was asked what it holds")]
    Manifest(#[source] PluginError),
}

/// A plugin in this process. It stays loaded until the process ends.
pub struct LoadedPlugin {
    path: PathBuf,
    root: PluginRoot_Ref,
    manifest: PluginManifest,
}

impl std::fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedPlugin").field("path", &self.path).finish_non_exhaustive()
    }
}

impl LoadedPlugin {
    /// Loads a plugin and checks, in this order: that it is a library, a plugin, of a version of the contract that
    /// fits, laid out alike, of the same libtorch, and able to say what it holds. libtorch must be in the process
    /// already or be found by the dynamic loader.
    ///
    /// Loading a library runs code of it: the caller decides which files are to be trusted.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_copy(path, path)
    }

    /// As [`load`](Self::load), from a copy of the plugin's file.
    pub fn load_copy(path: &Path, copy: &Path) -> Result<Self, LoadError> {
        // Not `PluginRoot_Ref::load_from_*`: that keeps one module per type, so a second plugin would get the first.
        let header = lib_header_from_path(copy).map_err(library_error)?;
        let root = header.init_root_module::<PluginRoot_Ref>().map_err(library_error)?;
        let theirs: Handshake = from_json(root.handshake()().as_rstr()).map_err(LoadError::Manifest)?;
        theirs.check(&crate::handshake())?;
        let manifest = import(root.manifest()()).map_err(LoadError::Manifest)?;
        let mut manifest: PluginManifest = from_json(manifest.as_rstr()).map_err(LoadError::Manifest)?;
        manifest.refuse_faulty();
        Ok(LoadedPlugin { path: path.to_owned(), root, manifest })
    }

    /// The file it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &PluginManifest {
        &self.manifest
    }

    /// The checked description of a backbone.
    pub fn describe_backbone(&self, name: &str, config: &Value) -> Result<Graph, PluginError> {
        let json = import(self.root.describe_backbone()(name.into(), config.to_string().as_str().into()))?;
        let graph: Graph = from_json(json.as_rstr())?;
        graph.validate()?;
        Ok(graph)
    }

    /// A comparison.
    pub fn build_comparison(&self, name: &str, config: &Value) -> Result<Box<dyn Compare>, PluginError> {
        import(self.root.build_comparison()(name.into(), config.to_string().as_str().into()))
            .and_then(import_compare)
    }

    /// The samples of a dataset's split.
    pub fn open_dataset(
        &self,
        name: &str,
        config: &Value,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let (config, request) = (config.to_string(), to_json(request));
        let open = self.root.open_dataset();
        let services = export_services(services);
        import_samples(import(open(name.into(), config.as_str().into(), request.as_rstr(), services))?)
    }

    /// Runs a task to its end.
    pub fn run_task<R: Run + 'static>(
        &self,
        name: &str,
        config: &Value,
        run: Arc<R>,
    ) -> Result<(), PluginError> {
        import(self.root.run_task()(name.into(), config.to_string().as_str().into(), export_run(run)))
    }

    /// Starts a tracker on a cell.
    pub fn start_tracker(
        &self,
        name: &str,
        config: &Value,
        cell: &TrackedCell,
    ) -> Result<Box<dyn Track>, PluginError> {
        let (config, cell) = (config.to_string(), to_json(cell));
        let start = self.root.start_tracker();
        import(start(name.into(), config.as_str().into(), cell.as_rstr())).map(import_track)
    }
}

fn library_error(error: LibraryError) -> LoadError {
    let host = lossnet_plugin_protocol::API_VERSION.to_owned();
    match error {
        LibraryError::OpenError { err, .. } => LoadError::NotALibrary(PluginError::run(err.to_string())),
        LibraryError::GetSymbolError { .. } => LoadError::NotAPlugin,
        LibraryError::IncompatibleVersionNumber { actual_version, .. } => {
            LoadError::ApiVersion { plugin: actual_version.to_string(), host }
        }
        LibraryError::RootModule { .. } => {
            LoadError::Manifest(PluginError::run("its constructor panicked or gave no module"))
        }
        other => LoadError::Layout { host, difference: PluginError::run(other.to_string()) },
    }
}
