//! One metric of one cell.

use serde_json::{Map, Value, json};

use crate::store::CellResult;

/// The columns of the table, in order.
pub const COLUMNS: [&str; 34] = [
    "experiment",
    "task",
    "task_settings",
    "dataset",
    "dataset_settings",
    "splits",
    "limit",
    "backbone",
    "backbone_settings",
    "weights",
    "layers",
    "comparison",
    "comparison_settings",
    "calibration",
    "normalize",
    "size",
    "metric",
    "split",
    "value",
    "unit",
    "higher_is_better",
    "samples",
    "repetition",
    "device",
    "precision",
    "deterministic",
    "seed",
    "protocol_version",
    "lossnet_version",
    "weights_sha256",
    "started",
    "seconds",
    "cell",
    "signature",
];

/// One metric of one cell with the cell's whole identity, a value for each of [`COLUMNS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row per metric.
    pub fn of(result: &CellResult) -> Vec<Row> {
        let config = &result.cell.config;
        let network = &config.loss_network;
        let terms = &network.comparison.terms;
        let comparison: Vec<String> = terms.iter().map(|term| json!(term.settings).to_string()).collect();
        let comparison = comparison.join("+");
        result
            .metrics
            .iter()
            .map(|metric| {
                Row(vec![
                    json!(result.experiment),
                    json!(config.task.name),
                    settings(&config.task.settings),
                    json!(config.data.dataset.name),
                    settings(&config.data.dataset.settings),
                    json!(config.data.splits.join(",")),
                    json!(config.data.limit),
                    json!(network.backbone.name),
                    settings(&network.backbone.settings),
                    json!(network.weights),
                    json!(network.layers.join(",")),
                    json!(network.comparison.name),
                    json!(comparison),
                    json!(network.calibration),
                    json!(network.normalize),
                    json!(network.size),
                    json!(metric.name),
                    json!(metric.split),
                    number(metric.value),
                    json!(metric.unit),
                    json!(metric.higher_is_better),
                    json!(metric.samples),
                    json!(result.cell.repetition),
                    json!(result.device),
                    json!(config.run.precision),
                    json!(config.run.deterministic),
                    json!(result.cell.seed),
                    json!(result.cell.protocol_version),
                    json!(result.versions.lossnet),
                    json!(result.weights),
                    json!(result.started),
                    json!(result.seconds),
                    json!(result.cell.id),
                    json!(result.signature),
                ])
            })
            .collect()
    }

    /// The value of a column.
    pub fn get(&self, column: &str) -> Option<&Value> {
        COLUMNS.iter().position(|known| *known == column).and_then(|position| self.0.get(position))
    }

    /// The value of a column as people read it.
    pub fn text(&self, column: &str) -> String {
        self.get(column).map(text).unwrap_or_default()
    }

    /// All values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

/// Settings as JSON in one text; nothing where there are none.
fn settings(settings: &Map<String, Value>) -> Value {
    if settings.is_empty() { json!("") } else { json!(Value::Object(settings.clone()).to_string()) }
}

/// A number, or `NaN`, `inf` or `-inf` as text.
fn number(number: f64) -> Value {
    if number.is_finite() { json!(number) } else { json!(number.to_string()) }
}

/// A number as [`number`] has written it.
pub(super) fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| {
        matches!(value.as_str()?, "NaN" | "inf" | "-inf").then(|| value.as_str()?.parse().ok())?
    })
}

/// A value as people read it; nothing where a setting is not set.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The table as CSV with a header.
pub fn csv(rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(row.0.iter().map(text))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The table as a JSON list of objects.
pub fn to_json(rows: &[Row]) -> Value {
    let object = |row: &Row| -> Map<String, Value> {
        COLUMNS.iter().map(|name| (*name).to_owned()).zip(row.0.iter().cloned()).collect()
    };
    rows.iter().map(|row| Value::Object(object(row))).collect()
}
