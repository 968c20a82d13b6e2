//! Settings of components as their JSON schema sees them.

use serde_json::{Map, Value};

/// With this keyword, set to true, a schema says of a text that it names a split of `[data]` that is always used.
const SPLIT: &str = "x-split";

/// With this keyword, set to true, a schema says of a setting that it changes no result.
const INCIDENTAL: &str = "x-incidental";

/// Follows references, and the one branch of an `anyOf` that is not null, as optional settings have it.
pub fn resolve<'a>(root: &'a Value, mut node: &'a Value) -> &'a Value {
    // Schemas that refer to themselves end here rather than never.
    for _ in 0..16 {
        let target =
            node.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        let only = |keyword: &str| {
            let branches = node.get(keyword)?.as_array()?;
            let mut useful =
                branches.iter().filter(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
            useful.next().filter(|_| useful.next().is_none())
        };
        let next = match target {
            Some(pointer) => root.pointer(pointer),
            None => only("anyOf").or_else(|| only("allOf")),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

/// The settings that a schema knows, by name.
pub fn properties<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Map<String, Value>> {
    resolve(root, schema).get("properties")?.as_object()
}

/// Settings as they tell cells apart: those that change no result have their defaults, whatever they are set to.
pub fn essential(schema: &Value, settings: &Map<String, Value>) -> Map<String, Value> {
    let mut settings = settings.clone();
    reset_incidental(schema, schema, None, &mut settings);
    settings
}

/// The splits of `[data]` that settings name.
pub fn split_names(schema: &Value, settings: &Map<String, Value>) -> Vec<String> {
    let marked = properties(schema, schema).into_iter().flatten();
    let marked = marked.filter(|(_, property)| property.get(SPLIT) == Some(&Value::Bool(true)));
    marked.filter_map(|(key, _)| settings.get(key)?.as_str().map(str::to_owned)).collect()
}

/// The settings that say in what a result differs from one with the defaults, as texts by dotted key: those that are not at
/// their defaults, and those that are to be said `always`. What changes no result is left out.
pub fn telling(schema: &Value, settings: &Map<String, Value>, always: &[String]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (key, value) in essential(schema, settings) {
        let default = schema.get("properties").and_then(|all| all.get(&key)?.get("default"));
        tell(&key, &value, default, always.contains(&key), &mut found);
    }
    // What is not set at all has no place among settings, and is to be said, too.
    let unset = always.iter().filter(|key| !settings.contains_key(*key));
    found.extend(unset.map(|key| (key.clone(), "none".to_owned())));
    found.sort();
    found
}

fn tell(key: &str, value: &Value, default: Option<&Value>, always: bool, found: &mut Vec<(String, String)>) {
    if let Value::Object(inner) = value {
        for (name, value) in inner {
            tell(&format!("{key}.{name}"), value, default.and_then(|all| all.get(name)), always, found);
        }
    } else if always || default != Some(value) {
        let text = match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        found.push((key.to_owned(), text));
    }
}

fn reset_incidental(
    root: &Value,
    schema: &Value,
    defaults: Option<&Value>,
    settings: &mut Map<String, Value>,
) {
    for (key, property) in properties(root, schema).into_iter().flatten() {
        let inner = resolve(root, property);
        let default = defaults
            .and_then(|defaults| defaults.get(key))
            .or_else(|| property.get("default"))
            .or_else(|| inner.get("default"))
            .filter(|default| !default.is_null());
        if property.get(INCIDENTAL) == Some(&Value::Bool(true)) {
            settings.remove(key);
            if let Some(default) = default {
                let mut default = default.clone();
                shape_number(inner, &mut default);
                settings.insert(key.clone(), default);
            }
        } else if let Some(Value::Object(nested)) = settings.get_mut(key) {
            reset_incidental(root, inner, default, nested);
        }
    }
}

/// `1` for a setting that is a fraction becomes `1.0`, and `1.0` for a whole number `1`: both mean the same cell.
pub fn shape_number(schema: &Value, value: &mut Value) {
    if let Value::Array(values) = value {
        if let Some(items) = schema.get("items") {
            for value in values {
                shape_number(items, value);
            }
        }
        return;
    }
    let is = |wanted: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == wanted,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    };
    if is("number") && !is("integer") && (value.is_i64() || value.is_u64()) {
        if let Some(number) = value.as_f64() {
            *value = Value::from(number);
        }
    } else if is("integer") && value.is_f64() {
        // Beyond 2^53 a float is not an exact whole number.
        if let Some(number) = value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9.0e15) {
            *value = Value::from(number as i64);
        }
    }
}
