//! The table as a Parquet file.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;

use super::{COLUMNS, Row};

/// How a column is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Storage {
    Text,
    Integer,
    Number,
    Flag,
}

fn storage(column: &str) -> Storage {
    match column {
        "value" | "seconds" => Storage::Number,
        "samples" | "repetition" | "seed" | "protocol_version" | "started" => Storage::Integer,
        "higher_is_better" | "deterministic" => Storage::Flag,
        _ => Storage::Text,
    }
}

/// Writes the table, Snappy-compressed, in one step.
pub fn write_parquet(rows: &[Row], path: &Path) -> Result<(), ParquetError> {
    let fields = COLUMNS.iter().map(|name| {
        let builder = match storage(name) {
            Storage::Text => Type::primitive_type_builder(name, PhysicalType::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String)),
            Storage::Integer => Type::primitive_type_builder(name, PhysicalType::INT64),
            Storage::Number => Type::primitive_type_builder(name, PhysicalType::DOUBLE),
            Storage::Flag => Type::primitive_type_builder(name, PhysicalType::BOOLEAN),
        };
        builder.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("results").with_fields(fields).build()?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (position, name) in COLUMNS.iter().enumerate() {
        let values = rows.iter().map(|row| &row.values()[position]);
        let Some(mut column) = group.next_column()? else { break };
        match storage(name) {
            Storage::Text => {
                let values: Vec<ByteArray> =
                    values.map(|value| ByteArray::from(super::row::text(value).into_bytes())).collect();
                column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
            Storage::Integer => {
                let values: Vec<i64> = values.map(|value| value.as_i64().unwrap_or_default()).collect();
                column.typed::<Int64Type>().write_batch(&values, None, None)?;
            }
            Storage::Number => {
                let values: Vec<f64> =
                    values.map(|value| super::row::as_number(value).unwrap_or(f64::NAN)).collect();
                column.typed::<DoubleType>().write_batch(&values, None, None)?;
            }
            Storage::Flag => {
                let values: Vec<bool> = values.map(|value| value == &Value::Bool(true)).collect();
                column.typed::<BoolType>().write_batch(&values, None, None)?;
            }
        }
        column.close()?;
    }
    group.close()?;
    let bytes = writer.into_inner()?;
    crate::atomic::write(path, &bytes).map_err(|error| ParquetError::External(Box::new(error)))
}
