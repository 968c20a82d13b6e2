//! The values of one key of a sweep.

use serde_json::Value;

use super::{Column, SECTIONS, range};
use crate::config::{
    BACKBONE_PRESET, Checker, ConfigError, LAYER_PRESETS, Leaf, find_key, is_range, key_names_in,
};
use lossnet_core::nearest::did_you_mean;

/// How a key's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In a list, or as a preset.
    List,
    /// In a list, or one as it is.
    Either,
    /// One as it is, as in its own section.
    Single,
}

/// Reads a key's values. What is wrong with it is an error, and gives none. `table` is where it stands, such as `sweep`.
pub(super) fn column(
    checker: &Checker<'_>,
    table: &str,
    key: &str,
    leaf: &Leaf,
    form: Form,
) -> Option<Column> {
    let written = format!("{table}.{key}");
    let refuse = |problem: &str, help: Option<String>| {
        checker.error(ConfigError::at(&leaf.origin, &written, problem).help(help));
        checker.refuse(key);
        None
    };
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let Some(section) = SECTIONS.iter().position(|known| *known == section && !name.is_empty()) else {
        let (problem, help) = unsweepable(key);
        return refuse(problem, Some(help));
    };
    match find_key(key) {
        Some(known) if !known.identity => {
            return refuse("can't be swept: it does not change a result", None);
        }
        None if SECTIONS[section] == "run" => {
            return refuse("is not a setting of [run]", did_you_mean(name, key_names_in("run")));
        }
        _ => {}
    }
    let preset = match (key, leaf.as_text()) {
        ("loss_network.layers", Some(text)) => LAYER_PRESETS.contains(&text),
        ("loss_network.backbone", Some(text)) => text == BACKBONE_PRESET,
        _ => false,
    };
    let is_range = is_range(&leaf.value);
    let values: Vec<Leaf> = match &leaf.value {
        Value::Object(table) if is_range && form != Form::Single => match range::values(table) {
            Ok(values) => values.into_iter().map(|value| leaf.with_value(value)).collect(),
            Err((problem, help)) => return refuse(&problem, help),
        },
        _ if form == Form::Single => vec![leaf.clone()],
        Value::Array(values) if values.is_empty() => return refuse("has no values", None),
        Value::Array(values) if key != "loss_network.layers" && values.iter().any(Value::is_object) => {
            return refuse(
                "takes tables, which can't be swept",
                Some("sweep their keys one by one".to_owned()),
            );
        }
        Value::Array(values) => {
            values.iter().enumerate().map(|(index, value)| leaf.element(index, value.clone())).collect()
        }
        _ if preset || form == Form::Either => vec![leaf.clone()],
        _ => {
            return refuse(
                "must be a list of values",
                Some("write `[…]` around them, or a range such as `{ from = 1, to = 5 }`".to_owned()),
            );
        }
    };
    Some(Column {
        key: key.to_owned(),
        section,
        swept: form != Form::Single,
        values,
        is_range,
        origin: leaf.origin.clone(),
        layer: leaf.layer,
    })
}

/// What is said of a key that is in no section.
pub(super) fn unsweepable(key: &str) -> (&'static str, String) {
    let keys = SECTIONS
        .iter()
        .flat_map(|section| key_names_in(section).map(move |name| format!("{section}.{name}")));
    let rules = ["zip", "include", "exclude"].map(str::to_owned);
    let keys: Vec<String> = keys.chain(rules).collect();
    let near = did_you_mean(key, keys.iter().map(String::as_str));
    let example = || {
        "write a dotted key such as `\"loss_network.layers\"`, or a sweep of its own as [sweep.NAME] with such keys"
            .to_owned()
    };
    ("is nothing that can be swept", near.unwrap_or_else(example))
}
