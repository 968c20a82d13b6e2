//! `metrics.jsonl`: what a task reported, line by line, over all attempts that count; and `curves.csv`, its points alone.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use fs_err::File;
use lossnet_plugin_protocol::report::Report;

use super::StoreError;

/// The points of all curves as a table: name, step, value, in the order in which they were reported.
const CURVES: &str = "curves.csv";

/// The file of one attempt. What earlier attempts left counts only as far as the task says that it goes on from there:
/// nothing is changed before the first report.
#[derive(Debug)]
pub(super) struct Curves {
    path: PathBuf,
    file: Option<File>,
}

impl Curves {
    pub(super) fn new(path: &Path) -> Curves {
        Curves { path: path.to_owned(), file: None }
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

    /// Drops what was reported of a stage behind a step. Results are dropped in any case: they are found anew.
    pub(super) fn resume(&mut self, stage: &str, step: u64) -> Result<(), StoreError> {
        let text = match fs_err::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::read(error)),
        };
        // A line that a crash cut off is no JSON, and counts for nothing.
        let kept: Vec<&[u8]> = text
            .split_inclusive(|&byte| byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
            .filter(|line| serde_json::from_slice(line).is_ok_and(|report| counts(&report, stage, step)))
            .collect();
        crate::atomic::write(&self.path, &kept.concat()).map_err(StoreError::write)?;
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
        crate::atomic::write(&path, &table).map_err(StoreError::write)
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

/// Whether an earlier attempt's report counts when this stage goes on from this step.
fn counts(report: &Report, stage: &str, resumed: u64) -> bool {
    let step = match report {
        Report::Scalar(scalar) => scalar.step,
        Report::Image { step: Some(step), .. } => *step,
        _ => return false,
    };
    !report.is_of_stage(stage) || step <= resumed
}
