//! The scores of single samples: one CSV file per split, appended to batch by batch.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs_err::{File, OpenOptions};
use lossnet_plugin_protocol::report::{Column, SampleRows};

use super::StoreError;

/// The file of a split. A split's name may hold slashes.
pub(super) fn file_name(split: &str) -> String {
    format!("samples.{}.csv", split.replace('/', "-"))
}

/// A split's file, open for appending.
#[derive(Debug)]
pub(super) struct SampleFile {
    path: PathBuf,
    file: File,
    rows: u64,
    header: Option<String>,
}

impl SampleFile {
    /// Opens or makes the file. A last line that an interruption has torn is cut off.
    pub(super) fn open(path: &Path) -> Result<SampleFile, StoreError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(StoreError::write)?;
        let mut whole = 0;
        let mut rows: u64 = 0;
        let mut header = None;
        let mut reader = BufReader::new(&mut file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(StoreError::read)?;
            if length == 0 || line.last() != Some(&b'\n') {
                break;
            }
            whole += length as u64;
            if header.is_none() {
                header = Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            } else {
                rows += 1;
            }
        }
        drop(reader);
        file.set_len(whole).map_err(StoreError::write)?;
        file.seek(SeekFrom::End(0)).map_err(StoreError::write)?;
        Ok(SampleFile { path: path.to_owned(), file, rows, header })
    }

    /// How many samples are recorded.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends rows, in one write.
    pub(super) fn append(&mut self, rows: &SampleRows) -> Result<(), StoreError> {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let names: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
        let header = [&["group", "id"][..], &names].concat().join(",");
        let failed = |error: csv::Error| StoreError::Write(std::io::Error::other(error));
        match &self.header {
            None => writer.write_record(header.split(',')).map_err(failed)?,
            Some(known) if *known != header => {
                let reason = format!("it has the columns {known}, and rows with {header} were to be added");
                return Err(StoreError::Damaged { path: self.path.clone(), reason });
            }
            Some(_) => {}
        }
        for (row, id) in rows.ids.iter().enumerate() {
            let group = rows.groups.get(row).map_or("", String::as_str);
            let values =
                rows.columns.iter().map(|column| column.values.get(row).copied().unwrap_or(f64::NAN));
            let record =
                [group.to_owned(), id.clone()].into_iter().chain(values.map(|value| value.to_string()));
            writer.write_record(record).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| StoreError::Write(error.into_error()))?;
        self.file.write_all(&bytes).map_err(StoreError::write)?;
        self.header = Some(header);
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(StoreError::write)
    }
}

/// At most `count` recorded rows from row `first` on.
pub(super) fn read(path: &Path, split: &str, first: u64, count: u64) -> Result<SampleRows, StoreError> {
    let damaged = |reason: String| StoreError::Damaged { path: path.to_owned(), reason };
    let file = File::open(path).map_err(StoreError::read)?;
    let mut reader = csv::ReaderBuilder::new().from_reader(BufReader::new(file.take(u64::MAX)));
    let header = reader.headers().map_err(|error| damaged(error.to_string()))?.clone();
    let mut rows = SampleRows { split: split.to_owned(), ..SampleRows::default() };
    rows.columns =
        header.iter().skip(2).map(|name| Column { name: name.to_owned(), values: Vec::new() }).collect();
    for record in reader.records().skip(first as usize).take(count as usize) {
        let record = record.map_err(|error| damaged(error.to_string()))?;
        let mut fields = record.iter();
        rows.groups.push(fields.next().unwrap_or_default().to_owned());
        rows.ids.push(fields.next().unwrap_or_default().to_owned());
        for (column, field) in rows.columns.iter_mut().zip(fields) {
            let value = field.parse().map_err(|_| damaged(format!("`{field}` is no number")))?;
            column.values.push(value);
        }
    }
    Ok(rows)
}
