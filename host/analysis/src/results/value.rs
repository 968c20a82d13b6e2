//! Values of the table.

use std::borrow::Cow;
use std::cmp::Ordering;

/// How the values of a column are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number, which may be NaN or infinite.
    Number,
    /// Yes or no.
    Flag,
}

/// How two lists of layers stand to each other: by their indices as numbers, one after the other; those that go by names as
/// text. An index is neither before nor after a name.
pub(super) fn compare_layers(a: &str, b: &str) -> Option<Ordering> {
    match (indices(a), indices(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (None, None) => Some(a.cmp(b)),
        _ => None,
    }
}

/// The layers' indices. None if one of them goes by its name.
pub(super) fn indices(layers: &str) -> Option<Vec<u64>> {
    layers.split(',').map(|layer| layer.trim().parse().ok()).collect()
}

/// A value of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not set, not measured, not known.
    Missing,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// A number, which may be NaN or infinite.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Value<'a> {
    /// A count. Those beyond an `i64`, which no file of lossnet has, are shown as the largest.
    pub(super) fn count(count: u64) -> Value<'a> {
        Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// What may be missing.
    pub(super) fn optional<T>(value: Option<T>, make: impl FnOnce(T) -> Value<'a>) -> Value<'a> {
        value.map_or(Value::Missing, make)
    }

    /// The value as text: nothing where it is missing.
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Value::Missing => Cow::Borrowed(""),
            Value::Text(text) => Cow::Borrowed(text),
            Value::Integer(number) => Cow::Owned(number.to_string()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        }
    }

    /// The value as a number, if it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Value::Integer(number) => Some(number as f64),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The value as JSON, which has no NaN: such numbers are written as texts.
    pub fn to_json(self) -> serde_json::Value {
        match self {
            Value::Missing => serde_json::Value::Null,
            Value::Number(number) if !number.is_finite() => number.to_string().into(),
            Value::Number(number) => number.into(),
            Value::Integer(number) => number.into(),
            Value::Flag(flag) => flag.into(),
            Value::Text(text) => text.into(),
        }
    }

    /// Numbers by size, all else by its text. What is missing or no number comes last, in whichever direction.
    pub(super) fn compare(self, other: Value<'_>, descending: bool) -> Ordering {
        let last =
            |value: Value<'_>| matches!(value, Value::Missing) || value.number().is_some_and(f64::is_nan);
        match (last(self), last(other)) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let order = match (self.number(), other.number()) {
                    (Some(a), Some(b)) => a.total_cmp(&b),
                    _ => self.text().cmp(&other.text()),
                };
                if descending { order.reverse() } else { order }
            }
        }
    }
}
