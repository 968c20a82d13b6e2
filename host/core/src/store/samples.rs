//! The scores of single samples: one CSV file per split, appended to batch by batch.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};
use fs_err::{File, OpenOptions};
use lossnet_plugin_protocol::report::{Column, SampleRows};

use super::StoreError;

/// The file of a split. Slashes in a split's name become hyphens, and what could be mistaken for one is escaped as in
/// URLs, so that every split has a file of its own.
pub(super) fn file_name(split: &str) -> String {
    let mut name = String::from("samples.");
    for byte in split.bytes() {
        match byte {
            b'/' => name.push('-'),
            b'.' | b'_' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    name + ".csv"
}

/// Removes the files of all splits in a cell's folder.
pub(super) fn remove_all(folder: &Path) -> Result<(), StoreError> {
    for entry in fs_err::read_dir(folder).map_err(StoreError::read)? {
        let entry = entry.map_err(StoreError::read)?;
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".csv"));
        if name.is_some_and(|name| name.starts_with("samples.")) {
            fs_err::remove_file(entry.path()).map_err(StoreError::write)?;
        }
    }
    Ok(())
}

/// A row's number, and the byte at which it begins.
type Place = (u64, u64);

/// A split's file, open for appending.
#[derive(Debug)]
pub(super) struct SampleFile {
    path: PathBuf,
    file: File,
    rows: u64,
    header: Option<String>,
    /// Length of what is whole.
    length: u64,
    /// Where the last reading ended: readers go on from there.
    place: Cell<Option<Place>>,
}

impl SampleFile {
    /// Opens or makes the file. A last line that an interruption has torn is cut off.
    pub(super) fn open(path: &Path) -> Result<SampleFile, StoreError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(StoreError::write)?;
        let mut sample_file = SampleFile {
            path: path.to_owned(),
            file,
            rows: 0,
            header: None,
            length: 0,
            place: Cell::new(None),
        };
        sample_file.find_whole_rows()?;
        sample_file.cut()?;
        Ok(sample_file)
    }

    fn find_whole_rows(&mut self) -> Result<(), StoreError> {
        let bytes = fs_err::metadata(&self.path).map_err(StoreError::read)?.len();
        let mut reader = reader(&self.path)?;
        let mut record = ByteRecord::new();
        // A row is whole if a line's end follows it: the reader does not tell, but only the last can lack it.
        let ends_in_a_line = bytes > 0 && last_byte(&self.path, bytes)? == b'\n';
        loop {
            let more = match reader.read_byte_record(&mut record) {
                Ok(more) => more,
                Err(error) => return Err(damaged(&self.path, &error)),
            };
            let end = reader.position().byte();
            if !more || (end >= bytes && !ends_in_a_line) {
                return Ok(());
            }
            match &self.header {
                None => {
                    let names: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
                    self.header = Some(names.join(","));
                }
                Some(header) if header.split(',').count() != record.len() => {
                    // Only the last line can have been torn; any other was changed by someone else.
                    if end >= bytes {
                        return Ok(());
                    }
                    let reason = format!(
                        "row {} has {} values, and the header is {header}",
                        self.rows + 1,
                        record.len()
                    );
                    return Err(StoreError::Damaged { path: self.path.clone(), reason });
                }
                Some(_) => self.rows += 1,
            }
            self.length = end;
        }
    }

    /// Cuts off what is not whole, and goes to the end.
    fn cut(&mut self) -> Result<(), StoreError> {
        self.file.set_len(self.length).map_err(StoreError::write)?;
        self.file.seek(SeekFrom::End(0)).map_err(StoreError::write)?;
        Ok(())
    }

    /// How many samples are recorded.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends rows, all or none.
    pub(super) fn append(&mut self, rows: &SampleRows) -> Result<(), StoreError> {
        let refuse = |reason: String| StoreError::Unfit { path: self.path.clone(), reason };
        let mut names = vec!["group", "id"];
        names.extend(rows.columns.iter().map(|column| column.name.as_str()));
        if let Some(name) = names.iter().find(|name| name.contains([',', '"', '\n', '\r'])) {
            return Err(refuse(format!("a column can't be named `{name}`")));
        }
        let lengths = rows.columns.iter().map(|column| column.values.len()).chain([rows.groups.len()]);
        if let Some(length) = lengths.into_iter().find(|&length| length != rows.len()) {
            return Err(refuse(format!(
                "{} samples were reported with {length} values or groups",
                rows.len()
            )));
        }
        let header = names.join(",");
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let failed = |error: csv::Error| StoreError::Write(std::io::Error::other(error));
        match &self.header {
            None => writer.write_record(&names).map_err(failed)?,
            Some(known) if *known != header => {
                // As after the plugin was replaced by another version.
                let reason = format!("it has the columns {known}, and rows with {header} were to be added");
                return Err(StoreError::Damaged { path: self.path.clone(), reason });
            }
            Some(_) => {}
        }
        for (row, id) in rows.ids.iter().enumerate() {
            writer.write_field(&rows.groups[row]).map_err(failed)?;
            writer.write_field(id).map_err(failed)?;
            for column in &rows.columns {
                writer.write_field(column.values[row].to_string()).map_err(failed)?;
            }
            writer.write_record(None::<&[u8]>).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| StoreError::Write(error.into_error()))?;
        if let Err(error) = self.file.write_all(&bytes) {
            // As on a full disk: a part may have been written. If even this fails, the next opening cuts it off.
            let _ = self.cut();
            return Err(StoreError::write(error));
        }
        self.header = Some(header);
        self.rows += rows.len() as u64;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// At most `count` recorded rows from row `first` on. Quick if it goes on where the last call ended.
    pub(super) fn read(&self, split: &str, first: u64, count: u64) -> Result<SampleRows, StoreError> {
        let (rows, place) = read_from(&self.path, split, first, count, self.place.get())?;
        self.place.set(Some(place));
        Ok(rows)
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(StoreError::write)
    }
}

/// At most `count` recorded rows from row `first` on.
pub(super) fn read(path: &Path, split: &str, first: u64, count: u64) -> Result<SampleRows, StoreError> {
    read_from(path, split, first, count, None).map(|(rows, _)| rows)
}

fn read_from(
    path: &Path,
    split: &str,
    first: u64,
    count: u64,
    place: Option<Place>,
) -> Result<(SampleRows, Place), StoreError> {
    let mut reader = reader(path)?;
    let mut header = ByteRecord::new();
    reader.read_byte_record(&mut header).map_err(|error| damaged(path, &error))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let columns = header.iter().skip(2).map(|name| Column { name: text(name), values: Vec::new() });
    let mut rows =
        SampleRows { split: split.to_owned(), columns: columns.collect(), ..SampleRows::default() };
    let mut at = 0;
    if let Some((row, byte)) = place.filter(|(row, _)| *row <= first) {
        let mut position = csv::Position::new();
        position.set_byte(byte);
        reader.seek(position).map_err(|error| damaged(path, &error))?;
        at = row;
    }
    let mut record = ByteRecord::new();
    while at < first.saturating_add(count) {
        if !reader.read_byte_record(&mut record).map_err(|error| damaged(path, &error))? {
            break;
        }
        at += 1;
        if at <= first {
            continue;
        }
        if record.len() != header.len() {
            let reason = format!("row {at} has {} values for {} columns", record.len(), header.len());
            return Err(StoreError::Damaged { path: path.to_owned(), reason });
        }
        rows.groups.push(text(&record[0]));
        rows.ids.push(text(&record[1]));
        for (column, field) in rows.columns.iter_mut().zip(record.iter().skip(2)) {
            let field = text(field);
            let value = field.parse().map_err(|_| {
                let reason = format!("`{field}` in row {at} is not a number");
                StoreError::Damaged { path: path.to_owned(), reason }
            })?;
            column.values.push(value);
        }
    }
    let place = (at, reader.position().byte());
    Ok((rows, place))
}

fn reader(path: &Path) -> Result<Reader<BufReader<File>>, StoreError> {
    let file = File::open(path).map_err(StoreError::read)?;
    Ok(ReaderBuilder::new().has_headers(false).flexible(true).from_reader(BufReader::new(file)))
}

fn last_byte(path: &Path, length: u64) -> Result<u8, StoreError> {
    use std::os::unix::fs::FileExt as _;
    let mut byte = [0];
    let file = File::open(path).map_err(StoreError::read)?;
    file.file().read_exact_at(&mut byte, length - 1).map_err(StoreError::read)?;
    Ok(byte[0])
}

fn damaged(path: &Path, error: &csv::Error) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
}
