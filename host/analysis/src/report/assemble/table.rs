//! Every row of the results, column by column.

use std::collections::HashMap;

use super::digits::rounded;
use crate::report::data::{Table, TableColumn};
use crate::results::{COLUMNS, Column, Record as _, Row, Storage, Value};

/// Columns that have a value of their own for each cell and are said elsewhere: `lossnet results` has them.
const ELSEWHERE: [&str; 3] = ["cell_name", "signature", "seed"];

/// The table as small as it can be said: what is the same in all rows once, texts that repeat by their number, and numbers
/// with six significant digits.
pub(super) fn of(rows: &[Row]) -> Table {
    let columns = COLUMNS.iter().filter(|column| !ELSEWHERE.contains(&column.name));
    Table { rows: rows.len(), columns: columns.map(|column| self::column(rows, column)).collect() }
}

fn column(rows: &[Row], column: &Column) -> TableColumn {
    let name = column.name.to_owned();
    let first = rows.first().map_or(Value::Missing, |row| row.get(column));
    if rows.iter().all(|row| row.get(column) == first) {
        return TableColumn::Constant { name, value: first.text().into_owned() };
    }
    if matches!(column.storage, Storage::Integer | Storage::Number) {
        let number = |row: &Row| row.get(column).number().filter(|number| number.is_finite());
        let values = rows.iter().map(|row| {
            let number = number(row)?;
            Some(if column.storage == Storage::Integer { number } else { rounded(number) })
        });
        return TableColumn::Numbers { name, values: values.collect() };
    }
    let mut positions: HashMap<String, u32> = HashMap::new();
    let mut texts = Vec::new();
    let codes = rows.iter().map(|row| {
        let text = row.get(column).text();
        if let Some(&position) = positions.get(text.as_ref()) {
            return position;
        }
        let position = texts.len() as u32;
        positions.insert(text.clone().into_owned(), position);
        texts.push(text.into_owned());
        position
    });
    let codes = codes.collect();
    TableColumn::Texts { name, texts, codes }
}
