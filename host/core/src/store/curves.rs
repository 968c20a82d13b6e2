//! `metrics.jsonl`: what a task reported, line by line, over all attempts that count; and `curves.csv`, its points alone.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use fs_err::File;
use lossnet_plugin_protocol::report::Report;

use super::StoreError;
use super::result::replace;

/// The points of all curves as a table: name, step, value, in the order in which they were reported.
const CURVES: &str = "curves.csv";

/// The file of one attempt. What earlier attempts left counts only as far as the task says that it goes on from there:
/// nothing is changed before the first report.
#[derive(Debug)]
pub(super) struct Curves {
    path: PathBuf,
    file: Option<File>,
    /// Where in the file that begins which this attempt has reported itself.
    own: usize,
}

impl Curves {
    pub(super) fn new(path: &Path) -> Curves {
        Curves { path: path.to_owned(), file: None, own: 0 }
    }

    /// Keeps a report. Pictures in the file's own folder are named from there, so that the folder can be moved.
    pub(super) fn append(&mut self, report: &Report) -> Result<(), StoreError> {
        let line = match report {
            Report::Image { name, path, step, caption } => {
                let inside = self.path.parent().and_then(|folder| path.strip_prefix(folder).ok());
                let path = inside.unwrap_or(path).to_owned();
                let (name, step, caption) = (name.clone(), *step, caption.clone());
                serde_json::to_string(&Report::Image { name, path, step, caption })
            }
            other => serde_json::to_string(other),
        };
        let mut line = line.map_err(|error| StoreError::Write(error.into()))?;
        line.push('\n');
        // A task that did not say that it goes on begins anew.
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::create(&self.path).map_err(StoreError::write)?),
        };
        file.write_all(line.as_bytes()).map_err(StoreError::write)
    }

    /// Drops what was reported of a stage behind a step. Results and pictures without a step are dropped where an earlier
    /// attempt reported them, since they are found anew, and kept where this one did, since they are not.
    pub(super) fn resume(&mut self, stage: &str, step: u64) -> Result<(), StoreError> {
        let text = match fs_err::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::read(error)),
        };
        // Until this attempt has reported something, all that is there is of earlier ones.
        let own = if self.file.is_some() { self.own.min(text.len()) } else { text.len() };
        let (earlier, own) = text.split_at(own);
        let mut kept = lines_that(earlier, |report| counts(report, stage, step));
        let begin = kept.len();
        kept.extend(lines_that(own, |report| counts_of_own(report, stage, step)));
        replace(&self.path, &kept)?;
        self.own = begin;
        let file = fs_err::OpenOptions::new().append(true).open(&self.path).map_err(StoreError::write)?;
        self.file = Some(file);
        Ok(())
    }

    /// What counts of all that was reported so far, earlier attempts included as far as this one goes on from them.
    pub(super) fn reports(&self) -> Result<Vec<Report>, StoreError> {
        if self.file.is_none() {
            return Ok(Vec::new());
        }
        read(&self.path)
    }

    /// Writes the points of all curves as a table beside the file, if there are any.
    pub(super) fn write_table(&self) -> Result<(), StoreError> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let failed = |error: csv::Error| StoreError::Write(std::io::Error::other(error));
        let mut points = 0;
        for report in self.reports()? {
            let Report::Scalar(scalar) = report else { continue };
            if points == 0 {
                table.write_record(["name", "step", "value"]).map_err(failed)?;
            }
            points += 1;
            let fields = [scalar.name, scalar.step.to_string(), scalar.value.to_string()];
            table.write_record(fields).map_err(failed)?;
        }
        let path = self.path.with_file_name(CURVES);
        if points == 0 {
            // A run that began anew may have left one.
            return match fs_err::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::write(error)),
                _ => Ok(()),
            };
        }
        let table = table.into_inner().map_err(|error| StoreError::Write(error.into_error()))?;
        replace(&path, &table)
    }

    /// Throws everything away, what earlier attempts left included.
    pub(super) fn discard(&mut self) -> Result<(), StoreError> {
        self.file = None;
        match fs_err::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::write(error)),
            _ => Ok(()),
        }
    }

    /// Makes sure that it is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => file.sync_data().map_err(StoreError::write),
            // Nothing was reported: nor did earlier attempts report anything that counts.
            None => File::create(&self.path).map(|_| ()).map_err(StoreError::write),
        }
    }
}

/// All reports in a file, none if it is not there, pictures with their whole paths. A last line that a crash cut off counts
/// for nothing.
pub(super) fn read(path: &Path) -> Result<Vec<Report>, StoreError> {
    let text = match fs_err::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::read(error)),
    };
    let lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let damaged = |(number, error): (usize, serde_json::Error)| {
        let reason = format!("line {}: {error}", number + 1);
        StoreError::Damaged { path: path.to_owned(), reason }
    };
    let parse = |(number, line)| {
        let mut report = serde_json::from_slice(line).map_err(|error| damaged((number, error)))?;
        if let (Report::Image { path: picture, .. }, Some(folder)) = (&mut report, path.parent()) {
            *picture = in_folder(folder, picture);
        }
        Ok(report)
    };
    lines.enumerate().map(parse).collect()
}

/// Where a reported file is now. Earlier versions kept paths with the folder as it was called then.
fn in_folder(folder: &Path, file: &Path) -> PathBuf {
    let parts: Vec<Component<'_>> = file.components().collect();
    let before = parts.iter().rposition(|part| Some(part.as_os_str()) == folder.file_name());
    let inside = match before {
        Some(before) => &parts[before + 1..],
        None if file.is_absolute() => &parts[parts.len().saturating_sub(1)..],
        None => &parts[..],
    };
    folder.join(inside.iter().filter(|part| matches!(part, Component::Normal(_))).collect::<PathBuf>())
}

/// The lines whose reports count. A line that a crash cut off is not JSON, and counts for nothing.
fn lines_that(text: &[u8], counts: impl Fn(&Report) -> bool) -> Vec<u8> {
    let lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let kept = lines.filter(|line| serde_json::from_slice(line).is_ok_and(|report| counts(&report)));
    kept.flatten().copied().collect()
}

/// Whether an earlier attempt's report counts when this stage goes on from this step.
fn counts(report: &Report, stage: &str, resumed: u64) -> bool {
    step_of(report).is_some_and(|step| !report.is_of_stage(stage) || step <= resumed)
}

/// Whether a report of the same attempt counts then: what is of no step, or of another stage, will not be reported again.
fn counts_of_own(report: &Report, stage: &str, resumed: u64) -> bool {
    !report.is_of_stage(stage) || step_of(report).is_some_and(|step| step <= resumed)
}

/// The step that a report belongs to, if it belongs to one.
fn step_of(report: &Report) -> Option<u64> {
    match report {
        Report::Scalar(scalar) => Some(scalar.step),
        Report::Image { step, .. } => *step,
        _ => None,
    }
}
