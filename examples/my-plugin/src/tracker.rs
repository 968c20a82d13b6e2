//! Where metrics go while a run goes on: here, a text file in the cell's folder.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;

use lossnet_plugin_api::prelude::*;

/// The component.
pub struct Diary;

impl Tracker for Diary {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("diary", "writes each point and each result as a line of diary.txt")
    }

    fn start(&self, _: NoSettings, cell: &TrackedCell) -> Result<Box<dyn Track>, PluginError> {
        // A new page also for a cell that goes on: what of it still counts is reported again.
        let file = File::create(cell.folder.join("diary.txt")).map_err(|error| failed(&error))?;
        Ok(Box::new(Page { file, steps: HashSet::new() }))
    }
}

fn failed(error: &std::io::Error) -> PluginError {
    PluginError::run("diary.txt can't be written").with_source(error)
}

struct Page {
    file: File,
    steps: HashSet<(String, u64)>,
}

impl Page {
    fn write(&mut self, line: &str) -> Result<(), PluginError> {
        writeln!(self.file, "{line}").map_err(|error| failed(&error))
    }
}

impl Track for Page {
    fn report(&mut self, report: &Report) -> Result<(), PluginError> {
        match report {
            Report::Scalar(point) if self.steps.insert((point.name.clone(), point.step)) => {
                self.write(&format!("{} at {}: {}", point.name, point.step, point.value))
            }
            Report::Metric(metric) => {
                self.write(&format!("{} of {}: {}", metric.name, metric.split, metric.value))
            }
            // Points that were told before, and images, are no news for this diary.
            _ => Ok(()),
        }
    }

    fn finish(&mut self, failure: Option<&str>) -> Result<(), PluginError> {
        self.write(failure.unwrap_or("done"))
    }
}

submit! { Components::Trackers(|| vec![Box::new(Diary)]) }
