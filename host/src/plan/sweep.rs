//! `[sweep]`: the axes of the cross product.

use std::cmp::Ordering;

use serde_json::Value;

use crate::catalog::did_you_mean;
use crate::config::{
    BACKBONE_PRESET, Checker, ConfigError, LAYER_PRESETS, Leaf, Origin, View, find_key, key_names_in,
};

/// The sections that a sweep can vary, in the order in which a cell is put together.
pub(super) const SECTIONS: [&str; 4] = ["task", "loss_network", "data", "run"];

/// More cells than this are taken for a mistake.
pub(super) const MOST_CELLS: usize = 1_000_000;

/// A key that takes several values.
pub(super) struct Axis<'a> {
    /// Dotted key.
    pub(super) key: &'a str,
    /// Position of its section in [`SECTIONS`].
    pub(super) section: usize,
    /// The key without its section.
    pub(super) name: &'a str,
    /// What it takes, in the order in which it was written.
    pub(super) values: Vec<Leaf>,
}

/// The axes, in the order in which they were written. What is wrong with them is an error and left out; `notes` gets
/// what else is worth saying.
pub(super) fn axes<'a>(checker: &Checker<'a>, notes: &mut Vec<String>) -> Vec<Axis<'a>> {
    let written = checker.raw.section_as_written("sweep");
    let axes = written.into_iter().filter_map(|(key, leaf)| Some((axis(checker, key, leaf)?, leaf)));
    axes.filter(|(axis, leaf)| is_in_force(checker, axis, leaf, notes)).map(|(axis, _)| axis).collect()
}

/// Whether an axis counts: a plain value of its key in a later layer stands in its place, and one in the same layer
/// contradicts it.
fn is_in_force(checker: &Checker<'_>, axis: &Axis<'_>, leaf: &Leaf, notes: &mut Vec<String>) -> bool {
    let Some(plain) = checker.raw.get(axis.key).filter(|plain| plain.origin != Origin::Default) else {
        return true;
    };
    match plain.layer.cmp(&leaf.layer) {
        Ordering::Less => true,
        Ordering::Greater => {
            let values = match (&leaf.value, axis.values.len()) {
                (Value::Array(_), 1) => "value".to_owned(),
                (Value::Array(_), several) => format!("{several} values"),
                (preset, _) => format!("{preset}"),
            };
            let origin = &plain.origin;
            notes.push(format!(
                "`{origin}` replaces the sweep's {values} of `{}` ({})",
                axis.key, leaf.origin
            ));
            false
        }
        Ordering::Equal => {
            let problem = format!("is swept, and has a value of its own at {}", plain.origin);
            let error = ConfigError::at(&leaf.origin, &format!("sweep.{}", axis.key), problem);
            checker.error(error.help(Some("remove one of them".to_owned())));
            false
        }
    }
}

fn axis<'a>(checker: &Checker<'a>, key: &'a str, leaf: &'a Leaf) -> Option<Axis<'a>> {
    let written = format!("sweep.{key}");
    let refuse = |problem: &str, help: Option<String>| -> Option<Axis<'a>> {
        checker.error(ConfigError::at(&leaf.origin, &written, problem).help(help));
        None
    };
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let Some(position) = SECTIONS.iter().position(|known| *known == section && !name.is_empty()) else {
        let keys = SECTIONS
            .iter()
            .flat_map(|section| key_names_in(section).map(move |name| format!("{section}.{name}")));
        let keys: Vec<String> = keys.collect();
        let near = did_you_mean(key, keys.iter().map(String::as_str));
        let example = "write a dotted key such as `\"loss_network.layers\"`".to_owned();
        return refuse("is nothing that can be swept", near.or(Some(example)));
    };
    match find_key(key) {
        Some(known) if !known.identity => {
            return refuse("can't be swept: it does not change a result", None);
        }
        None if section == "run" => {
            let near = did_you_mean(name, key_names_in(section));
            return refuse("is not a setting of [run]", near);
        }
        _ => {}
    }
    let text = leaf.as_text();
    let preset = match key {
        "loss_network.layers" => text.is_some_and(|text| LAYER_PRESETS.contains(&text)),
        "loss_network.backbone" => text == Some(BACKBONE_PRESET),
        _ => false,
    };
    let values: Vec<Leaf> = match &leaf.value {
        Value::Array(values) if values.is_empty() => return refuse("has no values", None),
        Value::Array(values) if values.iter().any(Value::is_object) => {
            return refuse(
                "takes tables, which can't be swept",
                Some("sweep their keys one by one".to_owned()),
            );
        }
        Value::Array(values) => {
            values.iter().enumerate().map(|(index, value)| leaf.element(index, value.clone())).collect()
        }
        _ if preset => vec![leaf.clone()],
        _ => return refuse("must be a list of values", Some("write `[…]` around them".to_owned())),
    };
    Some(Axis { key, section: position, name, values })
}

/// Number of combinations of axes with so many values. None beyond [`MOST_CELLS`].
pub(super) fn combinations(lengths: impl IntoIterator<Item = usize>) -> Option<usize> {
    lengths.into_iter().try_fold(1usize, usize::checked_mul).filter(|&product| product <= MOST_CELLS)
}

/// The combination at this position: an index into each axis, the last axis varying fastest.
pub(super) fn combination(mut position: usize, lengths: &[usize]) -> Vec<usize> {
    let mut indices = vec![0; lengths.len()];
    for (index, &length) in indices.iter_mut().zip(lengths).rev() {
        *index = position % length;
        position /= length;
    }
    indices
}

/// A section as it was written, with these values of its axes in place.
pub(super) fn view<'v>(base: &View<'v>, own: &[&'v Axis<'_>], indices: &[usize]) -> View<'v> {
    let mut view = base.clone();
    for (axis, &index) in own.iter().zip(indices) {
        let below = format!("{}.", axis.name);
        view.retain(|key, _| !key.starts_with(&below));
        view.insert(axis.name, &axis.values[index]);
    }
    view
}
