//! What is published of each network.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use lossnet_plugin_api::prelude::WeightsEntry;
use serde::Deserialize;

/// One network's entry of `data/published.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Network {
    /// The four layers of the paper's grid, by index; empty where the paper did not use the network.
    pub(crate) paper_layers: Vec<usize>,
    /// torchvision's files, the default one first.
    pub(crate) weights: Vec<WeightsEntry>,
}

/// The entry of this name.
pub(crate) fn of(name: &str) -> Option<&'static Network> {
    static TABLE: OnceLock<BTreeMap<String, Network>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        serde_json::from_str(include_str!("../data/published.json"))
            .expect("published.json is part of this crate and is read by its tests")
    });
    table.get(name)
}
