//! What is trained or measured.

use lossnet_plugin_protocol::manifest::{ComponentManifest, Details, Kind, MainMetric, SharedAxes, Work};

use super::{Info, Run};
use crate::PluginError;
use crate::settings::{self, Settings};

/// Something to do with a loss network and a dataset.
///
/// ```
/// use lossnet_plugin_api::prelude::*;
///
/// /// Counts the samples of `test`.
/// struct Count;
///
/// impl Task for Count {
///     type Config = NoSettings;
///
///     fn info(&self) -> Info {
///         Info::new("count", "number of test samples")
///     }
///
///     fn run(&self, _: NoSettings, run: &dyn Run) -> Result<(), PluginError> {
///         let samples = run.samples("test")?.len() as u64;
///         for cell in 0..run.context().cells.len() {
///             let metric = Metric::new("samples", "test", samples as f64, "count", true, samples);
///             run.report(cell, &Report::Metric(metric))?;
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Task: Send + Sync {
    /// Its settings.
    type Config: Settings;

    /// Its name and one line about it.
    fn info(&self) -> Info;

    /// Runs it for all cells of `run`, reporting each cell's results. Cells are more than one only along the
    /// axes that [`shared_axes`](Task::shared_axes) names.
    fn run(&self, config: Self::Config, run: &dyn Run) -> Result<(), PluginError>;

    /// To be raised whenever the same config may give another number. Results of different versions are never
    /// compared.
    fn protocol_version(&self) -> u32 {
        1
    }

    /// Config keys along which cells can be served in one go, and for which settings.
    fn shared_axes(&self) -> Vec<SharedAxes> {
        Vec::new()
    }

    /// How often it runs its loss network for its samples, so far as that can be told beforehand: `lossnet run --plan`
    /// estimates times from it until groups have run.
    fn work(&self) -> Vec<Work> {
        Vec::new()
    }

    /// The fields that it needs its samples to have.
    fn needs(&self) -> Vec<String> {
        Vec::new()
    }

    /// What lossnet's own settings are by default for this task, by dotted key, such as `loss_network.normalize`. A config
    /// that sets them says otherwise.
    fn config_defaults(&self) -> Vec<(String, serde_json::Value)> {
        Vec::new()
    }

    /// Settings (dotted keys and their values, such as `task.variant` = `baseline`) under which seeds change nothing, so
    /// that repetitions would repeat the same number: those cells are run once.
    fn deterministic(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        None
    }

    /// The metric that it is mainly judged by. Otherwise the first one that it reports is.
    fn main_metric(&self) -> Option<MainMetric> {
        None
    }

    /// The keys of its settings that change what is measured, such as an enlargement's factor: results that differ in them
    /// are on leaderboards of their own. Those that differ in other settings compete.
    fn measure_settings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The metrics that say something of the data or the run rather than of the loss network, such as a baseline's score: there
    /// are not leaderboards of them.
    fn reference_metrics(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A [`Task`] whatever its settings' type is. Implemented for every task.
pub trait AnyTask: Send + Sync {
    /// What it says of itself.
    fn manifest(&self) -> Result<ComponentManifest, PluginError>;
    /// Its name.
    fn name(&self) -> String;
    /// Runs it with these settings (JSON).
    fn run_json(&self, config: &str, run: &dyn Run) -> Result<(), PluginError>;
}

impl<T: Task> AnyTask for T {
    fn manifest(&self) -> Result<ComponentManifest, PluginError> {
        let details = Details {
            needs: self.needs(),
            shared_axes: self.shared_axes(),
            work: self.work(),
            protocol_version: Some(self.protocol_version()),
            config_defaults: self.config_defaults().into_iter().collect(),
            deterministic: self.deterministic(),
            main_metric: self.main_metric(),
            measure_settings: self.measure_settings(),
            reference_metrics: self.reference_metrics(),
            ..Details::default()
        };
        Ok(self.info().manifest(Kind::Task, settings::schema::<T::Config>(), details))
    }

    fn name(&self) -> String {
        self.info().name
    }

    fn run_json(&self, config: &str, run: &dyn Run) -> Result<(), PluginError> {
        self.run(settings::parse(&self.name(), config)?, run)
    }
}
