//! The table as a Parquet file.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::column::Column;
use super::column::Record;
use super::value::{Storage, Value};

/// Writes these columns of records to a file, in one step.
pub fn write_parquet(records: &[impl Record], columns: &[&Column], path: &Path) -> Result<(), ParquetError> {
    lossnet_core::atomic::write(path, &parquet(records, columns)?)
        .map_err(|error| ParquetError::External(Box::new(error)))
}

/// These columns of records as the bytes of a file, Snappy-compressed. What is missing is null.
pub fn parquet(records: &[impl Record], columns: &[&Column]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(|column| {
        let builder = match column.storage {
            Storage::Text => Type::primitive_type_builder(column.name, PhysicalType::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String)),
            Storage::Integer => Type::primitive_type_builder(column.name, PhysicalType::INT64),
            Storage::Number => Type::primitive_type_builder(column.name, PhysicalType::DOUBLE),
            Storage::Flag => Type::primitive_type_builder(column.name, PhysicalType::BOOLEAN),
        };
        builder.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("results").with_fields(fields).build()?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for column in columns {
        let Some(mut file_column) = group.next_column()? else { break };
        let values = || records.iter().map(|record| record.get(column));
        // 1: there is a value; 0: there is none.
        let present: Vec<i16> = values().map(|value| i16::from(value != Value::Missing)).collect();
        match file_column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let there = values().filter(|value| *value != Value::Missing);
                let texts: Vec<ByteArray> =
                    there.map(|value| ByteArray::from(value.text().into_owned().into_bytes())).collect();
                writer.write_batch(&texts, Some(&present), None)?;
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let integer = |value| if let Value::Integer(number) = value { Some(number) } else { None };
                writer.write_batch(
                    &values().filter_map(integer).collect::<Vec<_>>(),
                    Some(&present),
                    None,
                )?;
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                let numbers: Vec<f64> = values().filter_map(Value::number).collect();
                writer.write_batch(&numbers, Some(&present), None)?;
            }
            ColumnWriter::BoolColumnWriter(writer) => {
                let flag = |value| if let Value::Flag(flag) = value { Some(flag) } else { None };
                writer.write_batch(&values().filter_map(flag).collect::<Vec<_>>(), Some(&present), None)?;
            }
            _ => return Err(ParquetError::General(format!("the column {} has no form", column.name))),
        }
        file_column.close()?;
    }
    group.close()?;
    writer.into_inner()
}
