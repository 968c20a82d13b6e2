//! From what stands under `[sweep]` to its parts.

use std::cmp::Ordering;

use serde_json::Value;

use super::rules::Rule;
use super::values::{Form, column, unsweepable};
use super::{Column, Dimension, Part, SECTIONS, Sweep};
use crate::config::{Checker, ConfigError, Leaf, Origin, flatten_sweep};
use lossnet_core::words::count;

/// What stands in one table: `[sweep]` or `[sweep.NAME]`.
#[derive(Default)]
struct Scope {
    dimensions: Vec<Dimension>,
    /// `[sweep.NAME.set]`.
    set: Vec<Column>,
    /// Each `[[include]]` with where it stands.
    includes: Vec<(Vec<Dimension>, Origin)>,
    /// Positions in [`Sweep::rules`].
    rules: Vec<usize>,
}

/// Reads `[sweep]`. What is wrong is an error and left out; `notes` gets what else is worth saying.
pub(in crate::planner) fn read(checker: &Checker<'_>, notes: &mut Vec<String>) -> Sweep {
    let mut rules = Vec::new();
    let mut common = Scope::default();
    let mut named: Vec<(&str, Scope)> = Vec::new();
    for (key, leaf) in checker.raw.section_as_written("sweep") {
        let (first, rest) = key.split_once('.').unwrap_or((key, ""));
        if is_known(first) {
            common.add(checker, &mut rules, "sweep", key, leaf);
        } else if rest.is_empty() && leaf.is_empty_table()
            || is_known(rest.split('.').next().unwrap_or_default())
        {
            let position = named.iter().position(|(name, _)| *name == first).unwrap_or_else(|| {
                named.push((first, Scope::default()));
                named.len() - 1
            });
            if !rest.is_empty() {
                named[position].1.add(checker, &mut rules, &format!("sweep.{first}"), rest, leaf);
            }
        } else {
            let wrong = if rest.is_empty() { first } else { rest };
            let (problem, help) = unsweepable(wrong);
            for section in SECTIONS {
                checker.refuse(&format!("{section}.{wrong}"));
            }
            checker.error(ConfigError::at(&leaf.origin, &format!("sweep.{key}"), problem).help(Some(help)));
        }
    }
    for (name, scope) in &mut named {
        scope.settle_set(checker, name, notes);
        scope.check_zips(checker, name, &common);
    }
    let mut sweep = Sweep { parts: parts(common, named), rules, replaced: Vec::new() };
    settle(checker, &mut sweep, notes);
    for column in sweep.parts.iter().flat_map(Part::columns).filter(|column| column.is_range) {
        let note = format!("`{}` at {} is {}", column.key, column.origin, listed(&column.values));
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    sweep
}

/// More values than these are not listed.
const MOST_LISTED: usize = 12;

/// The values of a range.
fn listed(values: &[Leaf]) -> String {
    let text = |leaf: &Leaf| leaf.value.to_string();
    match values {
        [first @ .., last] if values.len() > MOST_LISTED => {
            let first: Vec<String> = first.iter().take(3).map(text).collect();
            format!("{}, …, {} ({} values)", first.join(", "), text(last), values.len())
        }
        few => few.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}

/// Whether a sweep's table can hold this key.
fn is_known(first: &str) -> bool {
    SECTIONS.contains(&first) || ["zip", "include", "exclude", "set"].contains(&first)
}

impl Scope {
    /// Takes up what stands at `key` in `table`.
    fn add(&mut self, checker: &Checker<'_>, rules: &mut Vec<Rule>, table: &str, key: &str, leaf: &Leaf) {
        let (first, rest) = key.split_once('.').unwrap_or((key, ""));
        let written = format!("{table}.{key}");
        match first {
            "set" if table == "sweep" || rest.is_empty() => {
                let error =
                    ConfigError::at(&leaf.origin, &written, "is not a setting of a sweep with a name");
                let help = "write it in its own section, or as [sweep.NAME.set] for the sweep [sweep.NAME]";
                checker.error(error.help(Some(help.to_owned())));
            }
            "set" => self.set.extend(column(checker, &format!("{table}.set"), rest, leaf, Form::Single)),
            "zip" => {
                for entry in tables(checker, table, first, rest, leaf) {
                    self.dimensions.extend(zip(checker, &written, &entry));
                }
            }
            "include" => {
                for entry in tables(checker, table, first, rest, leaf) {
                    let columns = columns(checker, &written, &entry, Form::Either);
                    let dimensions = columns.into_iter().map(|column| Dimension { columns: vec![column] });
                    self.includes.push((dimensions.collect(), entry.origin.clone()));
                }
            }
            "exclude" => {
                for entry in tables(checker, table, first, rest, leaf) {
                    if let Some(rule) = Rule::read(checker, &written, &entry) {
                        self.rules.push(rules.len());
                        rules.push(rule);
                    }
                }
            }
            _ => {
                let column = column(checker, table, key, leaf, Form::List);
                self.dimensions.extend(column.map(|column| Dimension { columns: vec![column] }));
            }
        }
        self.check_once(checker, leaf);
    }

    /// Finds a key of what was added last that another entry varies, too.
    fn check_once(&mut self, checker: &Checker<'_>, leaf: &Leaf) {
        let Some((last, earlier)) = self.dimensions.split_last() else { return };
        let before = |key: &str| earlier.iter().flat_map(|d| &d.columns).any(|column| column.key == key);
        if let Some(twice) = last.columns.iter().find(|column| before(&column.key)) {
            let error = ConfigError::at(&leaf.origin, &twice.key, "is swept twice, by itself or in a `zip`");
            checker.error(error.help(Some("remove one of them".to_owned())));
            self.dimensions.pop();
        }
    }

    /// Settles which of a key's value in `set` and its values counts: the one of the later layer, and in the same layer they
    /// contradict each other.
    fn settle_set(&mut self, checker: &Checker<'_>, name: &str, notes: &mut Vec<String>) {
        let dimensions = &mut self.dimensions;
        self.set.retain(|single| {
            let varied = dimensions.iter().flat_map(|d| &d.columns).find(|column| column.key == single.key);
            let Some(varied) = varied else { return true };
            match single.layer.cmp(&varied.layer) {
                Ordering::Less => return false,
                Ordering::Greater => notes.extend(single.values.first().map(|value| replaced(varied, value))),
                Ordering::Equal => {
                    let problem = format!("is swept by [sweep.{name}] as well, at {}", varied.origin);
                    let key = format!("sweep.{name}.set.{}", single.key);
                    let error = ConfigError::at(&single.origin, &key, problem);
                    checker.error(error.help(Some("remove one of them".to_owned())));
                }
            }
            for dimension in dimensions.iter_mut() {
                dimension.columns.retain(|column| column.key != single.key);
            }
            dimensions.retain(|dimension| !dimension.columns.is_empty());
            true
        });
    }

    /// Finds a common zip of which this sweep replaces a part.
    fn check_zips(&self, checker: &Checker<'_>, name: &str, common: &Scope) {
        let varied = self.dimensions.iter().flat_map(|dimension| &dimension.columns);
        let own: Vec<(&Column, &str)> =
            self.set.iter().map(|column| (column, ".set")).chain(varied.map(|column| (column, ""))).collect();
        for zip in &common.dimensions {
            let (replaced, kept): (Vec<&Column>, Vec<&Column>) =
                zip.columns.iter().partition(|column| own.iter().any(|(own, _)| own.key == column.key));
            let (Some(first), false) = (replaced.first(), kept.is_empty()) else { continue };
            let Some((column, inner)) = own.iter().find(|(own, _)| own.key == first.key) else { continue };
            let problem = format!("tears apart the `sweep.zip` at {}, whose lists go together", first.origin);
            let kept: Vec<String> = kept.iter().map(|column| format!("`{}`", column.key)).collect();
            let help = format!(
                "give [sweep.{name}] values of {}, too, or write the zip in the sweeps that it is for",
                kept.join(" and ")
            );
            let key = format!("sweep.{name}{inner}.{}", column.key);
            checker.error(ConfigError::at(&column.origin, &key, problem).help(Some(help)));
        }
    }

    fn is_product(&self) -> bool {
        !self.dimensions.is_empty() || !self.set.is_empty()
    }
}

/// The tables of a `[[…]]`, each as a setting that knows where it stands.
fn tables(checker: &Checker<'_>, table: &str, name: &str, rest: &str, leaf: &Leaf) -> Vec<Leaf> {
    if let (true, Value::Array(entries)) = (rest.is_empty(), &leaf.value)
        && entries.iter().all(Value::is_object)
    {
        let entry = |(index, value): (usize, &Value)| leaf.element(index, value.clone());
        return entries.iter().enumerate().map(entry).collect();
    }
    let error = ConfigError::at(&leaf.origin, &format!("{table}.{name}"), "must be one or more tables");
    checker.error(error.help(Some(format!("write [[{table}.{name}]] above each"))));
    Vec::new()
}

/// The keys of a table with their values.
fn columns(checker: &Checker<'_>, written: &str, entry: &Leaf, form: Form) -> Vec<Column> {
    let Value::Object(table) = &entry.value else { return Vec::new() };
    if table.is_empty() {
        checker.error(ConfigError::at(&entry.origin, written, "has a table without keys"));
    }
    flatten_sweep(table)
        .into_iter()
        .filter_map(|(key, value)| column(checker, written, &key, &entry.with_value(value), form))
        .collect()
}

/// A table of lists that go together.
fn zip(checker: &Checker<'_>, written: &str, entry: &Leaf) -> Option<Dimension> {
    let columns = columns(checker, written, entry, Form::List);
    let refuse = |problem: String, help: &str| {
        checker.error(ConfigError::at(&entry.origin, written, problem).help(Some(help.to_owned())));
        for column in &columns {
            checker.refuse(&column.key);
        }
        None
    };
    let [first, others @ ..] = columns.as_slice() else { return None };
    if others.is_empty() {
        return refuse(
            format!("pairs `{}` with nothing", first.key),
            "name another key with as many values, or write this one outside of it",
        );
    }
    let length = |column: &Column| count(column.values.len(), "value");
    if let Some(other) = others.iter().find(|other| other.values.len() != first.values.len()) {
        let (one, another) = (length(first), length(other));
        return refuse(
            format!("pairs lists of different lengths: `{}` has {one}, `{}` {another}", first.key, other.key),
            "give each key as many",
        );
    }
    Some(Dimension { columns })
}

/// The parts that the tables describe: what stands in `[sweep]` itself is common to all sweeps with a name.
fn parts(common: Scope, named: Vec<(&str, Scope)>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut includes = Vec::new();
    let single = named.is_empty();
    // A sweep that only includes is these combinations, and not what the sections say besides.
    if single && (common.is_product() || common.includes.is_empty()) {
        let (dimensions, rules) = (common.dimensions.clone(), common.rules.clone());
        parts.push(Part { dimensions, rules, include: None });
    }
    includes.extend(common.includes.into_iter().map(|include| (include, Vec::new())));
    for (_, scope) in named {
        let set = || scope.set.iter().map(|column| Dimension { columns: vec![column.clone()] });
        if scope.is_product() || scope.includes.is_empty() {
            let own: Vec<Dimension> = set().chain(scope.dimensions.iter().cloned()).collect();
            let dimensions = without(&common.dimensions, &own).into_iter().chain(own).collect();
            let rules = common.rules.iter().chain(&scope.rules).copied().collect();
            parts.push(Part { dimensions, rules, include: None });
        }
        let set: Vec<Dimension> = set().collect();
        includes.extend(scope.includes.into_iter().map(|include| (include, set.clone())));
    }
    for ((own, origin), set) in includes {
        let dimensions = without(&set, &own).into_iter().chain(own).collect();
        parts.push(Part { dimensions, rules: Vec::new(), include: Some(origin) });
    }
    parts
}

/// These dimensions less the keys that others have.
fn without(dimensions: &[Dimension], others: &[Dimension]) -> Vec<Dimension> {
    let has = |key: &str| others.iter().flat_map(|other| &other.columns).any(|column| column.key == key);
    let kept = dimensions.iter().map(|dimension| {
        let columns = dimension.columns.iter().filter(|column| !has(&column.key)).cloned();
        Dimension { columns: columns.collect() }
    });
    kept.filter(|dimension| !dimension.columns.is_empty()).collect()
}

/// Settles which of a sweep's values and a section's own value of the same key counts: the one of the later layer. In the
/// same layer they contradict each other, unless some part does not vary the key and so needs the section's.
fn settle(checker: &Checker<'_>, sweep: &mut Sweep, notes: &mut Vec<String>) {
    let keys: Vec<String> =
        sweep.parts.iter().flat_map(Part::columns).map(|column| column.key.clone()).collect();
    let mut seen: Vec<&String> = Vec::new();
    for key in &keys {
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let Some(plain) = checker.raw.get(key).filter(|plain| plain.origin != Origin::Default) else {
            continue;
        };
        let everywhere = sweep.parts.iter().all(|part| part.sets(key));
        for part in &mut sweep.parts {
            for dimension in &mut part.dimensions {
                dimension.columns.retain(|column| {
                    let order = plain.layer.cmp(&column.layer);
                    if column.key != *key || order == Ordering::Less {
                        return true;
                    }
                    if order == Ordering::Greater {
                        let note = replaced(column, plain);
                        if !notes.contains(&note) {
                            notes.push(note);
                        }
                        if !sweep.replaced.contains(key) {
                            sweep.replaced.push(key.clone());
                        }
                        return false;
                    }
                    if everywhere {
                        let problem = format!("is swept, and has a value of its own at {}", plain.origin);
                        let error = ConfigError::at(&column.origin, &format!("sweep.{key}"), problem);
                        checker.error(error.help(Some("remove one of them".to_owned())));
                    }
                    true
                });
            }
            part.dimensions.retain(|dimension| !dimension.columns.is_empty());
        }
    }
}

fn replaced(column: &Column, plain: &Leaf) -> String {
    let values = match column.values.as_slice() {
        [preset] if preset.origin == column.origin && preset.value.is_string() => preset.value.to_string(),
        [_] => "value".to_owned(),
        several => format!("{} values", several.len()),
    };
    format!("`{}` replaces the sweep's {values} of `{}` ({})", plain.origin, column.key, column.origin)
}
