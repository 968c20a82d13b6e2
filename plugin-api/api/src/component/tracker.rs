//! Where metrics and images go while a run goes on, besides lossnet's own files.

use std::path::PathBuf;

use lossnet_plugin_protocol::manifest::{ComponentManifest, Details, Kind};
use lossnet_plugin_protocol::report::Report;
use serde::{Deserialize, Serialize};

use super::Info;
use crate::PluginError;
use crate::settings::{self, Settings};

/// A place that runs are followed in.
///
/// A tracker can't harm a run: it is called on a thread of its own, its error or panic becomes a warning and ends its
/// following of that cell, and a call that does not return is left alone. Reports that come faster than it takes them in
/// are dropped at first and given again when the cell is over.
///
/// ```
/// use lossnet_plugin_api::component::TrackedCell;
/// use lossnet_plugin_api::prelude::*;
///
/// /// Rings a bell when a cell is over.
/// struct Bell;
///
/// impl Tracker for Bell {
///     type Config = NoSettings;
///
///     fn info(&self) -> Info {
///         Info::new("bell", "rings the terminal's bell when a cell is over")
///     }
///
///     fn start(&self, _: NoSettings, _: &TrackedCell) -> Result<Box<dyn Track>, PluginError> {
///         Ok(Box::new(Rope))
///     }
/// }
///
/// struct Rope;
///
/// impl Track for Rope {
///     fn report(&mut self, _: &Report) -> Result<(), PluginError> {
///         Ok(())
///     }
///
///     fn finish(&mut self, _: Option<&str>) -> Result<(), PluginError> {
///         eprint!("\u{7}");
///         Ok(())
///     }
/// }
///
/// submit! { Components::Trackers(|| vec![Box::new(Bell)]) }
/// # fn main() {}
/// ```
pub trait Tracker: Send + Sync {
    /// Its settings.
    type Config: Settings;

    /// Its name and one line about it.
    fn info(&self) -> Info;

    /// Begins to follow a cell: with its first report, or at its end if there was none. Of a cell that an earlier attempt
    /// left ([`TrackedCell::resumed`]) it goes on with what it began then.
    fn start(&self, config: Self::Config, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError>;
}

/// A cell that is being followed. Dropped without [`finish`](Track::finish) or [`pause`](Track::pause) if it failed.
pub trait Track: Send {
    /// Takes in something that the task reported: points of curves and images as they come, the results
    /// ([`Report::Metric`]) when the cell is complete. Scores of single samples are in the cell's folder and do not come here.
    ///
    /// A report may come more than once: what an earlier attempt reported and still counts is given again behind its
    /// [`Report::Resume`] and at the end, since nobody knows what got through before the attempt was killed. So a point
    /// is to be kept once for each curve and step.
    fn report(&mut self, report: &Report) -> Result<(), PluginError>;

    /// The cell is over: complete, or failed with this message. A failed cell may be tried again.
    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError>;

    /// The cell is left for a later attempt, since the user asked to stop.
    fn pause(&mut self) -> Result<(), PluginError> {
        Ok(())
    }
}

/// What a tracker is told of the cell that it is to follow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrackedCell {
    /// The experiment's name.
    pub experiment: String,
    /// The cell's id.
    pub id: String,
    /// The cell's resolved config.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// The cell's folder, where a tracker may write files of its own. `config.toml` is in it.
    pub folder: PathBuf,
    /// The cell's name for people, such as `alexnet · 4 · spatial`.
    #[serde(default)]
    pub name: String,
    /// The seed of its randomness.
    #[serde(default)]
    pub seed: u64,
    /// The dotted keys of the config in which the experiment's cells differ.
    #[serde(default)]
    pub varied: Vec<String>,
    /// The folder of its checkpoints, which need not exist.
    #[serde(default)]
    pub checkpoints: PathBuf,
    /// Whether an earlier attempt at the cell was made, and ended before the cell was complete.
    #[serde(default)]
    pub resumed: bool,
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
