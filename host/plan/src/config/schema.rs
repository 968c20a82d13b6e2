//! Settings of components against their JSON Schema: defaults filled in, problems said in our words.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use lossnet_plugin_protocol::ComponentManifest;
use serde_json::{Map, Value};

use lossnet_core::model::settings::{properties, resolve, shape_number};

use super::keys::shown;
use lossnet_core::nearest::{did_you_mean, either};

/// With this keyword, set to `"file"`, `"directory"` or `"program"`, a schema says of a text that it is a path.
const PATH: &str = "x-path";

/// What a setting's path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A file or directory.
    File,
    /// A program, which is looked up in PATH where it has no slash.
    Program,
}

/// A component's schema, ready for use.
#[derive(Debug)]
pub struct SettingsSchema {
    schema: Value,
    validator: Validator,
}

/// Something wrong with one setting.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingProblem {
    /// Keys from the outside in.
    pub path: Vec<String>,
    /// What is wrong, to be read after the key.
    pub problem: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl SettingsSchema {
    /// The schema of a component's settings. Fails if it is not a JSON Schema.
    pub fn new(manifest: &ComponentManifest) -> Result<SettingsSchema, String> {
        let validator = jsonschema::validator_for(&manifest.config_schema).map_err(|error| {
            format!("the {} `{}` has settings that can't be checked: {error}", manifest.kind, manifest.name)
        })?;
        Ok(SettingsSchema { schema: manifest.config_schema.clone(), validator })
    }

    /// Names of the settings.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        properties(&self.schema, &self.schema).into_iter().flat_map(|p| p.keys().map(String::as_str))
    }

    /// Whether it has a setting of this name.
    pub fn has(&self, key: &str) -> bool {
        self.keys().any(|known| known == key) || self.is_open()
    }

    /// Whether it says that settings of any name are welcome. A schema that says nothing about it is not open:
    /// a typing mistake must not pass.
    fn is_open(&self) -> bool {
        matches!(self.schema.get("additionalProperties"), Some(Value::Bool(true) | Value::Object(_)))
    }

    /// Whether the setting at a path of keys is itself a path in the file system, or a list of such.
    pub fn path_kind(&self, keys: &[&str]) -> Option<PathKind> {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let schema = at(&self.schema, &keys)?;
        let marked = schema.get(PATH).or_else(|| resolve(&self.schema, schema.get("items")?).get(PATH))?;
        match marked.as_str()? {
            "file" | "directory" => Some(PathKind::File),
            "program" => Some(PathKind::Program),
            _ => None,
        }
    }

    /// The settings with defaults filled in and numbers in the form that their type has.
    pub fn complete(&self, settings: &Map<String, Value>) -> Map<String, Value> {
        let mut settings = settings.clone();
        complete(&self.schema, &self.schema, &mut settings);
        settings
    }

    /// What is wrong with the settings that it [has](Self::has). `context` names the component.
    pub fn problems(&self, settings: &Map<String, Value>, context: &str) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let known = settings.iter().filter(|(key, _)| self.has(key)).map(|(k, v)| (k.clone(), v.clone()));
        let known = Value::Object(known.collect());
        for error in self.validator.iter_errors(&known) {
            self.rewrite(&error, context, &mut problems);
        }
        problems
    }

    fn rewrite(&self, error: &ValidationError<'_>, context: &str, problems: &mut Vec<SettingProblem>) {
        let path: Vec<String> =
            error.instance_path().into_iter().map(|segment| segment.to_string()).collect();
        let schema = at(&self.schema, &path).unwrap_or(&Value::Null);
        if let ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } = error.kind()
        {
            let known = properties(&self.schema, schema);
            for key in unexpected {
                let path = path.iter().chain([key]).cloned().collect();
                let known = known.into_iter().flat_map(|p| p.keys().map(String::as_str));
                problems.push(unknown_key(path, known, context));
            }
            return;
        }
        if let ValidationErrorKind::Required { property } = error.kind() {
            let key = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            let path = path.iter().cloned().chain([key]).collect();
            problems.push(SettingProblem { path, problem: format!("is required by {context}"), help: None });
            return;
        }
        let value = error.instance().as_ref();
        if let Some(problem) = of_kind(error.kind(), value) {
            problems.push(SettingProblem { path, problem, help: None });
            return;
        }
        let choices = choices(&self.schema, schema);
        let (problem, help) = if choices.is_empty() {
            match expected(&self.schema, schema) {
                Some(what) => (format!("must be {what}, not {}", shown(value)), None),
                None => (format!("is wrong: {error}"), None),
            }
        } else {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("`{}`", plain(choice))).collect();
            let wrong = plain(value);
            let near = did_you_mean(&wrong, choices.iter().filter_map(|choice| choice.as_str()));
            (format!("must be {}, not `{wrong}`", either(&quoted)), near)
        };
        problems.push(SettingProblem { path, problem, help });
    }
}

/// What is wrong with a value that has the right type but not the right length, or is not a multiple.
fn of_kind(kind: &ValidationErrorKind, value: &Value) -> Option<String> {
    let length = value.as_array().map(Vec::len);
    let elements =
        |number: u64| if number == 1 { "1 element".to_owned() } else { format!("{number} elements") };
    Some(match (kind, length) {
        (ValidationErrorKind::MinItems { limit }, Some(0)) => {
            format!("is an empty list, and must have {} at least", elements(*limit))
        }
        (ValidationErrorKind::MinItems { limit }, Some(length)) => {
            format!("has {}, and must have {} at least", elements(length as u64), limit)
        }
        (ValidationErrorKind::MaxItems { limit }, Some(length)) => {
            format!("has {}, and may have {} at most", elements(length as u64), limit)
        }
        (ValidationErrorKind::UniqueItems, _) => "has the same element twice".to_owned(),
        (ValidationErrorKind::MultipleOf { multiple_of }, _) => {
            format!("must be a multiple of {multiple_of}, not {}", shown(value))
        }
        _ => return None,
    })
}

/// Says that there is no such setting, and which there are.
pub(crate) fn unknown_key<'a>(
    path: Vec<String>,
    known: impl Iterator<Item = &'a str>,
    context: &str,
) -> SettingProblem {
    let known: Vec<&str> = known.collect();
    let wrong = path.last().map_or("", String::as_str);
    let help = did_you_mean(wrong, known.iter().copied()).or_else(|| {
        let quoted: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
        Some(if quoted.is_empty() {
            "there are none".to_owned()
        } else {
            format!("valid are {}", quoted.join(", "))
        })
    });
    SettingProblem { path, problem: format!("is not a setting of {context}"), help }
}

/// The schema of the setting at a path.
fn at<'a>(root: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(resolve(root, root), |schema, key| {
        let below = match schema.get("properties").and_then(|properties| properties.get(key)) {
            Some(property) => property,
            None if key.parse::<usize>().is_ok() => schema.get("items")?,
            None => schema.get("additionalProperties")?,
        };
        Some(resolve(root, below))
    })
}

fn complete(root: &Value, schema: &Value, settings: &mut Map<String, Value>) {
    for (key, property) in properties(root, schema).into_iter().flatten() {
        let inner = resolve(root, property);
        match settings.get_mut(key) {
            Some(Value::Object(nested)) => {
                // What a table's owner wants of it comes before what the table's own type wants.
                for (key, value) in property.get("default").and_then(Value::as_object).into_iter().flatten() {
                    if !nested.contains_key(key) && !value.is_null() {
                        nested.insert(key.clone(), value.clone());
                    }
                }
                complete(root, inner, nested);
            }
            Some(value) => shape_number(inner, value),
            None => {
                let default = property.get("default").or_else(|| inner.get("default"));
                if let Some(default) = default.filter(|default| !default.is_null()) {
                    let mut default = default.clone();
                    shape_number(inner, &mut default);
                    settings.insert(key.clone(), default);
                }
            }
        }
    }
}

/// The values that a schema lists.
pub(super) fn choices<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolve(root, schema);
    if let Some(value) = schema.get("const") {
        return vec![value];
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values.iter().filter(|value| !value.is_null()).collect();
    }
    let branches = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    branches.into_iter().flatten().flat_map(|branch| choices(root, branch)).collect()
}

/// "a number from 0 to 1", where the schema says so much.
pub(super) fn expected(root: &Value, schema: &Value) -> Option<String> {
    let schema = resolve(root, schema);
    let kinds: Vec<&str> = match schema.get("type")? {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).filter(|&kind| kind != "null").collect()
        }
        _ => return None,
    };
    let named: Vec<String> = kinds
        .iter()
        .map(|kind| match *kind {
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "string" => "text".to_owned(),
            "array" => "a list".to_owned(),
            "object" => "a table".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let limit = |keyword: &str| schema.get(keyword).map(plain);
    let range =
        match (limit("minimum"), limit("maximum"), limit("exclusiveMinimum"), limit("exclusiveMaximum")) {
            (Some(least), Some(most), _, _) => format!(" from {least} to {most}"),
            (Some(least), None, _, Some(most)) => format!(" from {least} to below {most}"),
            (Some(least), None, _, None) => format!(", {least} or more"),
            (None, Some(most), Some(least), _) => format!(" above {least} and at most {most}"),
            (None, Some(most), None, _) => format!(", at most {most}"),
            (None, None, Some(least), Some(most)) => format!(" above {least} and below {most}"),
            (None, None, Some(least), None) => format!(" above {least}"),
            (None, None, None, Some(most)) => format!(" below {most}"),
            (None, None, None, None) => String::new(),
        };
    let items = match (limit("minItems"), limit("maxItems")) {
        (Some(least), Some(most)) if least == most => format!(" of {least}"),
        (Some(least), Some(most)) => format!(" of {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => String::new(),
    };
    let pattern = limit("pattern").map_or(String::new(), |pattern| format!(" like {pattern}"));
    Some(format!("{}{range}{items}{pattern}", either(&named)))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
