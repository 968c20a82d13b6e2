//! The columns of the table.

use super::row::Row;
use super::value::{Storage, Value};
use crate::leaderboards::weights_name;
use lossnet_core::nearest::did_you_mean;
use lossnet_core::store::Cost;

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What was run: the same for all repetitions.
    Contender,
    /// Which run it was, and by what it was computed.
    Run,
    /// The result.
    Score,
    /// What it cost, and where it is from.
    Provenance,
}

/// A column of the table.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// How its values are stored.
    pub storage: Storage,
    /// What it says.
    pub role: Role,
    get: for<'a> fn(&'a Row) -> Value<'a>,
}

impl Column {
    /// The row's value in this column.
    pub(super) fn of<'a>(&self, row: &'a Row) -> Value<'a> {
        (self.get)(row)
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Column) -> bool {
        self.name == other.name
    }
}

impl Eq for Column {}

const fn column(
    name: &'static str,
    role: Role,
    storage: Storage,
    get: for<'a> fn(&'a Row) -> Value<'a>,
) -> Column {
    Column { name, storage, role, get }
}

use Role::{Contender, Provenance, Run, Score};
use Storage::{Flag, Integer, Number, Text};

/// All columns, in order.
pub static COLUMNS: [Column; 59] = [
    column("experiment", Contender, Text, |row| Value::Text(&row.cell().experiment)),
    column("task", Contender, Text, |row| Value::Text(&row.config().task.name)),
    column("task_settings", Contender, Text, |row| Value::Text(&row.cell().texts.task_settings)),
    column("dataset", Contender, Text, |row| Value::Text(&row.config().data.dataset.name)),
    column("dataset_settings", Contender, Text, |row| Value::Text(&row.cell().texts.dataset_settings)),
    column("splits", Contender, Text, |row| Value::Text(&row.cell().texts.splits)),
    column("limit", Contender, Integer, |row| Value::optional(row.config().data.limit, Value::count)),
    column("data_folder", Contender, Text, |row| {
        Value::optional(row.config().data.folder.as_deref(), Value::Text)
    }),
    column("test_data", Contender, Text, |row| Value::Text(&row.cell().texts.test_data)),
    column("backbone", Contender, Text, |row| Value::Text(&row.config().loss_network.backbone.name)),
    column("backbone_settings", Contender, Text, |row| Value::Text(&row.cell().texts.backbone_settings)),
    column("weights", Contender, Text, |row| Value::Text(weights_name(&row.result().cell))),
    column("layers", Contender, Text, |row| Value::Text(&row.cell().texts.layers)),
    column("comparison", Contender, Text, |row| Value::Text(&row.config().loss_network.comparison.name)),
    column("comparison_settings", Contender, Text, |row| Value::Text(&row.cell().texts.comparison_settings)),
    column("calibration", Contender, Text, |row| {
        Value::optional(row.config().loss_network.calibration.as_deref(), Value::Text)
    }),
    column("normalize", Contender, Text, |row| Value::Text(&row.config().loss_network.normalize)),
    column("size", Contender, Integer, |row| {
        Value::optional(row.config().loss_network.size.map(u64::from), Value::count)
    }),
    column("metric", Score, Text, |row| Value::Text(&row.metric().name)),
    column("split", Score, Text, |row| Value::Text(&row.metric().split)),
    column("value", Score, Number, |row| Value::Number(row.metric().value)),
    column("low", Score, Number, |row| {
        Value::optional(row.standing().interval.map(|[low, _]| low), Value::Number)
    }),
    column("high", Score, Number, |row| {
        Value::optional(row.standing().interval.map(|[_, high]| high), Value::Number)
    }),
    column("tied", Score, Flag, |row| Value::optional(row.standing().tied, Value::Flag)),
    column("unit", Score, Text, |row| Value::Text(&row.metric().unit)),
    column("higher_is_better", Score, Flag, |row| Value::Flag(row.metric().higher_is_better)),
    column("spread", Score, Number, |row| Value::optional(row.repetitions().spread, Value::Number)),
    column("repetitions", Score, Integer, |row| Value::count(row.repetitions().count)),
    column("averaged", Score, Integer, |_| Value::Integer(1)),
    column("deviation", Score, Number, |_| Value::Missing),
    column("samples", Score, Integer, |row| Value::count(row.metric().samples)),
    column("failed", Score, Integer, |row| Value::optional(row.metric().failed, Value::count)),
    column("nan", Score, Integer, |row| Value::optional(row.metric().nan, Value::count)),
    column("repetition", Run, Integer, |row| Value::count(row.result().cell.repetition.into())),
    column("device", Run, Text, |row| Value::Text(&row.result().device)),
    column("precision", Contender, Text, |row| Value::Text(&row.config().run.precision)),
    column("deterministic", Contender, Flag, |row| Value::Flag(row.config().run.deterministic)),
    column("seed", Provenance, Integer, |row| Value::count(row.result().cell.seed)),
    column("protocol_version", Contender, Integer, |row| {
        Value::count(row.result().cell.protocol_version.into())
    }),
    column("lossnet_version", Run, Text, |row| Value::Text(&row.result().versions.lossnet)),
    column("libtorch_version", Run, Text, |row| Value::Text(&row.result().versions.libtorch)),
    column("plugins", Run, Text, |row| Value::Text(&row.cell().texts.plugins)),
    column("weights_sha256", Contender, Text, |row| Value::Text(&row.result().weights)),
    column("calibration_sha256", Contender, Text, |row| {
        Value::optional(row.result().cell.inputs.sum("calibration"), Value::Text)
    }),
    column("data_sha256", Contender, Text, |row| {
        Value::optional(row.result().cell.inputs.sum("data"), Value::Text)
    }),
    column("started", Provenance, Integer, |row| Value::count(row.result().started)),
    column("seconds", Provenance, Number, |row| Value::Number(row.result().seconds)),
    column("cpu_seconds", Provenance, Number, |row| Value::optional(row.result().cpu_seconds, Value::Number)),
    column("peak_memory", Provenance, Integer, |row| Value::optional(row.result().peak_memory, Value::count)),
    column("image_height", Provenance, Integer, |row| of_cost(row, |cost| Value::count(cost.height))),
    column("image_width", Provenance, Integer, |row| of_cost(row, |cost| Value::count(cost.width))),
    column("forward_seconds", Provenance, Number, |row| {
        of_cost(row, |cost| Value::Number(cost.forward_seconds))
    }),
    column("backward_seconds", Provenance, Number, |row| {
        of_cost(row, |cost| Value::optional(cost.backward_seconds, Value::Number))
    }),
    column("forward_memory", Provenance, Integer, |row| {
        of_cost(row, |cost| Value::count(cost.forward_memory))
    }),
    column("backward_memory", Provenance, Integer, |row| {
        of_cost(row, |cost| Value::count(cost.backward_memory))
    }),
    column("group_size", Provenance, Integer, |row| Value::count(row.result().group_size as u64)),
    column("cell_name", Provenance, Text, |row| Value::Text(&row.result().cell.name)),
    column("cell", Provenance, Text, |row| Value::Text(&row.result().cell.id)),
    column("signature", Provenance, Text, |row| Value::Text(&row.result().signature)),
];

/// Something of what the loss network costs for one image.
fn of_cost<'a>(row: &'a Row, of: impl Fn(&Cost) -> Value<'a>) -> Value<'a> {
    row.result().cost.as_ref().map_or(Value::Missing, of)
}

/// Something with a value for each of [`COLUMNS`].
pub trait Record {
    /// Its value in a column.
    fn get(&self, column: &Column) -> Value<'_>;
}

impl Record for Row {
    fn get(&self, column: &Column) -> Value<'_> {
        column.of(self)
    }
}

impl Row {
    /// The value of a column as people read it; nothing where there is no such column.
    pub fn text(&self, column: &str) -> String {
        let column = COLUMNS.iter().find(|known| known.name == column);
        column.map(|column| column.of(self).text().into_owned()).unwrap_or_default()
    }

    /// What was run, without which repetition of it: equal texts for the same contender.
    pub(super) fn contender(&self) -> String {
        let columns = COLUMNS.iter().filter(|column| column.role == Role::Contender);
        columns.map(|column| column.of(self).text()).collect::<Vec<_>>().join("\u{1f}")
    }
}

/// There is no such column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the table has no column `{name}`{}", advice(name))]
pub struct UnknownColumn {
    /// What was asked for.
    pub name: String,
}

fn advice(name: &str) -> String {
    let names = || COLUMNS.iter().map(|column| column.name);
    match did_you_mean(name, names()) {
        Some(near) => format!(": {near}"),
        None => format!("; its columns are {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// The column of this name.
pub fn find_column(name: &str) -> Result<&'static Column, UnknownColumn> {
    COLUMNS.iter().find(|column| column.name == name).ok_or_else(|| UnknownColumn { name: name.to_owned() })
}

/// The columns of these names, each once.
pub fn find_columns(names: &[String]) -> Result<Vec<&'static Column>, UnknownColumn> {
    let mut columns: Vec<&'static Column> = Vec::new();
    for name in names {
        let column = find_column(name.trim())?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}
