//! One autoencoder for several cells: those that differ only in what is learned from its codes.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::sample::FetchRequest;

use crate::settings::AutoencoderSettings;

/// The settings along which cells share an autoencoder.
pub(crate) const PREDICTION: [&str; 4] = ["predictors", "predictor_training", "predictor_split", "classes"];

/// Time between looks at whether another process is done with the autoencoder.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A run as some of its cells see it: what is said of the first is said of all of them.
pub(crate) struct Part<'a> {
    run: &'a dyn Run,
    /// Of one cell.
    context: RunContext,
    cells: Vec<usize>,
}

impl<'a> Part<'a> {
    /// The run for its cell at this position alone.
    pub(crate) fn one(run: &'a dyn Run, cell: usize) -> Part<'a> {
        let mut context = run.context().clone();
        context.cells = vec![context.cells[cell].clone()];
        Part { run, context, cells: vec![cell] }
    }

    /// The run for the training of the autoencoder, whose checkpoints are in a folder of its own.
    pub(crate) fn shared(run: &'a dyn Run, folder: &Path) -> Part<'a> {
        let mut context = run.context().clone();
        let cells = (0..context.cells.len()).collect();
        context.cells.truncate(1);
        folder.clone_into(&mut context.cells[0].checkpoints);
        Part { run, context, cells }
    }
}

/// The folder of the autoencoder of these cells, beside theirs. The run's seed is made of the settings of all but the
/// predictors, so that it names the autoencoder: cells that are added later find it.
pub(crate) fn folder(run: &dyn Run) -> PathBuf {
    let context = run.context();
    let own = &context.cells[0].checkpoints;
    own.with_file_name(format!("autoencoder-{:014x}", context.seed))
}

/// Keeps other processes from training the same autoencoder at the same time, as long as it lives; waits for one that does.
pub(crate) fn lock(folder: &Path, run: &dyn Run) -> Result<File, PluginError> {
    let failed = |error: std::io::Error| {
        PluginError::run(format!("the folder {} can't be used", folder.display())).with_source(&error)
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = File::create(folder.join(".lock")).map_err(failed)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    run.notice("another process trains the same autoencoder: waiting for it");
                    told = true;
                }
                run.check_cancelled()?;
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
}

/// The settings of each cell; `first` are those of the first.
pub(crate) fn settings(
    first: &AutoencoderSettings,
    run: &dyn Run,
) -> Result<Vec<AutoencoderSettings>, PluginError> {
    let cells = &run.context().cells;
    if cells.len() == 1 {
        return Ok(vec![first.clone()]);
    }
    let of = |cell: &CellContext| {
        let mut settings = cell.config.get("task").cloned().unwrap_or_default();
        if let Some(table) = settings.as_object_mut() {
            table.remove("name");
        }
        serde_json::from_value(settings).map_err(|error| {
            PluginError::run(format!("the settings of the cell {} can't be read", cell.id))
                .with_source(&error)
        })
    };
    cells.iter().map(of).collect()
}

impl Run for Part<'_> {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        self.run.samples(split)
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        self.run.loss_network()
    }

    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError> {
        self.run.trainable_network(random)
    }

    fn report(&self, _: usize, report: &Report) -> Result<(), PluginError> {
        // A picture is a file in the first one's folder.
        let cells = if matches!(report, Report::Image { .. }) { &self.cells[..1] } else { &self.cells };
        cells.iter().try_for_each(|&cell| self.run.report(cell, report))
    }

    fn recorded(&self, _: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError> {
        self.run.recorded(self.cells[0], split, first, count)
    }
}

impl Services for Part<'_> {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.run.fetch(request)
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        self.run.unpack(archive, into)
    }

    fn notice(&self, message: &str) {
        self.run.notice(message);
    }

    fn progress(&self, progress: &Progress) {
        self.run.progress(progress);
    }

    fn cancelled(&self) -> bool {
        self.run.cancelled()
    }
}
