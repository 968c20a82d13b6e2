//! `tensorboard`: event files in a directory for each cell, for `tensorboard --logdir logs/EXPERIMENT/tensorboard`.

mod event;
mod file;
mod wire;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::points::Points;
use crate::words::{directory_name, distinguishing, failed, result_meaning, result_name, text};
use event::{Content, Status, Summary};
use file::EventFile;

/// How often what was written is shown to readers.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// The directory of all event files, in that of the experiment: TensorBoard names a run after the directories above its files.
const FOLDER: &str = "tensorboard";

/// What the tags of results begin with. TensorBoard sorts by tag, and curves are what a run is watched for.
const RESULTS: &str = "~results";

/// Settings of `tensorboard`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TensorBoardSettings {
    /// Whether images are written into the event file as well; they are PNG files in the cell's folder in any case.
    images: bool,
}

impl Default for TensorBoardSettings {
    fn default() -> Self {
        TensorBoardSettings { images: true }
    }
}

/// The component.
pub(crate) struct TensorBoard;

impl Tracker for TensorBoard {
    type Config = TensorBoardSettings;

    fn info(&self) -> Info {
        Info::new(
            "tensorboard",
            "event files with a run for each cell: curves, results, images, the config, hyperparameters",
        )
        .with_reference("https://www.tensorflow.org/tensorboard")
    }

    fn start(
        &self,
        settings: TensorBoardSettings,
        cell: &TrackedCell,
    ) -> Result<Box<dyn Track>, PluginError> {
        Ok(Box::new(Board::start(settings, cell).map_err(failed)?))
    }
}

/// A cell's event file.
struct Board {
    settings: TensorBoardSettings,
    file: EventFile,
    flushed: Instant,
    points: Points,
    /// When an earlier attempt reported something: that is when it was, not when it is told again.
    earlier: HashMap<(String, u64), f64>,
}

impl Board {
    /// Begins a new file in the place of those of earlier attempts: what of them still counts is reported again.
    fn start(settings: TensorBoardSettings, cell: &TrackedCell) -> std::io::Result<Board> {
        let folder = directory(cell)?;
        let old = file::event_files(&folder)?;
        let mut earlier = HashMap::new();
        for path in &old {
            let bytes = fs_err::read(path)?;
            for record in file::records(&bytes) {
                for (tag, step, wall_time) in event::times(record) {
                    earlier.entry((tag, step)).or_insert(wall_time);
                }
            }
        }
        let file = EventFile::create(&folder, now() as u64)?;
        let points = Points::default();
        let mut board = Board { settings, file, flushed: Instant::now(), points, earlier };
        board.file.write(&event::version(now()))?;
        board.describe(cell)?;
        board.file.flush()?;
        for path in old {
            fs_err::remove_file(path)?;
        }
        Ok(board)
    }

    /// The config, for the TEXT tab and the HPARAMS tab.
    fn describe(&mut self, cell: &TrackedCell) -> std::io::Result<()> {
        let config = fs_err::read_to_string(cell.folder.join("config.toml"))?;
        let markdown = format!("{}\n\n```toml\n{}\n```", cell.name, config.trim_end());
        self.write("config", 0, Content::Text(&markdown))?;
        let settings = distinguishing(cell);
        let group: Vec<String> =
            settings.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
        let group = format!("{}: {}", cell.experiment, group.join(", "));
        let tag = "_hparams_/session_start_info";
        let began = self.wall_time(tag, 0);
        let start = event::session_start(&settings, &group, began);
        self.write(tag, 0, Content::HyperParameters(start))
    }

    fn wall_time(&self, tag: &str, step: u64) -> f64 {
        self.earlier.get(&(tag.to_owned(), step)).copied().unwrap_or_else(now)
    }

    fn write(&mut self, tag: &str, step: u64, content: Content<'_>) -> std::io::Result<()> {
        if !self.points.keep(tag, step) {
            return Ok(());
        }
        let event = event::event(self.wall_time(tag, step), step, &Summary { tag, content });
        self.file.write(&event)?;
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.file.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }

    fn image(&mut self, name: &str, step: u64, path: &PathBuf) -> std::io::Result<()> {
        let bytes = fs_err::read(path)?;
        match event::png_size(&bytes) {
            Some((width, height)) => self.write(name, step, Content::Image { png: &bytes, width, height }),
            // TensorBoard shows what browsers show; where the picture is can always be said.
            None => self.write(name, step, Content::Text(&format!("`{}`", path.display()))),
        }
    }

    fn end(&mut self, status: Status) -> Result<(), PluginError> {
        let end = event::session_end(status, now());
        self.write("_hparams_/session_end_info", 0, Content::HyperParameters(end)).map_err(failed)?;
        self.file.flush().map_err(failed)
    }
}

impl Track for Board {
    fn report(&mut self, report: &Report) -> Result<(), PluginError> {
        let written = match report {
            Report::Scalar(Scalar { name, step, value }) => {
                self.write(name, *step, Content::Scalar { value: *value, description: "" })
            }
            Report::Metric(metric) => {
                let description = result_meaning(metric);
                let content = Content::Scalar { value: metric.value, description: &description };
                self.write(&format!("{RESULTS}/{}", result_name(metric)), 0, content)
            }
            Report::Image { name, path, step, .. } if self.settings.images => {
                self.image(name, step.unwrap_or(0), path)
            }
            _ => Ok(()),
        };
        written.map_err(failed)
    }

    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
        let Some(message) = failure else { return self.end(Status::Success) };
        self.write("failure", 0, Content::Text(message)).map_err(failed)?;
        self.end(Status::Failure)
    }

    fn pause(&mut self) -> Result<(), PluginError> {
        self.file.flush().map_err(failed)
    }
}

/// The directory of a cell's event files. One that an earlier attempt made under another name is renamed: what tells a cell from
/// others, and so its name, changes with the experiment.
fn directory(cell: &TrackedCell) -> std::io::Result<PathBuf> {
    let all = cell.folder.parent().unwrap_or(Path::new("")).join(FOLDER);
    let wanted = all.join(directory_name(cell));
    if !wanted.exists() && all.is_dir() {
        let end = format!("_{}", cell.id);
        for entry in fs_err::read_dir(&all)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&end)) {
                fs_err::rename(path, &wanted)?;
                break;
            }
        }
    }
    Ok(wanted)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
