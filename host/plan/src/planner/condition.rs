//! Conditions on the settings of cells, such as `loss_network.backbone = "vgg16"` or `task.dropout>0.1`.

use std::cmp::Ordering;
use std::path::Path;

use serde_json::Value;

use super::settings::{Settings, Tables, text};
use super::sweep::SECTIONS;
use crate::config::{find_key, key_names_in, shell_value};
use lossnet_core::model::Cell;
use lossnet_core::nearest::did_you_mean;
use lossnet_core::relation::Relation;

/// A condition on one setting of a cell. Cells that lack the setting don't meet it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    key: String,
    relation: Relation,
    /// One of these, for a relation that is not an order; else the one.
    values: Vec<String>,
}

/// Short names of settings: those of the columns of the table of results.
const SHORT: [(&str, &str); 12] = [
    ("task", "task.name"),
    ("variant", "task.variant"),
    ("backbone", "loss_network.backbone"),
    ("weights", "loss_network.weights"),
    ("layers", "loss_network.layers"),
    ("normalize", "loss_network.normalize"),
    ("comparison", "loss_network.comparison"),
    ("calibration", "loss_network.calibration"),
    ("size", "loss_network.size"),
    ("dataset", "data.name"),
    ("limit", "data.limit"),
    ("precision", "run.precision"),
];

/// What a cell has beside its settings.
pub(super) const OF_CELLS: [&str; 2] = ["repetition", "cell"];

/// Not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// No relation in it.
    #[error("`{0}` is not a condition: write key=value, with =, !=, <, <=, > or >=")]
    Form(String),
    /// No setting can have this key.
    #[error("`{key}` is not a setting of a cell{}", .hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    Key {
        /// What was asked for.
        key: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// A value that nothing can be compared with.
    #[error(
        "`{key}` is compared with {what}; write a value, a list of values of which it is one, or \"!=value\", \">value\" and the like"
    )]
    Value {
        /// The setting.
        key: String,
        /// What it is compared with.
        what: &'static str,
    },
}

impl Condition {
    /// The condition of a rule in a config: equal to a value, equal to one of a list, or in the relation that a text
    /// begins with, as in `"!=vgg16"` and `">0.1"`.
    pub(super) fn of_rule(key: &str, value: &Value) -> Result<Condition, ConditionError> {
        match value.as_str().and_then(Relation::leading) {
            Some((relation, rest)) => Condition::new(key, relation, &shell_value(rest.trim())),
            None => Condition::new(key, Relation::Equal, value),
        }
    }

    /// A condition as on the command line: `key=value`, where a value in brackets is a list of which it is one.
    pub fn parse(text: &str) -> Result<Condition, ConditionError> {
        let (key, relation, value) =
            Relation::split(text).ok_or_else(|| ConditionError::Form(text.to_owned()))?;
        Condition::new(key, relation, &shell_value(value))
    }

    fn new(key: &str, relation: Relation, value: &Value) -> Result<Condition, ConditionError> {
        let key = SHORT.into_iter().find(|(short, _)| *short == key).map_or(key, |(_, long)| long);
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        if !(SECTIONS.contains(&section) && !name.is_empty() || OF_CELLS.contains(&key)) {
            let keys = SECTIONS
                .iter()
                .flat_map(|section| key_names_in(section).map(move |name| format!("{section}.{name}")));
            let keys: Vec<String> = keys.collect();
            let short = SHORT.into_iter().map(|(short, _)| short).chain(OF_CELLS);
            let hint = did_you_mean(key, keys.iter().map(String::as_str).chain(short));
            return Err(ConditionError::Key { key: key.to_owned(), hint });
        }
        let refuse = |what| Err(ConditionError::Value { key: key.to_owned(), what });
        let values = match value {
            Value::Object(_) => return refuse("a table"),
            Value::Array(values) if values.is_empty() => return refuse("an empty list"),
            Value::Array(_) if relation.is_order() => return refuse("a list"),
            Value::Array(values) if values.iter().any(Value::is_object) => return refuse("tables"),
            Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        Ok(Condition { key: key.to_owned(), relation, values })
    }

    /// The dotted key of the setting.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The value, if it is only one and is to be equal.
    pub(super) fn value(&self) -> Option<&str> {
        match (self.relation, self.values.as_slice()) {
            (Relation::Equal, [value]) => Some(value),
            _ => None,
        }
    }

    /// Whether a planned cell meets each of these conditions; None for those whose setting it lacks.
    pub fn each_met_by(conditions: &[&Condition], cell: &Cell) -> Vec<Option<bool>> {
        let tables = Tables::of(cell);
        let settings = tables.settings();
        let met = |condition: &&Condition| settings.get(&condition.key).map(|_| condition.holds(&settings));
        conditions.iter().map(met).collect()
    }

    /// Whether every cell could have the setting, since it is lossnet's own and not a component's.
    pub fn is_of_any_cell(&self) -> bool {
        OF_CELLS.contains(&self.key.as_str()) || find_key(&self.key).is_some()
    }

    /// Whether a cell's settings meet it. Numbers are compared as numbers, everything else as text. Lists, as of layers, come
    /// before and after nothing, save one that is a single number.
    pub(super) fn holds(&self, settings: &Settings<'_>) -> bool {
        let Some(value) = settings.get(&self.key) else { return false };
        let is_one = || {
            let same =
                |value: &Value| self.values.iter().any(|wanted| compare(value, wanted) == Ordering::Equal);
            // Layers go by their indices and by their names.
            same(value)
                || (self.key == "loss_network.layers" && settings.get("loss_network.nodes").is_some_and(same))
        };
        match self.relation {
            Relation::Equal => is_one(),
            Relation::Different => !is_one(),
            order => order.holds(self.values.first().and_then(|wanted| in_order(value, wanted))),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{}", self.key, self.relation.sign(), self.values.join("|"))
    }
}

/// Whether a value is a whole path that ends with the wanted one, as names of cells have it.
fn is_end_of_path(value: &Value, wanted: &str) -> bool {
    let Some(path) = value.as_str().map(Path::new).filter(|path| path.is_absolute()) else { return false };
    let wanted = Path::new(wanted.strip_prefix("./").unwrap_or(wanted));
    !wanted.as_os_str().is_empty() && path.ends_with(wanted)
}

/// How a value stands to the wanted one where there is an order of the two. Layers are a list of texts: a single index
/// is the number that it is, and of several layers, or of a layer's name, none can be less than another.
fn in_order(value: &Value, wanted: &str) -> Option<Ordering> {
    match value {
        Value::Array(values) => match values.as_slice() {
            [only] => Some(text(only).parse::<f64>().ok()?.total_cmp(&wanted.parse().ok()?)),
            _ => None,
        },
        plain => Some(compare(plain, wanted)),
    }
}

fn compare(value: &Value, wanted: &str) -> Ordering {
    if is_end_of_path(value, wanted) {
        return Ordering::Equal;
    }
    match (value.as_f64(), wanted.parse::<f64>()) {
        (Some(ours), Ok(theirs)) => ours.total_cmp(&theirs),
        _ => text(value).as_str().cmp(wanted),
    }
}
