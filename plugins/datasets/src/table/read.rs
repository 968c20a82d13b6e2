//! From a CSV file to rows.

use std::collections::BTreeSet;
use std::path::Path;

use lossnet_plugin_api::PluginError;

use super::cells::{self, Cell};
use super::{Columns, Row, TableSettings};

/// The fields, and the rows of all splits.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) fields: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// The texts of a file.
struct Texts<'a> {
    file: &'a Path,
    header: Vec<String>,
    /// The line that each row begins in, and its cells.
    rows: Vec<(u64, Vec<String>)>,
}

/// Reads a table. Fails, naming file and line, where it is not one or a column is not what the settings say.
pub(super) fn read(file: &Path, settings: &TableSettings) -> Result<Content, PluginError> {
    let texts = texts(file)?;
    let has = |name: &str| texts.header.iter().any(|column| column == name).then(|| name.to_owned());
    let optional = |setting: &Option<String>, usual: &str| setting.clone().or_else(|| has(usual));
    let id = optional(&settings.id, "id");
    let group = settings.group.clone();
    let split = if settings.split.names().is_empty() {
        optional(&settings.split_column, "split")
    } else {
        settings.split_column.clone()
    };
    let about: Vec<&String> = [&id, &group, &split].into_iter().flatten().collect();
    let fields: Vec<(String, Columns)> = if settings.fields.is_empty() {
        let own = texts.header.iter().filter(|column| !about.contains(column));
        own.map(|column| (column.clone(), Columns::One(column.clone()))).collect()
    } else {
        settings.fields.iter().map(|(field, columns)| (field.clone(), columns.clone())).collect()
    };
    let mut values = Vec::new();
    for (field, columns) in &fields {
        values.push(texts.field(field, columns, settings.votes)?);
    }
    let column =
        |name: &Option<String>, key: &str| name.as_ref().map(|name| texts.column(name, key)).transpose();
    let (ids, groups, splits) =
        (column(&id, "id")?, column(&group, "group")?, column(&split, "split_column")?);
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    let digits = texts.rows.len().to_string().len().max(6);
    for (position, (line, _)) in texts.rows.iter().enumerate() {
        let id =
            ids.as_ref().map_or_else(|| format!("{:0digits$}", position + 1), |ids| ids[position].to_owned());
        if id.is_empty() || !seen.insert(id.clone()) {
            return Err(
                texts.wrong(*line, &format!("the name `{id}` is empty or stands in a line above, too"))
            );
        }
        let at = |column: &Option<Vec<&str>>| column.as_ref().map(|column| column[position].to_owned());
        rows.push(Row {
            line: *line,
            id,
            group: at(&groups).unwrap_or_default(),
            split: at(&splits),
            cells: values.iter().map(|column| column[position].clone()).collect(),
        });
    }
    Ok(Content { fields: fields.into_iter().map(|(field, _)| field).collect(), rows })
}

fn texts(file: &Path) -> Result<Texts<'_>, PluginError> {
    let unreadable =
        |reason: String| PluginError::input(format!("the table {} can't be read: {reason}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    // Excel writes a byte-order mark, and semicolons where the comma is for decimals.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| first.split(|&byte| byte == delimiter).count();
    let delimiter =
        [b',', b';', b'\t'].into_iter().rev().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
    let header: Vec<String> =
        reader.headers().map_err(|error| unreadable(error.to_string()))?.iter().map(str::to_owned).collect();
    let mut known = BTreeSet::new();
    if let Some(twice) = header.iter().find(|column| !known.insert(column.as_str())) {
        return Err(unreadable(format!("two columns are named `{twice}`")));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(describe(&error)))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    if rows.is_empty() {
        return Err(unreadable("it has no rows below the names of its columns".to_owned()));
    }
    Ok(Texts { file, header, rows })
}

fn describe(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} cells, and the first line {expected_len}")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {} is not UTF-8", pos.as_ref().map_or(0, csv::Position::line))
        }
        _ => error.to_string(),
    }
}

impl Texts<'_> {
    fn wrong(&self, line: u64, what: &str) -> PluginError {
        PluginError::input(format!("{}, line {line}: {what}", self.file.display()))
    }

    /// A column's texts. `setting` says what names it.
    fn column(&self, name: &str, setting: &str) -> Result<Vec<&str>, PluginError> {
        let position = self.header.iter().position(|column| column == name).ok_or_else(|| {
            PluginError::input(format!(
                "{} has no column `{name}`, which `data.{setting}` names: it has {}",
                self.file.display(),
                self.header.join(", ")
            ))
        })?;
        Ok(self.rows.iter().map(|(_, cells)| cells[position].as_str()).collect())
    }

    fn cells(&self, name: &str, field: &str) -> Result<Vec<Cell>, PluginError> {
        let texts = self.column(name, &format!("fields.{field}"))?;
        cells::column(&texts)
            .map_err(|(position, what)| self.wrong(self.rows[position].0, &format!("`{name}` {what}")))
    }

    fn numbers(&self, name: &str, field: &str) -> Result<Vec<f64>, PluginError> {
        let number = |(position, text): (usize, &str)| {
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            value.ok_or_else(|| {
                self.wrong(
                    self.rows[position].0,
                    &format!("`{name}` is `{text}`, which is not a number of votes"),
                )
            })
        };
        self.column(name, &format!("fields.{field}"))?.into_iter().enumerate().map(number).collect()
    }

    /// The values of a field. What people said is a fraction of them.
    fn field(&self, field: &str, columns: &Columns, asked: Option<u32>) -> Result<Vec<Cell>, PluginError> {
        let opinion = ["judge", "same"].contains(&field);
        match columns {
            Columns::Votes([first, second]) => {
                let (against, votes) = (self.numbers(first, field)?, self.numbers(second, field)?);
                let fraction = |(position, (against, votes)): (usize, (f64, f64))| {
                    if against + votes > 0.0 {
                        return Ok(Cell::Number(votes / (against + votes)));
                    }
                    let what = format!("nobody voted: `{first}` and `{second}` are 0");
                    Err(self.wrong(self.rows[position].0, &what))
                };
                against.into_iter().zip(votes).enumerate().map(fraction).collect()
            }
            Columns::One(column) if opinion => {
                let people = asked.map_or(1.0, f64::from);
                let numbers = self.numbers(column, field)?;
                let fraction = |(position, votes): (usize, f64)| {
                    if votes <= people {
                        return Ok(Cell::Number(votes / people));
                    }
                    let what = match asked {
                        Some(asked) => format!(
                            "`{column}` is {votes}, and `data.votes` says that {asked} people were asked"
                        ),
                        None => format!(
                            "`{column}` is {votes}, and `{field}` is a fraction of people, from 0 to 1"
                        ),
                    };
                    Err(self.wrong(self.rows[position].0, &what).with_help(format!(
                        "where it counts votes, say of how many with data.votes = N, or name both counts: data.fields = {{ \
                         {field} = [\"FIRST\", \"SECOND\"], … }}"
                    )))
                };
                numbers.into_iter().enumerate().map(fraction).collect()
            }
            Columns::One(column) => self.cells(column, field),
        }
    }
}
