//! `{ from = 1, to = 5 }`: values of a sweep as a range.

use serde_json::{Map, Number, Value};

use super::MOST_CELLS;
use crate::config::shown;
use lossnet_core::nearest::did_you_mean;

/// What a range can say.
const KEYS: [&str; 5] = ["from", "to", "step", "count", "scale"];

/// Significant digits that a value keeps where it is computed rather than written: what is beyond them is rounding.
const DIGITS: usize = 13;

/// What is wrong with a range, to be read after its key, and what to do about it.
pub(super) type Problem = (String, Option<String>);

fn wrong<T>(problem: impl Into<String>, help: &str) -> Result<T, Problem> {
    Err((problem.into(), Some(help.to_owned())))
}

/// The values of a range, both ends included. Whole ends give whole numbers wherever its steps are whole.
pub(super) fn values(table: &Map<String, Value>) -> Result<Vec<Value>, Problem> {
    if let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let near = did_you_mean(unknown, KEYS);
        let help =
            near.or_else(|| Some("a range has `from`, `to`, and `step`, `count` and `scale`".to_owned()));
        return Err((format!("is a range, and `{unknown}` is nothing that a range has"), help));
    }
    let ends = [number(table, "from")?, number(table, "to")?];
    let [Some(from), Some(to)] = ends else {
        let missing = if ends[0].is_none() { "from" } else { "to" };
        return wrong(
            format!("is a range without `{missing}`"),
            "write both ends, as in `{ from = 1, to = 5 }`",
        );
    };
    let (step, count) = (number(table, "step")?, count(table)?);
    if step.is_some() && count.is_some() {
        return wrong("is a range with both `step` and `count`", "write one of them");
    }
    let is_log = match table.get("scale") {
        None => false,
        Some(Value::String(scale)) if scale == "linear" => false,
        Some(Value::String(scale)) if scale == "log" => true,
        Some(other) => {
            return wrong(
                format!("is a range whose `scale` is {}", shown(other)),
                "write `scale = \"log\"` or `scale = \"linear\"`",
            );
        }
    };
    let values = if is_log { logarithmic(from, to, step, count)? } else { linear(from, to, step, count)? };
    if values.len() > MOST_CELLS {
        return wrong(format!("is a range of more than {MOST_CELLS} values"), "give it fewer");
    }
    Ok(values)
}

fn number<'t>(table: &'t Map<String, Value>, key: &str) -> Result<Option<&'t Number>, Problem> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number)),
        Some(other) => {
            Err((format!("is a range whose `{key}` must be a number, not {}", shown(other)), None))
        }
    }
}

fn count(table: &Map<String, Value>) -> Result<Option<usize>, Problem> {
    let Some(value) = table.get("count") else { return Ok(None) };
    match value.as_u64().and_then(|count| usize::try_from(count).ok()).filter(|&count| count >= 2) {
        Some(count) if count > MOST_CELLS => {
            wrong(format!("is a range of more than {MOST_CELLS} values"), "give it fewer")
        }
        Some(count) => Ok(Some(count)),
        None => Err((
            format!("is a range whose `count` must be a whole number, 2 or more, not {}", shown(value)),
            None,
        )),
    }
}

fn linear(
    from: &Number,
    to: &Number,
    step: Option<&Number>,
    count: Option<usize>,
) -> Result<Vec<Value>, Problem> {
    let too_fine = || {
        let problem = "is a range whose numbers have too many digits to be added up exactly";
        (problem.to_owned(), Some("write `count`, or the values as a list".to_owned()))
    };
    if let Some(count) = count {
        return Ok(evenly(from, to, count));
    }
    let is_whole = from.is_i64() && to.is_i64() && step.is_none_or(Number::is_i64);
    if step.is_none() && !is_whole {
        return wrong(
            "is a range between numbers that are not whole, and needs `step` or `count`",
            "write `{ from = 0.1, to = 0.5, step = 0.1 }`, or `count = 5`",
        );
    }
    // In decimals, as they were written: ten steps of 0.1 are 1.
    let [from, to] = [from, to].map(Decimal::of);
    let (from, to) = (from.ok_or_else(too_fine)?, to.ok_or_else(too_fine)?);
    let step = match step {
        Some(step) => Decimal::of(step).ok_or_else(too_fine)?,
        None => Decimal { digits: if from.digits > to.digits { -1 } else { 1 }, exponent: 0 },
    };
    let exponent = from.exponent.min(to.exponent).min(step.exponent);
    let scaled = |decimal: Decimal| decimal.scaled(exponent).ok_or_else(too_fine);
    let (first, last, step) = (scaled(from)?, scaled(to)?, scaled(step)?);
    if step == 0 {
        return wrong("is a range whose `step` is 0", "write how far its values are from each other");
    }
    let distance = last.checked_sub(first).ok_or_else(too_fine)?;
    if distance != 0 && (distance > 0) != (step > 0) {
        return wrong(
            "is a range whose `step` leads away from `to`",
            "change the sign of `step`, or swap the ends",
        );
    }
    let steps = distance / step;
    if steps >= MOST_CELLS as i128 {
        return wrong(format!("is a range of more than {MOST_CELLS} values"), "give it fewer");
    }
    let value = |index: i128| Decimal { digits: first + index * step, exponent }.value(is_whole);
    (0..=steps).map(value).collect::<Option<_>>().ok_or_else(too_fine)
}

/// So many values at the same distances, the ends among them.
fn evenly(from: &Number, to: &Number, count: usize) -> Vec<Value> {
    let last = count - 1;
    if let (Some(from), Some(to)) = (from.as_i64(), to.as_i64()) {
        let (from, distance) = (i128::from(from), i128::from(to) - i128::from(from));
        if distance % last as i128 == 0 {
            let step = distance / last as i128;
            let whole =
                (0..count).map(|index| i64::try_from(from + step * index as i128).ok().map(Value::from));
            return whole.flatten().collect();
        }
    }
    let (from, to) = (float(from), float(to));
    let between = |index: usize| rounded((to - from).mul_add(index as f64 / last as f64, from));
    with_ends(from, to, count, between)
}

fn logarithmic(
    from: &Number,
    to: &Number,
    step: Option<&Number>,
    count: Option<usize>,
) -> Result<Vec<Value>, Problem> {
    let is_whole = from.is_i64() && to.is_i64();
    let (from, to) = (float(from), float(to));
    if from <= 0.0 || to <= 0.0 {
        return wrong(
            "is a range on a scale of logarithms, whose ends must be above 0",
            "write `scale = \"linear\"`",
        );
    }
    let values = match (step.map(float), count) {
        (_, Some(count)) => {
            let last = (count - 1) as f64;
            with_ends(from, to, count, |index| rounded(from * (to / from).powf(index as f64 / last)))
        }
        (Some(factor), None) => {
            let leads_there = if to >= from { factor > 1.0 } else { factor > 0.0 && factor < 1.0 };
            if !leads_there {
                return wrong(
                    "is a range on a scale of logarithms, whose `step` is the factor between two values and does not lead \
                     from `from` to `to`",
                    "write a factor above 1 for a range that grows, between 0 and 1 for one that shrinks",
                );
            }
            let steps = ((to / from).ln() / factor.ln() + 1e-9).floor();
            if steps >= MOST_CELLS as f64 {
                return wrong(format!("is a range of more than {MOST_CELLS} values"), "give it fewer");
            }
            (0..=steps as i32).map(|index| Value::from(rounded(from * factor.powi(index)))).collect()
        }
        (None, None) => {
            return wrong(
                "is a range on a scale of logarithms, and needs `count` or `step`",
                "write how many values it has, as `count = 5`, or the factor between two as `step = 10`",
            );
        }
    };
    Ok(if is_whole { whole(&values).unwrap_or(values) } else { values })
}

/// So many values, the ends as they were written.
fn with_ends(from: f64, to: f64, count: usize, between: impl Fn(usize) -> f64) -> Vec<Value> {
    let value = |index: usize| match index {
        0 => from,
        _ if index == count - 1 => to,
        _ => between(index),
    };
    (0..count).map(|index| Value::from(value(index))).collect()
}

/// The same values as whole numbers, if all are.
fn whole(values: &[Value]) -> Option<Vec<Value>> {
    let one = |value: &Value| {
        value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| Value::from(v as i64))
    };
    values.iter().map(one).collect()
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

fn rounded(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

/// A number as it was written: digits with a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    fn of(number: &Number) -> Option<Decimal> {
        let text = number.to_string();
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        Some(Decimal { digits, exponent: exponent - i32::try_from(fraction.len()).ok()? })
    }

    /// Its digits with a lower power of ten.
    fn scaled(self, exponent: i32) -> Option<i128> {
        let by = u32::try_from(self.exponent - exponent).ok()?;
        self.digits.checked_mul(10i128.checked_pow(by)?)
    }

    fn value(self, is_whole: bool) -> Option<Value> {
        if is_whole {
            return Some(Value::from(i64::try_from(self.scaled(0)?).ok()?));
        }
        let float: f64 = format!("{}e{}", self.digits, self.exponent).parse().ok()?;
        Number::from_f64(float).map(Value::Number)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn range(table: &Value) -> Result<Value, String> {
        let values = values(table.as_object().unwrap());
        values.map(Value::Array).map_err(|(problem, help)| format!("{problem}; {}", help.unwrap_or_default()))
    }

    #[test]
    fn whole_numbers_stay_whole_and_both_ends_are_in() {
        for (table, values) in [
            (json!({"from": 1, "to": 5}), json!([1, 2, 3, 4, 5])),
            (json!({"from": 5, "to": 3}), json!([5, 4, 3])),
            (json!({"from": 3, "to": 3}), json!([3])),
            (json!({"from": 0, "to": 10, "step": 4}), json!([0, 4, 8])),
            (json!({"from": 10, "to": 0, "step": -5}), json!([10, 5, 0])),
            (json!({"from": 1, "to": 10, "count": 4}), json!([1, 4, 7, 10])),
            (json!({"from": 1, "to": 1000, "count": 4, "scale": "log"}), json!([1, 10, 100, 1000])),
            (json!({"from": 1, "to": 100, "step": 2, "scale": "log"}), json!([1, 2, 4, 8, 16, 32, 64])),
            (json!({"from": 243, "to": 3, "count": 5, "scale": "log"}), json!([243, 81, 27, 9, 3])),
            (json!({"from": 1, "to": 2, "count": 3, "scale": "linear"}), json!([1.0, 1.5, 2.0])),
        ] {
            assert_eq!(range(&table).unwrap(), values, "{table}");
        }
    }

    #[test]
    fn decimals_are_those_that_were_meant() {
        for (table, values) in [
            (json!({"from": 0.1, "to": 0.5, "step": 0.1}), json!([0.1, 0.2, 0.3, 0.4, 0.5])),
            (json!({"from": 0, "to": 1, "step": 0.25}), json!([0.0, 0.25, 0.5, 0.75, 1.0])),
            (json!({"from": 1, "to": 0.7, "step": -0.1}), json!([1.0, 0.9, 0.8, 0.7])),
            (json!({"from": 0.0, "to": 1.0, "step": 0.3}), json!([0.0, 0.3, 0.6, 0.9])),
            (json!({"from": 0.1, "to": 0.7, "count": 7}), json!([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])),
            (
                json!({"from": 1e-5, "to": 0.1, "count": 5, "scale": "log"}),
                json!([1e-5, 1e-4, 1e-3, 0.01, 0.1]),
            ),
            (json!({"from": 1e-4, "to": 0.1, "step": 10, "scale": "log"}), json!([1e-4, 1e-3, 0.01, 0.1])),
        ] {
            assert_eq!(range(&table).unwrap(), values, "{table}");
        }
    }

    #[test]
    fn what_is_no_range_is_said() {
        for (table, said) in [
            (json!({"from": 1}), "without `to`"),
            (json!({"to": 1}), "without `from`"),
            (json!({"from": 1, "to": 2, "stop": 1}), "`stop` is nothing that a range has"),
            (json!({"from": 1, "to": 2, "step": 1, "count": 2}), "both `step` and `count`"),
            (json!({"from": 1, "to": 2, "step": 0}), "`step` is 0"),
            (json!({"from": 1, "to": 2, "step": -1}), "leads away from `to`"),
            (json!({"from": 1, "to": 2, "step": "a"}), "`step` must be a number, not the text \"a\""),
            (json!({"from": 1, "to": 2, "count": 1}), "`count` must be a whole number, 2 or more, not 1"),
            (json!({"from": 0.1, "to": 0.2}), "needs `step` or `count`"),
            (json!({"from": 0, "to": 1, "count": 3, "scale": "log"}), "must be above 0"),
            (json!({"from": 1, "to": 8, "scale": "log"}), "needs `count` or `step`"),
            (json!({"from": 1, "to": 8, "step": 0.5, "scale": "log"}), "does not lead from `from` to `to`"),
            (json!({"from": 1, "to": 8, "scale": "exp"}), "`scale` is the text \"exp\""),
            (json!({"from": 1, "to": 9_000_000}), "more than 1000000 values"),
            (json!({"from": 1, "to": 2, "count": 9_000_000}), "more than 1000000 values"),
            (json!({"from": 1e-300, "to": 1, "step": 0.1}), "too many digits"),
        ] {
            let error = range(&table).unwrap_err();
            assert!(error.contains(said), "{table}: {error}");
        }
    }
}
