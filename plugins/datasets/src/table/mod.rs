//! A table of the user's: paths of images, judgements, numbers and labels in the columns of a CSV file.

mod cells;
mod read;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::images::is_named_as_image;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{ImageReader, check_images, read_mask};
use crate::fractions::Fractions;
use crate::npy;
use crate::told::tell_once;
use cells::Cell;

/// The user's CSV file in `data.folder`, a sample for each row. The split `all` is every row.
pub(crate) struct Table;

/// How the table is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TableSettings {
    /// The file's name in `data.folder`; not needed where there is only one `.csv` or `.tsv` file.
    file: Option<String>,
    /// Columns by the names of the fields that they are to be, such as `{ ref = "reference", judge = ["votes_a", "votes_b"] }`,
    /// where two columns of votes give the fraction that is for the second; without, all columns under their own names.
    fields: BTreeMap<String, Columns>,
    /// How many people were asked, where the column of `judge` or `same` counts those who chose p1 or who saw no difference.
    #[schemars(range(min = 1))]
    votes: Option<u32>,
    /// The column of the samples' names; without, `id` where there is such a column, else rows are numbered from 1.
    id: Option<String>,
    /// The column of the groups that are scored one by one, such as kinds of distortion.
    group: Option<String>,
    /// The column that names each row's split; without, `split` where there is such a column and no fractions are set.
    split_column: Option<String>,
    /// Splits made of all rows: the fraction of each, such as `{ train = 0.8, test = 0.2 }`.
    split: Fractions,
    /// Which row falls into which of them.
    split_seed: u64,
    /// Fields whose images have one channel, such as masks. All other images have three.
    grey: Vec<String>,
    /// Whether images are turned as their EXIF data say. Pillow, and so by default lossnet, does not.
    exif_orientation: bool,
    /// Whether all files are read to tell whether they have changed since cells were computed. Without, above 256 MB in all their
    /// names and sizes count.
    #[schemars(extend("x-incidental" = true))]
    verify: bool,
}

/// The columns that a field is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Columns {
    /// Its values.
    One(String),
    /// Votes for the first and for the second.
    Votes([String; 2]),
}

impl Dataset for Table {
    type Config = TableSettings;

    fn info(&self) -> Info {
        Info::new(
            "csv",
            "a CSV file of yours (in data.folder) whose columns are paths of images, judgements, numbers and labels",
        )
    }

    fn splits(&self) -> Vec<String> {
        // `all`, and what the file or the settings say.
        Vec::new()
    }

    fn open(
        &self,
        settings: TableSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let file = file(&request.folder, settings.file.as_deref())?;
        let fraction = settings.split.has(&request.split)?;
        let table = read::read(&file, &settings)?;
        let mut rows = table.rows;
        if fraction {
            rows = settings.split.part(rows, |row| &row.id, &request.split, settings.split_seed)?;
        } else if request.split != "all" {
            let mut known: Vec<String> = rows.iter().filter_map(|row| row.split.clone()).collect();
            known.sort();
            known.dedup();
            rows.retain(|row| row.split.as_ref() == Some(&request.split));
            if rows.is_empty() {
                return Err(no_split(request, &file, &known, &settings.split));
            }
        }
        let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
        for row in &rows {
            for cell in &row.cells {
                if let Cell::File(path) = cell
                    && !folder.join(path).is_file()
                {
                    return Err(PluginError::input(format!(
                        "{}, line {}: there is no file {}",
                        file.display(),
                        row.line,
                        folder.join(path).display()
                    ))
                    .with_help("paths are relative to the folder of the CSV file"));
                }
            }
        }
        let paths: Vec<PathBuf> = rows
            .iter()
            .flat_map(|row| &row.cells)
            .filter_map(|cell| match cell {
                Cell::File(path) if is_named_as_image(path) => Some(folder.join(path)),
                _ => None,
            })
            .collect();
        check_images(paths.iter().map(PathBuf::as_path), &*services)?;
        tell_outside(&file, &folder, &paths, &*services);
        if let Some(unknown) = settings.grey.iter().find(|name| !table.fields.contains(name)) {
            return Err(PluginError::input(format!(
                "{} has no field `{unknown}`, which `grey` names: it has {}",
                file.display(),
                table.fields.join(", ")
            )));
        }
        let reader = ImageReader::new(services, &folder).upright(settings.exif_orientation);
        Ok(Box::new(TableSamples { fields: table.fields, rows, folder, grey: settings.grey, reader }))
    }
}

/// Tells of images that do not lie in the data folder: it is looked at for changes, they are not.
fn tell_outside(file: &Path, folder: &Path, paths: &[PathBuf], services: &dyn Services) {
    let is_outside = |path: &&PathBuf| {
        path.strip_prefix(folder)
            .map_or(true, |inner| inner.components().any(|part| part == Component::ParentDir))
    };
    let outside = paths.iter().filter(is_outside).count();
    if outside > 0 {
        let message = format!(
            "{}: {outside} of {} images lie outside of {}: where they are replaced, lossnet does not notice it, and takes cells for done \
             that were computed with the old ones",
            file.display(),
            paths.len(),
            folder.display()
        );
        tell_once(services, folder, "outside", &message);
    }
}

/// The CSV file in a folder.
fn file(folder: &Path, named: Option<&str>) -> Result<PathBuf, PluginError> {
    if let Some(name) = named {
        let file = folder.join(name);
        if file.is_file() {
            return Ok(file);
        }
        return Err(PluginError::input(format!(
            "there is no file {}, which `data.file` names",
            file.display()
        )));
    }
    let unreadable = |error: std::io::Error| {
        PluginError::input(format!("the folder {} can't be read: {error}", folder.display()))
            .with_help("name the folder of the CSV file with data.folder, and the file with data.file")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending = lossnet_plugin_api::protocol::images::ending(&path);
        if ["csv", "tsv"].contains(&ending.as_str())
            && !lossnet_plugin_api::protocol::images::is_hidden(&path)
            && path.is_file()
        {
            files.push(path);
        }
    }
    files.sort();
    match files.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(PluginError::input(format!("there is no .csv or .tsv file in {}", folder.display()))),
        several => {
            let names: Vec<String> = several
                .iter()
                .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
                .collect();
            Err(PluginError::input(format!(
                "there are several tables in {}: name one of them with data.file ({})",
                folder.display(),
                names.join(", ")
            )))
        }
    }
}

fn no_split(request: &OpenSplit, file: &Path, known: &[String], fractions: &Fractions) -> PluginError {
    let mut names: Vec<&str> = vec!["all"];
    names.extend(known.iter().map(String::as_str));
    names.extend(fractions.names());
    PluginError::input(format!(
        "{} has no split `{}`: it has {}",
        file.display(),
        request.split,
        names.join(", ")
    ))
    .with_help(
        "splits come from a column named `split` (data.split_column), or from fractions: data.split = { train = 0.8, test = \
         0.2 }",
    )
}

/// A row, its columns as the fields need them.
#[derive(Debug)]
pub(crate) struct Row {
    line: u64,
    id: String,
    group: String,
    split: Option<String>,
    cells: Vec<Cell>,
}

struct TableSamples {
    fields: Vec<String>,
    rows: Vec<Row>,
    folder: PathBuf,
    grey: Vec<String>,
    reader: ImageReader,
}

impl Samples for TableSamples {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let row = &self.rows[index];
        let fields = self.fields.iter().zip(&row.cells).map(|(name, cell)| {
            let value = match cell {
                Cell::Number(value) => Field::Number(*value),
                Cell::File(path) if !is_named_as_image(path) => npy::field(&self.folder.join(path))?,
                Cell::File(path) if self.grey.contains(name) => read_mask(&self.folder.join(path))?,
                Cell::File(path) => self.reader.read(&self.folder.join(path))?,
            };
            Ok((name.clone(), value))
        });
        let fields = fields.collect::<Result<_, PluginError>>()?;
        Ok(Sample { id: row.id.clone(), group: row.group.clone(), fields })
    }
}
