//! The table as CSV and JSON.

use serde_json::{Map, Value as Json};

use super::column::Column;
use super::column::Record;

/// These columns of records as CSV with a header.
pub fn csv(records: &[impl Record], columns: &[&Column]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|column| column.name))?;
    for record in records {
        for column in columns {
            writer.write_field(record.get(column).text().as_ref())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// These columns of records as a JSON list of objects.
pub fn to_json(records: &[impl Record], columns: &[&Column]) -> Json {
    let object = |record: &_| -> Map<String, Json> {
        let values =
            columns.iter().map(|column| (column.name.to_owned(), Record::get(record, column).to_json()));
        values.collect()
    };
    records.iter().map(|record| Json::Object(object(record))).collect()
}
