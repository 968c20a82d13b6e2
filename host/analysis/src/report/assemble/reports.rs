//! What cells reported on their way: curves and pictures.

use std::sync::Arc;

use lossnet_plugin_protocol::report::{Report, Scalar};

use super::standing::{Placed, Standing};
use crate::results::CompleteCell;
use lossnet_core::store::Problem;

/// So many cells of each task are shown: curves and pictures of more can't be told apart on a page.
const CELLS_OF_A_TASK: usize = 60;

/// What the cells that are shown have reported.
#[derive(Debug)]
pub(super) struct Reported<'a> {
    /// By task, the best contenders first.
    pub(super) cells: Vec<ReportedCell<'a>>,
    /// Tasks of which only some cells are shown: name, cells shown, cells there are.
    pub(super) cut: Vec<(String, usize, usize)>,
}

/// What one cell has reported.
#[derive(Debug)]
pub(super) struct ReportedCell<'a> {
    pub(super) cell: &'a CompleteCell,
    pub(super) network: usize,
    pub(super) scalars: Vec<Scalar>,
    pub(super) images: Vec<ReportedImage>,
}

/// A picture that a task has written.
#[derive(Debug)]
pub(super) struct ReportedImage {
    pub(super) name: String,
    pub(super) path: std::path::PathBuf,
    pub(super) step: Option<u64>,
    pub(super) caption: String,
}

impl<'a> Reported<'a> {
    /// Reads what the first cells of each task have reported. What can't be read is told.
    pub(super) fn read(
        standing: &Standing,
        cells: &'a [Arc<CompleteCell>],
        told: &mut Vec<String>,
    ) -> Reported<'a> {
        let mut reported = Reported { cells: Vec::new(), cut: Vec::new() };
        for (task, placed) in &standing.tasks {
            let mut shown = 0;
            for &Placed { cell, network } in placed {
                if shown == CELLS_OF_A_TASK {
                    reported.cut.push((task.clone(), shown, placed.len()));
                    break;
                }
                let cell = &cells[cell];
                let reports = cell.folder.reports().unwrap_or_else(|error| {
                    told.push(Problem::Unreadable(error).to_string());
                    Vec::new()
                });
                let one = ReportedCell::new(cell, network, reports);
                if !one.scalars.is_empty() || !one.images.is_empty() {
                    shown += 1;
                    reported.cells.push(one);
                }
            }
        }
        reported
    }
}

impl<'a> ReportedCell<'a> {
    fn new(cell: &'a CompleteCell, network: usize, reports: Vec<Report>) -> ReportedCell<'a> {
        let (mut scalars, mut images) = (Vec::new(), Vec::new());
        for report in reports {
            match report {
                Report::Scalar(scalar) => scalars.push(scalar),
                Report::Image { name, path, step, caption } => {
                    images.push(ReportedImage { name, path, step, caption });
                }
                _ => {}
            }
        }
        ReportedCell { cell, network, scalars, images }
    }

    /// The task's name.
    pub(super) fn task(&self) -> &str {
        &self.cell.result.cell.config.task.name
    }
}
