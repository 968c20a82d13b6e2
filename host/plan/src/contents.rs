//! The files of cells that are planned.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::graph::Graph;
use serde_json::Value;

use crate::catalog::Catalog;
use lossnet_core::folders;
use lossnet_core::inputs::{Input, Inputs, Sums, graph_sum};
use lossnet_core::model::{Component, DataSection, LossNetworkSection};
use lossnet_core::weights::WeightsChoice;

/// What the planner asks of the files that a cell reads.
pub trait Contents {
    /// The files of a loss network, and its backbone's description.
    fn network(&self, network: &LossNetworkSection) -> Inputs;
    /// The folders of the data, those of further tests included.
    fn data(&self, data: &DataSection) -> Inputs;
}

/// For callers that know nothing of files: cells are then told apart by paths.
impl Contents for () {
    fn network(&self, _: &LossNetworkSection) -> Inputs {
        Inputs::default()
    }

    fn data(&self, _: &DataSection) -> Inputs {
        Inputs::default()
    }
}

/// The setting of a dataset of the user's own by which all of its files are read to tell whether they have changed.
const VERIFY: &str = "verify";

/// Describes a backbone with its settings, where that can be done.
pub type Describe<'a> = &'a dyn Fn(&Component) -> Option<Graph>;

/// Looks at the files that configs name.
pub struct PlannedContents<'a> {
    catalog: &'a Catalog,
    describe: Describe<'a>,
    sums: Sums,
    /// Sums of descriptions, by backbone and settings.
    graphs: RefCell<HashMap<String, Option<String>>>,
}

impl<'a> PlannedContents<'a> {
    /// With these components; what lies in the folders `ignored`, which runs write to, is nobody's input.
    pub fn new(catalog: &'a Catalog, describe: Describe<'a>, ignored: &[PathBuf]) -> PlannedContents<'a> {
        PlannedContents { catalog, describe, sums: Sums::new(ignored).once(), graphs: RefCell::default() }
    }

    fn input(&self, path: &Path, thorough: bool) -> Input {
        let sum = self.sums.of(path, thorough).unwrap_or_else(|error| {
            // The engine reports why when it computes with it.
            tracing::debug!(%error, "{} can't be read", path.display());
            None
        });
        Input { path: path.to_owned(), sum, thorough }
    }

    fn graph(&self, backbone: &Component) -> Option<String> {
        let key = format!("{} {}", backbone.name, Value::Object(backbone.settings.clone()));
        if let Some(known) = self.graphs.borrow().get(&key) {
            return known.clone();
        }
        let sum = (self.describe)(backbone).as_ref().map(graph_sum);
        self.graphs.borrow_mut().insert(key, sum.clone());
        sum
    }
}

impl Contents for PlannedContents<'_> {
    fn network(&self, network: &LossNetworkSection) -> Inputs {
        let mut inputs = Inputs { graph: self.graph(&network.backbone), ..Inputs::default() };
        let backbone = &network.backbone.name;
        let entries = self.catalog.get(Kind::Backbone, backbone).map(|held| held.details.weights.as_slice());
        let choice = WeightsChoice::parse(&network.weights, backbone, entries.unwrap_or_default());
        // What is published is named by its entry, and checked when it is brought.
        if let Ok(WeightsChoice::File { path, .. }) = choice {
            // An index names files beside it.
            let is_index = path.extension().is_some_and(|ending| ending == "json");
            let path = path.parent().filter(|_| is_index).map_or(path.clone(), Path::to_owned);
            inputs.files.insert("weights".to_owned(), self.input(&path, false));
        }
        if let Some(file) = &network.calibration {
            inputs.files.insert("calibration".to_owned(), self.input(Path::new(file), false));
        }
        inputs
    }

    fn data(&self, data: &DataSection) -> Inputs {
        let mut inputs = Inputs::default();
        let sections = [("data".to_owned(), data)];
        let tests = data.test.iter().map(|(label, data)| (format!("data.test.{label}"), data));
        for (role, data) in sections.into_iter().chain(tests) {
            let details = self.catalog.get(Kind::Dataset, &data.dataset.name).map(|held| &held.details);
            if details.is_ok_and(|details| details.without_folder || details.brings_files) {
                continue;
            }
            let thorough = data.dataset.settings.get(VERIFY).and_then(Value::as_bool) == Some(true);
            let folder = folders::dataset(data.folder.as_deref(), &data.dataset.name);
            inputs.files.insert(role, self.input(&folder, thorough));
        }
        inputs
    }
}
