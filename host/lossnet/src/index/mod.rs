//! Which plugins there are and what they hold.
//!
//! Plugins are shared libraries in the folders of a [`SearchPath`]. What a plugin says of itself is kept in the
//! user's cache folder, so that names and settings can be looked up without loading it (or libtorch); it is asked
//! again once its file has changed.

mod ask;
mod cache;
mod discover;
mod trust;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lossnet_analysis::leaderboards::{About, Measured};
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::{PluginError, PluginManifest};

pub(crate) use ask::{Asked, ask};
pub use discover::{SearchError, SearchPath};
pub use trust::Untrusted;

use cache::{Cache, Kept};
use lossnet_core::engine_protocol::Indexed;
use lossnet_plan::catalog::{Catalog, CatalogProblem, CataloguedPlugin};

/// The plugins of a search path.
#[derive(Debug)]
pub struct Index {
    /// The components of all plugins that can be used.
    pub catalog: Catalog,
    /// The files and folders that can't be used, and names claimed twice.
    pub problems: Vec<Problem>,
    cache: Cache,
}

/// Something that keeps plugins from being used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Others may write to it.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// It can't be loaded, or does not fit.
    #[error(transparent)]
    Refused(PluginError),
    /// A component of a plugin can't be used; the others can.
    #[error("{error}")]
    Component {
        /// The plugin's file.
        plugin: PathBuf,
        /// What is wrong.
        error: PluginError,
    },
    /// A name is claimed by several plugins.
    #[error(transparent)]
    Catalog(#[from] CatalogProblem),
}

/// Loads plugins and says what they hold, in the order of the files: another process, unless in a test.
pub type Inspect<'a> = &'a mut dyn FnMut(&[PathBuf]) -> Result<Vec<Indexed>, PluginError>;

impl Index {
    /// Finds the plugins of a search path. `inspect` is called with those that are new or have changed, if any.
    ///
    /// Fails if `inspect` does; a plugin that can't be used is one of the [`problems`](Index::problems).
    pub fn build(
        search: &SearchPath,
        cache_folder: &Path,
        inspect: Inspect<'_>,
    ) -> Result<Index, PluginError> {
        let cache = Cache::new(cache_folder);
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for file in search.files() {
            match trust::check(&file) {
                Ok(()) => files.push(file),
                Err(untrusted) => problems.push(Problem::Untrusted(untrusted)),
            }
        }

        let mut manifests: BTreeMap<&Path, PluginManifest> = BTreeMap::new();
        let mut unknown: Vec<PathBuf> = Vec::new();
        for file in &files {
            match cache.answer(file) {
                Some(Kept::Plugin(manifest)) => drop(manifests.insert(file, *manifest)),
                Some(Kept::Ended(error)) => problems.push(Problem::Refused(error)),
                None => unknown.push(file.clone()),
            }
        }
        if !unknown.is_empty() {
            let answers = inspect(&unknown)?;
            for (file, answer) in unknown.iter().zip(answers) {
                match answer {
                    Indexed::Plugin { manifest, graphs } => {
                        cache.keep(file, &manifest, &graphs);
                        let file = files.iter().find(|known| *known == file).unwrap_or(file);
                        manifests.insert(file, *manifest);
                    }
                    Indexed::Refused(error) => problems.push(Problem::Refused(error)),
                    Indexed::Ended(error) => {
                        cache.keep_away(file, &error);
                        problems.push(Problem::Refused(error));
                    }
                }
            }
        }

        for (file, manifest) in &manifests {
            problems.extend(manifest.refused.iter().map(|refused| Problem::Component {
                plugin: file.to_path_buf(),
                error: refused.error.clone(),
            }));
        }
        let plugins = files.iter().filter_map(|file| {
            let manifest = manifests.remove(file.as_path())?;
            Some(CataloguedPlugin { path: file.clone(), manifest })
        });
        let (catalog, claimed) = Catalog::new(plugins.collect(), search.folders().to_vec());
        problems.extend(claimed.into_iter().map(Problem::Catalog));
        Ok(Index { catalog, problems, cache })
    }

    /// The description of a backbone with its default settings, as it was when its plugin was last asked.
    pub fn graph(&self, backbone: &str) -> Option<Graph> {
        let plugin = self.catalog.plugin_of(lossnet_plugin_protocol::Kind::Backbone, backbone)?;
        self.cache.graph(plugin, backbone)
    }

    /// What the plugins say of the components of some results.
    pub fn about(&self, cells: &[Measured]) -> About {
        About::new(&self.catalog, &|backbone| self.graph(backbone), cells)
    }
}
