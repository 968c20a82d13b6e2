//! Reads the results of many cells at once, and finds what does not belong.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::result::{CellResult, read_result};
use super::{CellFolder, ExperimentFolder, Problem, StoreError};

/// What a `result.json` is read as: all of it, or only what tells whose it is.
pub trait ResultFile: DeserializeOwned + Send {
    /// The experiment that it was computed in.
    fn experiment(&self) -> &str;
    /// The cell's id.
    fn cell(&self) -> &str;
}

impl ResultFile for CellResult {
    fn experiment(&self) -> &str {
        &self.experiment
    }

    fn cell(&self) -> &str {
        &self.cell.id
    }
}

/// Whose result it is, which is quicker to read than all of it. Damage anywhere in the file is found nevertheless.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResultOwner {
    experiment: String,
    cell: OwnerCell,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct OwnerCell {
    id: String,
}

impl ResultFile for ResultOwner {
    fn experiment(&self) -> &str {
        &self.experiment
    }

    fn cell(&self) -> &str {
        &self.cell.id
    }
}

/// A complete cell.
#[derive(Debug)]
pub struct Found<T> {
    /// The experiment that it is in: the name of the folder.
    pub experiment: String,
    /// The cell's folder.
    pub folder: CellFolder,
    /// What its file says.
    pub result: T,
}

/// What is there.
#[derive(Debug)]
pub struct Survey<T> {
    /// The complete cells, by experiment and id.
    pub found: Vec<Found<T>>,
    /// What does not belong, or can't be read.
    pub problems: Vec<Problem>,
    /// Folders with a `result.json` that is not counted, though they look like those of complete cells. Each is among the
    /// problems.
    pub unusable: Vec<Unusable>,
}

/// A cell's folder whose result is not counted.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// The folder.
    pub folder: CellFolder,
    /// Whether it holds the result of another cell: it was copied or renamed, and is not a cell's.
    pub is_copy: bool,
}

/// Reads the results of these experiments with all cores, also while runs go on.
pub fn survey<T: ResultFile>(experiments: &[ExperimentFolder]) -> Survey<T> {
    let mut problems = Vec::new();
    let mut cells = Vec::new();
    for experiment in experiments {
        match experiment.contents() {
            Ok(contents) => {
                cells.extend(contents.cells.into_iter().map(|(id, folder)| (experiment, id, folder)));
                let folder_or_file = |path: PathBuf| {
                    if path.is_dir() { Problem::NoCell { path } } else { Problem::NoFolder { path } }
                };
                problems.extend(contents.foreign.into_iter().map(folder_or_file));
            }
            Err(error) => problems.push(Problem::Unreadable(error)),
        }
    }
    let results = in_parallel(&cells, |(_, _, folder)| read_result(&folder.result_path()));
    let (mut found, mut unusable) = (Vec::new(), Vec::new());
    for ((experiment, id, folder), result) in cells.iter().zip(results) {
        match result {
            Ok(Some(result)) => found.push((*experiment, id, folder, result)),
            Ok(None) => {}
            Err(error) => {
                problems.push(Problem::Unreadable(error));
                unusable.push(Unusable { folder: folder.clone(), is_copy: false });
            }
        }
    }
    found.retain(|(_, id, folder, result): &(_, _, _, T)| {
        let own = result.cell() == **id;
        if !own {
            let (path, id) = (folder.path().to_owned(), result.cell().to_owned());
            problems.push(Problem::OtherCell { path, id });
            unusable.push(Unusable { folder: (*folder).clone(), is_copy: true });
        }
        own
    });
    strangers(&mut found, &mut problems);
    problems.extend(shared(&found));
    let found = found.into_iter().map(|(experiment, _, folder, result)| Found {
        experiment: experiment.name().to_owned(),
        folder: folder.clone(),
        result,
    });
    Survey { found: found.collect(), problems, unusable }
}

/// A complete cell with its experiment and its folder's name.
type Placed<'a, T> = (&'a ExperimentFolder, &'a String, &'a CellFolder, T);

/// Finds results that were computed in an experiment of another name. Copies of what is there are dropped.
fn strangers<T: ResultFile>(found: &mut Vec<Placed<'_, T>>, problems: &mut Vec<Problem>) {
    if found.iter().all(|(experiment, _, _, result)| experiment.name() == result.experiment()) {
        return;
    }
    let at_home: std::collections::HashSet<(String, String)> = found
        .iter()
        .filter(|(experiment, _, _, result)| experiment.name() == result.experiment())
        .map(|(experiment, id, _, _)| (experiment.name().to_owned(), (*id).clone()))
        .collect();
    let (mut copies, mut renamed) = (BTreeMap::new(), BTreeMap::new());
    found.retain(|(experiment, id, _, result)| {
        if experiment.name() == result.experiment() {
            return true;
        }
        let copied = at_home.contains(&(result.experiment().to_owned(), (*id).clone()));
        let counted = if copied { &mut copies } else { &mut renamed };
        let key = (experiment.path().to_owned(), result.experiment().to_owned());
        *counted.entry(key).or_insert(0) += 1;
        !copied
    });
    let copies =
        copies.into_iter().map(|((path, experiment), cells)| Problem::Copies { path, experiment, cells });
    let renamed =
        renamed.into_iter().map(|((path, experiment), cells)| Problem::Renamed { path, experiment, cells });
    problems.extend(copies.chain(renamed));
}

/// Finds cells that were run in two experiments.
fn shared<T>(found: &[Placed<'_, T>]) -> Vec<Problem> {
    let mut first_place: HashMap<&str, &str> = HashMap::new();
    let mut pairs: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for (experiment, id, _, _) in found {
        let first = *first_place.entry(id.as_str()).or_insert(experiment.name());
        if first != experiment.name() {
            pairs.entry((first, experiment.name())).or_insert((0, id.as_str())).0 += 1;
        }
    }
    let problem = |((first, second), (cells, id)): ((&str, &str), (usize, &str))| Problem::Shared {
        first: first.to_owned(),
        second: second.to_owned(),
        cells,
        id: id.to_owned(),
    };
    pairs.into_iter().map(problem).collect()
}

/// Items that a thread takes at once: few, so that none is left with the slow ones.
const PIECE: usize = 32;

/// Calls a function for each item with all cores; the answers stand in the items' order.
fn in_parallel<I: Sync, O: Send>(items: &[I], work: impl Fn(&I) -> O + Sync) -> Vec<O> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    if items.len() < 64 || threads == 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let one = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(PIECE, Ordering::Relaxed);
            let Some(piece) = items.get(start..items.len().min(start.saturating_add(PIECE))) else {
                return done;
            };
            if piece.is_empty() {
                return done;
            }
            done.push((start, piece.iter().map(&work).collect::<Vec<O>>()));
        }
    };
    let mut pieces: Vec<(usize, Vec<O>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let ended = running.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.flatten().collect()
    });
    pieces.sort_by_key(|(start, _)| *start);
    pieces.into_iter().flat_map(|(_, done)| done).collect()
}

/// What an experiment's folder holds.
#[derive(Debug)]
pub struct Contents {
    /// The cells, by id.
    pub cells: Vec<(String, CellFolder)>,
    /// What is not a cell, and was not put there by lossnet either.
    pub foreign: Vec<PathBuf>,
}

/// Folders of an experiment that are not cells, and belong there.
const KNOWN_FOLDERS: [&str; 5] = ["slurm", "workers", "trackers", "tensorboard", "report"];

impl ExperimentFolder {
    /// What the folder holds; nothing if it is not there.
    pub fn contents(&self) -> Result<Contents, StoreError> {
        let mut contents = Contents { cells: Vec::new(), foreign: Vec::new() };
        if !self.path().is_dir() {
            return Ok(contents);
        }
        for entry in fs_err::read_dir(self.path()).map_err(StoreError::read)? {
            let entry = entry.map_err(StoreError::read)?;
            let (name, path) = (entry.file_name(), entry.path());
            let kind = entry.file_type().map_err(StoreError::read)?;
            let is_folder = kind.is_dir() || (kind.is_symlink() && path.is_dir());
            match name.to_str() {
                Some(name) if is_folder && is_cell_id(name) => {
                    contents.cells.push((name.to_owned(), CellFolder::new(path)));
                }
                // Hidden folders are nobody's results.
                Some(name) if is_folder && (name.starts_with('.') || KNOWN_FOLDERS.contains(&name)) => {}
                Some(name) if !is_folder && !is_cell_id(name) && name != "result.json" => {}
                _ => contents.foreign.push(path),
            }
        }
        contents.cells.sort_by(|a, b| a.0.cmp(&b.0));
        contents.foreign.sort();
        Ok(contents)
    }
}

fn is_cell_id(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
