//! The trackers of a group's cells. They are told what happens; what they do with it can't harm the run.
//!
//! Each tracker has a thread that calls it and a queue before it, so that reporting never waits. Points of curves that
//! find the queue full are dropped, counted, and given again from the cell's own file when the cell is complete. A call
//! that does not return is left alone after [`LIMIT`].

mod follower;
mod queue;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lossnet_core::engine_protocol::Configured;
use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::{Metric, Report};
use serde_json::Value;

use crate::registry;
use follower::{Follower, Start};
pub(super) use queue::Ending;

/// How long one call of a tracker may take.
const LIMIT: Duration = Duration::from_mins(2);

/// The environment variable that sets another limit, in seconds.
const LIMIT_VARIABLE: &str = "LOSSNET_TRACKER_SECONDS";

/// How long all that is left to be told may take at the end of a group, in limits of one call.
const CALLS_AT_THE_END: u32 = 10;

/// All trackers of a group.
#[derive(Debug)]
pub(super) struct Trackers {
    followers: Vec<Follower>,
    /// Of each cell, whether an earlier attempt at it was made.
    resumed: Vec<bool>,
    limit: Duration,
    /// Why a tracker could not even be loaded.
    refused: Mutex<Vec<String>>,
}

impl Trackers {
    /// Begins to follow these cells. Nothing is called before the first report.
    pub(super) fn new(trackers: &[Configured], cells: Vec<TrackedCell>) -> Trackers {
        let seconds = std::env::var(LIMIT_VARIABLE).ok().and_then(|text| text.parse().ok());
        let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(LIMIT);
        let resumed = cells.iter().map(|cell| cell.resumed).collect();
        let cells = Arc::new(cells);
        let mut refused = Vec::new();
        let mut followers = Vec::new();
        for tracker in trackers {
            match start(tracker).and_then(|(plugin, start)| {
                Follower::new((&tracker.component.name, &plugin), Arc::clone(&cells), start)
                    .map_err(|error| PluginError::run("no thread can be started").with_source(&error))
            }) {
                Ok(follower) => followers.push(follower),
                Err(error) => refused.push(format!(
                    "the tracker `{}` can't be used, and the run goes on without it: {error}",
                    tracker.component.name
                )),
            }
        }
        Trackers { followers, resumed, limit, refused: Mutex::new(refused) }
    }

    /// Passes on what a task reported of a cell. `recorded` gives all that counts of what was reported of the cell so
    /// far, earlier attempts included.
    pub(super) fn report(&self, cell: usize, report: &Report, recorded: impl FnOnce() -> Vec<Report>) {
        if self.followers.is_empty() {
            return;
        }
        match report {
            // A cell's results are known when all of them are: until then a task may go back.
            Report::Samples(_) | Report::Metric(_) => {}
            Report::Scalar(_) => self.followers.iter().for_each(|follower| follower.point(cell, report)),
            Report::Resume { stage, .. } => {
                let mut reports = vec![report.clone()];
                if self.is_resumed(cell) {
                    reports.extend(recorded().into_iter().filter(|report| report.is_of_stage(stage)));
                }
                self.in_any_case(cell, reports);
            }
            other => self.in_any_case(cell, vec![other.clone()]),
        }
    }

    fn is_resumed(&self, cell: usize) -> bool {
        self.resumed.get(cell).copied().unwrap_or_default()
    }

    fn in_any_case(&self, cell: usize, reports: Vec<Report>) {
        let reports = Arc::new(reports);
        self.followers.iter().for_each(|follower| follower.reports(cell, &reports));
    }

    /// What the user is to be told by now.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        notices.extend(self.followers.iter().flat_map(|follower| follower.notices(self.limit)));
        notices
    }

    /// A cell is complete with these results: all that is to be told of it before its end.
    pub(super) fn complete(&self, cell: usize, results: &[Metric], recorded: impl FnOnce() -> Vec<Report>) {
        if self.followers.is_empty() {
            return;
        }
        let dropped = self.followers.iter().any(Follower::has_dropped);
        // Earlier attempts may have ended before all that they reported got through.
        let mut reports = if self.is_resumed(cell) || dropped { recorded() } else { Vec::new() };
        reports.retain(|report| !matches!(report, Report::Metric(_)));
        reports.extend(results.iter().cloned().map(Report::Metric));
        self.in_any_case(cell, reports);
    }

    /// Tells how all cells ended, waits until the trackers are through with all of it, within limits, and
    /// returns what the user is to be told.
    pub(super) fn end(&self, ending: &Ending) -> Vec<String> {
        let mut notices = self.notices();
        for cell in 0..self.resumed.len() {
            self.followers.iter().for_each(|follower| follower.end(cell, ending.clone()));
        }
        let complete = *ending == Ending::Complete;
        let total = self.limit * CALLS_AT_THE_END;
        notices.extend(self.followers.iter().flat_map(|follower| follower.wait(self.limit, total, complete)));
        notices
    }
}

/// The plugin of a tracker, and how it is started on a cell.
fn start(tracker: &Configured) -> Result<(String, Start), PluginError> {
    let plugin = registry::tracker(&tracker.component)?;
    let of = format!("{} {}", plugin.manifest().name, plugin.manifest().version);
    let (name, config) = (tracker.component.name.clone(), Value::Object(tracker.config.clone()));
    Ok((of, Box::new(move |cell: &TrackedCell| plugin.start_tracker(&name, &config, cell))))
}
