//! Where metrics and images go while a run goes on, besides lossnet's own files.

use std::path::PathBuf;

use lossnet_plugin_protocol::manifest::{ComponentManifest, Details, Kind};
use lossnet_plugin_protocol::report::Report;
use serde::{Deserialize, Serialize};

use super::Info;
use crate::PluginError;
use crate::settings::{self, Settings};

/// A place that runs are followed in. A tracker that fails never fails the run.
pub trait Tracker: Send + Sync {
    /// Its settings.
    type Config: Settings;

    /// Its name and one line about it.
    fn info(&self) -> Info;

    /// Begins to follow a cell.
    fn start(&self, config: Self::Config, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError>;
}

/// A cell that is being followed.
pub trait Track: Send {
    /// Takes in something that the task reported.
    fn report(&mut self, report: &Report) -> Result<(), PluginError>;

    /// The cell is over: complete, or failed with this message.
    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError>;
}

/// What a tracker is told of the cell that it is to follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackedCell {
    /// The experiment's name.
    pub experiment: String,
    /// The cell's id.
    pub id: String,
    /// The cell's resolved config.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// The cell's folder, where a tracker may write files of its own.
    pub folder: PathBuf,
}

/// A [`Tracker`] whatever its settings' type is. Implemented for every tracker.
pub trait AnyTracker: Send + Sync {
    /// What it says of itself.
    fn manifest(&self) -> Result<ComponentManifest, PluginError>;
    /// Its name.
    fn name(&self) -> String;
    /// Begins to follow a cell with these settings (JSON).
    fn start_json(&self, config: &str, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError>;
}

impl<T: Tracker> AnyTracker for T {
    fn manifest(&self) -> Result<ComponentManifest, PluginError> {
        Ok(self.info().manifest(Kind::Tracker, settings::schema::<T::Config>(), Details::default()))
    }

    fn name(&self) -> String {
        self.info().name
    }

    fn start_json(&self, config: &str, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError> {
        self.start(settings::parse(&self.name(), config)?, cell)
    }
}
