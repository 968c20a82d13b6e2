//! Where metrics go while a run goes on: here, a text file in the cell's folder.

use std::fs::File;
use std::io::Write;

use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_api::prelude::*;

/// The component.
pub struct Diary;

impl Tracker for Diary {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("diary", "writes each metric as a line of diary.txt")
    }

    fn start(&self, _: NoSettings, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError> {
        let path = cell.folder.join("diary.txt");
        let file = File::create(&path).map_err(|error| {
            PluginError::run(format!("`{}` can't be written", path.display())).with_source(&error)
        })?;
        Ok(Box::new(Page(file)))
    }
}

struct Page(File);

impl Page {
    fn write(&mut self, line: &str) -> Result<(), PluginError> {
        let written = writeln!(self.0, "{line}");
        written.map_err(|error| PluginError::run("diary.txt can't be written").with_source(&error))
    }
}

impl Track for Page {
    fn report(&mut self, report: &Report) -> Result<(), PluginError> {
        match report {
            Report::Metric(metric) => {
                self.write(&format!("{} of {}: {}", metric.name, metric.split, metric.value))
            }
            // Curves, scores of single samples and images are no news for this diary.
            _ => Ok(()),
        }
    }

    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
        self.write(failure.unwrap_or("done"))
    }
}

submit! { Components::Trackers(|| vec![Box::new(Diary)]) }
