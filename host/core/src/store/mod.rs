//! Results on disk.
//!
//! ```text
//! <root>/<experiment>/
//!   plan.json               the plan of the last run
//!   <cell>/
//!     config.toml           the resolved config
//!     samples.<split>.csv   the scores of every sample, in the order of the dataset
//!     metrics.jsonl         metrics and curves, line by line
//!     curves.csv            the curves' points as a table, if there are any
//!     run.log               what happened when
//!     result.json           written last, in one step: its presence means that the cell is complete
//!     failed.json           why the last attempt failed
//!     spent.json            what attempts have cost, until the cell is complete
//!     .lock                 held by the process that works on the cell
//! ```
//!
//! The lock is the operating system's (`lock`): it goes when its holder dies, however that happens, and works on NFS.

mod cell;
mod columns;
mod curves;
mod error;
mod lock;
mod log;
mod problem;
mod result;
mod samples;
mod spent;
mod survey;
mod writer;

use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::inputs::Inputs;
use crate::model::{CellState, Plan};

pub use cell::CellFolder;
pub use columns::SampleColumns;
pub use error::StoreError;
pub use lock::Lock;
pub use log::{now, utc, utc_now};
pub use problem::Problem;
pub use result::{CellFailure, CellResult, Cost, FORMAT, Versions, read_json, write_json};
pub use spent::Spent;
pub use survey::{Contents, Found, ResultFile, ResultOwner, Survey, Unusable, survey};
pub use writer::CellWriter;

/// The folder of all results, `logs` unless the user says otherwise.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// The results of one experiment.
#[derive(Clone, Debug)]
pub struct ExperimentFolder {
    name: String,
    path: PathBuf,
}

/// A cell of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlannedCell {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it reads, as it was when the cell was planned.
    #[serde(default)]
    pub inputs: Inputs,
}

impl Store {
    /// A store in this folder, which need not exist yet.
    pub fn new(root: &Path) -> Store {
        Store { root: root.to_owned() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The results of an experiment of this name, which need not exist yet.
    pub fn experiment(&self, name: &str) -> ExperimentFolder {
        ExperimentFolder { name: name.to_owned(), path: self.root.join(name) }
    }

    /// Checks that a lock in the folder excludes others, which is what keeps two processes from working on one cell. The
    /// folder must be there.
    ///
    /// Fails if the file system has no locks, or such that exclude nobody.
    pub fn check_locks(&self) -> Result<(), StoreError> {
        // A file without a name, so that nothing stays behind of a process that is killed here.
        let file = tempfile::tempfile_in(&self.root).map_err(StoreError::Write)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let none = || std::io::Error::other("two had the lock at once");
        let acquire = || {
            Lock::acquire(&path).map_err(|error| match error {
                StoreError::NoLock { source, .. } => StoreError::NoLock { path: self.root.clone(), source },
                other => other,
            })
        };
        let held = acquire()?;
        match (held.is_some(), acquire()?) {
            (true, None) => Ok(()),
            _ => Err(StoreError::NoLock { path: self.root.clone(), source: none() }),
        }
    }

    /// The experiments that there are, by name: the folders that hold a plan or a cell.
    pub fn experiments(&self) -> Result<Vec<ExperimentFolder>, StoreError> {
        Ok(self.folders()?.0)
    }

    /// The experiments that there are, by name, and the folders beside them that are none.
    pub fn folders(&self) -> Result<(Vec<ExperimentFolder>, Vec<Problem>), StoreError> {
        let (mut found, mut others) = (Vec::new(), Vec::<PathBuf>::new());
        if !self.root.is_dir() {
            return Ok((found, Vec::new()));
        }
        for entry in fs_err::read_dir(&self.root).map_err(StoreError::read)? {
            let path = entry.map_err(StoreError::read)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if !path.is_dir() || name.is_some_and(|name| name.starts_with('.')) {
                continue;
            }
            match name.map(|name| self.experiment(name)) {
                Some(experiment) if path.join(PLAN).is_file() || !experiment.cells()?.is_empty() => {
                    found.push(experiment);
                }
                _ => others.push(path),
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        others.sort();
        Ok((found, others.into_iter().map(|path| Problem::NoExperiment { path }).collect()))
    }
}

const PLAN: &str = "plan.json";

impl ExperimentFolder {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything of it is there.
    pub fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// The folder of a cell, which need not exist yet.
    pub fn cell(&self, id: &str) -> CellFolder {
        CellFolder::new(self.path.join(id))
    }

    /// How far a cell is.
    pub fn state(&self, id: &str) -> CellState {
        self.cell(id).state()
    }

    /// The cells that have a folder, by id.
    pub fn cells(&self) -> Result<Vec<(String, CellFolder)>, StoreError> {
        Ok(self.contents()?.cells)
    }

    /// Keeps the plan of a run, so that cells to do can be told later.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        fs_err::create_dir_all(&self.path).map_err(StoreError::write)?;
        crate::atomic::remove_drafts(&self.path);
        result::write_json(&self.path.join(PLAN), plan)
    }

    /// Id and name of the cells of the last run's plan, if there is one: quicker than reading all of it.
    pub fn planned_cells(&self) -> Result<Option<Vec<PlannedCell>>, StoreError> {
        #[derive(Deserialize)]
        struct Outline {
            cells: Vec<PlannedCell>,
        }
        Ok(result::read_json::<Outline>(&self.path.join(PLAN))?.map(|outline| outline.cells))
    }

    /// The plan of the last run, if there is one.
    pub fn read_plan(&self) -> Result<Option<Plan>, StoreError> {
        read_plan(&self.path.join(PLAN))
    }
}

/// Reads a plan that was written as [`ExperimentFolder::write_plan`] writes it, if it is there.
pub fn read_plan(path: &Path) -> Result<Option<Plan>, StoreError> {
    result::read_json(path)
}
