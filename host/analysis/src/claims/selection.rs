//! Which results a statement is about.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::column::Column;
use super::item::Item;

/// A set of results: for each column the values that it may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection(BTreeMap<Column, Values>);

/// One or several values, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Values(pub(super) Vec<String>);

impl Selection {
    pub(super) fn has(&self, item: &Item<'_>) -> bool {
        self.0.iter().all(|(column, values)| values.0.contains(&column.text(item)))
    }

    /// The columns with the values that each may have.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Column, &[String])> {
        self.0.iter().map(|(column, values)| (column, values.0.as_slice()))
    }

    /// The values that a column may have, if it is among those that are asked for.
    pub(super) fn values(&self, column: &str) -> Option<&[String]> {
        self.iter().find(|(known, _)| known.name() == column).map(|(_, values)| values)
    }

    /// The values, of columns with several, that none of these results has.
    pub(super) fn lacking(&self, items: &[Item<'_>]) -> Vec<String> {
        let several = self.0.iter().filter(|(_, values)| values.0.len() > 1);
        let pairs = several.flat_map(|(column, values)| values.0.iter().map(move |value| (column, value)));
        pairs
            .filter(|(column, value)| !items.iter().any(|item| column.text(item) == **value))
            .map(|(column, value)| format!("{} = {value}", column.name()))
            .collect()
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("any settings");
        }
        for (position, (column, values)) in self.0.iter().enumerate() {
            let between = if position == 0 { "" } else { ", " };
            write!(f, "{between}{} = {}", column.name(), values.0.join(" or "))?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;
        impl<'de> Visitor<'de> for Columns {
            type Value = Selection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a table of columns, such as { task = \"metric\", backbone = [\"vgg11\", \"vgg16\"] }",
                )
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Selection, A::Error> {
                let mut selection = BTreeMap::new();
                while let Some(column) = map.next_key::<Column>()? {
                    selection.insert(column, map.next_value::<Values>()?);
                }
                Ok(Selection(selection))
            }
        }
        deserializer.deserialize_map(Columns)
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;
        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true, false, or a list of those")
            }

            fn visit_str<E>(self, value: &str) -> Result<Values, E> {
                Ok(Values(vec![value.to_owned()]))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(Values(value)) = list.next_element()? {
                    values.extend(value);
                }
                if values.is_empty() {
                    return Err(de::Error::invalid_length(0, &"at least one value"));
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(OneOrSeveral)
    }
}
