//! Networks to take features from.

use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::manifest::{ComponentManifest, Details, Kind, WeightsEntry};

use super::Info;
use crate::PluginError;
use crate::settings::{self, Settings};

/// A network that is described, not programmed: the host runs the description.
///
/// See the [crate's example](crate).
pub trait Backbone: Send + Sync {
    /// Its settings; [`NoSettings`](crate::settings::NoSettings) if there are none.
    type Config: Settings;

    /// Its name and one line about it.
    fn info(&self) -> Info;

    /// The network with these settings. Parameter names are those of the published weight files.
    fn describe(&self, config: &Self::Config) -> Result<Graph, PluginError>;

    /// Its published weights, the default one first.
    fn weights(&self) -> Vec<WeightsEntry> {
        Vec::new()
    }

    /// Indices of the layers that arXiv 2302.04032 evaluated, if it evaluated this network.
    fn paper_layers(&self) -> Vec<usize> {
        Vec::new()
    }
}

/// A [`Backbone`] whatever its settings' type is. Implemented for every backbone.
pub trait AnyBackbone: Send + Sync {
    /// What it says of itself.
    fn manifest(&self) -> Result<ComponentManifest, PluginError>;
    /// Its name.
    fn name(&self) -> String;
    /// The network with these settings (JSON).
    fn describe_json(&self, config: &str) -> Result<Graph, PluginError>;
}

impl<T: Backbone> AnyBackbone for T {
    fn manifest(&self) -> Result<ComponentManifest, PluginError> {
        let graph = self.describe(&T::Config::default())?;
        // Before it is written as JSON, which knows no NaN.
        graph.validate()?;
        let details = Details {
            layers: graph.indexed_layers(),
            paper_layers: self.paper_layers(),
            weights: self.weights(),
            ..Details::default()
        };
        Ok(self.info().manifest(Kind::Backbone, settings::schema::<T::Config>(), details))
    }

    fn name(&self) -> String {
        self.info().name
    }

    fn describe_json(&self, config: &str) -> Result<Graph, PluginError> {
        let graph = self.describe(&settings::parse(&self.name(), config)?)?;
        graph.validate()?;
        Ok(graph)
    }
}
