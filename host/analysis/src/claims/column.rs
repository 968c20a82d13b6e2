//! What statements can tell results apart by.

use serde::de::{Deserialize, Deserializer, Error as _};

use super::item::Item;
use crate::report::data::{Board, Network};
use lossnet_core::nearest::did_you_mean;

/// A property of a result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    /// One that all results have: a position in [`NAMES`].
    Known(usize),
    /// A setting in which networks differ, by its dotted key.
    Setting(String),
}

type Text = fn(&Board, &Network) -> String;

/// The properties by name, but for the layer's position.
const NAMES: [(&str, Text); 10] = [
    ("task", |board, _| board.task.clone()),
    ("variant", |board, _| board.variant.clone()),
    ("dataset", |board, _| board.dataset.clone()),
    ("metric", |board, _| board.metric.clone()),
    ("split", |board, _| board.split.clone()),
    ("main", |board, _| board.main.to_string()),
    ("backbone", |_, network| network.backbone.clone()),
    ("weights", |_, network| network.weights.clone()),
    ("layers", |_, network| network.layers.clone()),
    ("comparison", |_, network| network.comparison.clone()),
];

/// What the dotted key of a setting in which networks differ begins with.
const SECTIONS: [&str; 3] = ["task.", "loss_network.", "run."];

const BACKBONE: usize = 6;
const WEIGHTS: usize = 7;
const COMPARISON: usize = 9;

/// The position of the layer among those of the same backbone on the same board, from 1 for the earliest.
const LAYER_POSITION: &str = "layer_position";

impl Column {
    /// The names of the properties that all results have.
    pub(super) fn known() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name).chain([LAYER_POSITION])
    }

    pub(super) fn new(name: &str) -> Result<Column, String> {
        match Column::known().position(|known| known == name) {
            Some(position) => Ok(Column::Known(position)),
            None if SECTIONS
                .iter()
                .any(|section| name.strip_prefix(section).is_some_and(|rest| !rest.is_empty())) =>
            {
                Ok(Column::Setting(name.to_owned()))
            }
            None if name.contains('.') => Err(format!(
                "results have no column `{name}`; the dotted key of a setting begins with task., loss_network. or run."
            )),
            None => {
                let known = || Column::known();
                let hint = did_you_mean(name, known())
                    .unwrap_or_else(|| format!("there are {}", known().collect::<Vec<_>>().join(", ")));
                Err(format!("results have no column `{name}`; {hint}"))
            }
        }
    }

    /// The backbone's name.
    pub(super) fn of_backbone() -> Column {
        Column::Known(BACKBONE)
    }

    /// The layer's position.
    pub(super) fn of_layer_position() -> Column {
        Column::Known(NAMES.len())
    }

    /// The comparison's name.
    pub(super) fn of_comparison() -> Column {
        Column::Known(COMPARISON)
    }

    /// The weights.
    pub(super) fn of_weights() -> Column {
        Column::Known(WEIGHTS)
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Column::Known(position) => NAMES.get(*position).map_or(LAYER_POSITION, |(name, _)| name),
            Column::Setting(key) => key,
        }
    }

    /// The value; empty where there is none.
    pub(super) fn text(&self, item: &Item<'_>) -> String {
        match self {
            Column::Known(position) => match NAMES.get(*position) {
                Some((_, text)) => text(item.board, item.network),
                None => item.layer_position.map(|position| position.to_string()).unwrap_or_default(),
            },
            Column::Setting(key) => item.network.others.get(key).cloned().unwrap_or_default(),
        }
    }
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Column::new(&name).map_err(D::Error::custom)
    }
}

/// The values of several columns as one name.
pub(super) fn name(columns: &[Column], item: &Item<'_>) -> String {
    columns.iter().map(|column| column.text(item)).collect::<Vec<_>>().join(" · ")
}

/// A number that is known of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Quantity {
    /// Published top-1 accuracy of the weights, in percent.
    ImagenetTop1,
    /// Parameters of the backbone.
    Parameters,
    /// Multiply-adds up to the deepest layer.
    MultiplyAdds,
    /// Where the deepest layer lies, from 0 to 1.
    Depth,
}

impl Quantity {
    pub(super) fn name(self) -> &'static str {
        match self {
            Quantity::ImagenetTop1 => "ImageNet top-1",
            Quantity::Parameters => "parameters",
            Quantity::MultiplyAdds => "multiply-adds",
            Quantity::Depth => "depth of the layer",
        }
    }

    pub(super) fn of(self, network: &Network) -> Option<f64> {
        match self {
            Quantity::ImagenetTop1 => network.imagenet_top1,
            Quantity::Parameters => network.parameters.map(|count| count as f64),
            Quantity::MultiplyAdds => network.multiply_adds.map(|count| count as f64),
            Quantity::Depth => network.depth,
        }
    }
}
