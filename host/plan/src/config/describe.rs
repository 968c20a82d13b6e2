//! Settings of components as people read of them.

use serde_json::Value;

use lossnet_core::model::settings::{properties, resolve};

use super::schema::{choices, expected};
use lossnet_core::nearest::either;

/// One setting as people read of it.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingText {
    /// Its key; for what stands in a table of settings with dots, such as `training.epochs`.
    pub key: String,
    /// Its default as a config would have it; nothing if it has none.
    pub default: Option<String>,
    /// What it takes: "a whole number from 1 to 10".
    pub takes: String,
    /// What it means.
    pub meaning: String,
    /// The values that it is chosen from, and what each means, where the schema says that.
    pub choices: Vec<(String, String)>,
}

/// All settings of a schema, those of its tables in place of the tables.
pub fn setting_texts(schema: &Value) -> Vec<SettingText> {
    let mut texts = Vec::new();
    collect_texts(schema, schema, "", None, &mut texts);
    texts
}

fn collect_texts(
    root: &Value,
    schema: &Value,
    prefix: &str,
    defaults: Option<&Value>,
    texts: &mut Vec<SettingText>,
) {
    // More levels than these have only schemas that refer to themselves.
    if prefix.matches('.').count() > 4 {
        return;
    }
    for (name, property) in properties(root, schema).into_iter().flatten() {
        let inner = resolve(root, property);
        // What a table's owner wants of it comes before what the table's own type wants.
        let default = defaults
            .and_then(|defaults| defaults.get(name))
            .or_else(|| property.get("default"))
            .or_else(|| inner.get("default"))
            .filter(|default| !default.is_null());
        let key = format!("{prefix}{name}");
        if properties(root, inner).is_some_and(|inside| !inside.is_empty()) {
            collect_texts(root, inner, &format!("{key}."), default, texts);
            continue;
        }
        let text = |node: &Value| {
            let words = node.get("description").and_then(Value::as_str).unwrap_or_default();
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let branches = inner.get("oneOf").or_else(|| inner.get("anyOf")).and_then(Value::as_array);
        let meanings = branches.into_iter().flatten().map(|branch| (branch, text(branch)));
        texts.push(SettingText {
            key,
            default: default.map(toml_text),
            takes: takes(root, inner),
            meaning: text(property),
            choices: meanings
                .filter(|(_, meaning)| !meaning.is_empty())
                .filter_map(|(branch, meaning)| Some((toml_text(branch.get("const")?), meaning)))
                .collect(),
        });
    }
}

/// "a whole number from 1 to 10", `"this" or "that"`.
fn takes(root: &Value, schema: &Value) -> String {
    let inner = resolve(root, schema);
    let choices = choices(root, inner);
    if !choices.is_empty() {
        return either(&choices.into_iter().map(toml_text).collect::<Vec<_>>());
    }
    let items = inner.get("items").map(|items| format!("; each {}", takes(root, items))).unwrap_or_default();
    format!("{}{items}", expected(root, inner).unwrap_or_else(|| "any value".to_owned()))
}

/// A value as it stands in a config.
fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            format!("[{}]", values.iter().map(toml_text).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "properties": {
                "size": {"type": ["integer", "null"], "minimum": 1, "description": "Side\nin pixels.", "default": null},
                "mode": {"$ref": "#/$defs/Mode", "default": "slow"},
                "hidden": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 0}},
                    "default": [[], [32, 16]]},
                "training": {"$ref": "#/$defs/Training", "description": "How.", "default": {"epochs": 80}},
            },
            "$defs": {
                "Mode": {"oneOf": [{"const": "slow", "description": "Takes time."}, {"const": "fast"}]},
                "Training": {"type": "object", "properties": {
                    "epochs": {"type": "integer", "minimum": 1, "maximum": 9, "default": 10},
                    "rate": {"type": "number", "minimum": 0.0, "default": 0.5},
                }},
            },
        })
    }

    #[test]
    fn tables_are_shown_by_the_dotted_keys_of_their_settings_with_the_owners_defaults() {
        let texts = setting_texts(&schema());
        let shown: Vec<(&str, Option<&str>, &str)> = texts
            .iter()
            .map(|text| (text.key.as_str(), text.default.as_deref(), text.takes.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("size", None, "a whole number, 1 or more"),
                ("mode", Some("\"slow\""), "\"slow\" or \"fast\""),
                ("hidden", Some("[[], [32, 16]]"), "a list; each a list; each a whole number, 0 or more"),
                ("training.epochs", Some("80"), "a whole number from 1 to 9"),
                ("training.rate", Some("0.5"), "a number, 0.0 or more"),
            ]
        );
    }

    #[test]
    fn meanings_are_one_line_and_choices_have_theirs() {
        let texts = setting_texts(&schema());
        assert_eq!(
            texts.iter().map(|text| text.meaning.as_str()).collect::<Vec<_>>()[..2],
            ["Side in pixels.", ""]
        );
        assert_eq!(
            texts.iter().flat_map(|text| &text.choices).collect::<Vec<_>>(),
            [&("\"slow\"".to_owned(), "Takes time.".to_owned())]
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"properties": {"more": {"$ref": "#"}, "size": {"type": "integer"}}});
        assert!(setting_texts(&schema).iter().any(|text| text.key == "more.size"));
    }
}
