//! Values as TOML and as JSON, and tables as leaves at dotted keys.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

use super::keys::SECTIONS;

/// Text from a shell is read as TOML where it is, and else taken as it stands.
pub fn shell_value(text: &str) -> Value {
    let parsed = DeValue::parse(text).ok().and_then(|value| json(&value).ok());
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The leaves of a sweep's table by dotted key, in which a range is one value.
pub fn flatten_sweep(table: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (key, value) in table {
        match value {
            Value::Object(inner) if SECTIONS.contains(&key.as_str()) || !is_range(value) => {
                let inner = flatten_sweep(inner).into_iter();
                leaves.extend(inner.map(|(inner, value)| (format!("{key}.{inner}"), value)));
            }
            _ => leaves.push((key.clone(), value.clone())),
        }
    }
    leaves
}

/// Whether a value of a sweep is a range such as `{ from = 1, to = 5 }`.
pub fn is_range(value: &Value) -> bool {
    value.as_object().is_some_and(|table| has_end(|end| table.get(end).is_some_and(Value::is_number)))
}

/// The leaves of a table by dotted key.
pub fn flatten(table: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (key, value) in table {
        match value {
            Value::Object(inner) => {
                leaves.extend(
                    flatten(inner).into_iter().map(|(inner, value)| (format!("{key}.{inner}"), value)),
                );
            }
            _ => leaves.push((key.clone(), value.clone())),
        }
    }
    leaves
}

/// A range has an end.
pub(super) fn has_end(is_number: impl Fn(&str) -> bool) -> bool {
    is_number("from") || is_number("to")
}

pub(super) fn is_number(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Integer(_) | DeValue::Float(_))
}

/// A TOML value as JSON. Fails for numbers that JSON has not.
pub(super) fn json(value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(digits) => {
            let number = i64::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| {
                format!("is too large a whole number: {}; the largest is {}", digits.as_str(), i64::MAX)
            })?;
            Value::from(number)
        }
        DeValue::Float(digits) => {
            let number: f64 =
                digits.as_str().parse().map_err(|_| format!("is not a number: {}", digits.as_str()))?;
            match serde_json::Number::from_f64(number) {
                Some(number) => Value::Number(number),
                None => return Err(format!("must be finite, not {}", digits.as_str())),
            }
        }
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(values) => Value::Array(values.iter().map(json).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                Ok::<_, String>((ToString::to_string(key.get_ref()), json(value)?))
            };
            Value::Object(table.iter().map(entry).collect::<Result<_, _>>()?)
        }
    })
}
