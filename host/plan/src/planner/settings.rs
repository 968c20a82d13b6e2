//! A cell's settings by dotted key.

use std::rc::Rc;

use serde_json::{Map, Value};

use lossnet_core::model::Cell;
use lossnet_core::model::LossNetworkSection;

/// All that conditions and rules can ask of a cell.
pub(super) struct Settings<'a> {
    task: &'a Map<String, Value>,
    network: &'a Map<String, Value>,
    data: &'a Map<String, Value>,
    run: &'a Map<String, Value>,
    /// The repetition, and the id, of a cell that is planned already.
    cell: Option<&'a (Value, Value)>,
}

/// The sections of a cell as tables.
pub(super) struct Tables {
    pub(super) task: Rc<Map<String, Value>>,
    pub(super) network: Rc<Map<String, Value>>,
    pub(super) data: Rc<Map<String, Value>>,
    pub(super) run: Rc<Map<String, Value>>,
    pub(super) cell: Option<(Value, Value)>,
}

/// The settings of a planned cell, with tables of their own.
pub struct CellSettings(Tables);

impl CellSettings {
    /// Those of a cell.
    pub fn of(cell: &Cell) -> CellSettings {
        CellSettings(Tables::of(cell))
    }

    /// The setting at a dotted key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.settings().get(key)
    }
}

impl Tables {
    pub(super) fn of(cell: &Cell) -> Tables {
        let config = &cell.config;
        Tables {
            task: Rc::new(config.task.to_map("name")),
            network: Rc::new(network_table(&config.loss_network)),
            data: Rc::new(config.data.to_map()),
            run: Rc::new(config.run.to_map()),
            cell: Some((cell.repetition.into(), cell.id.clone().into())),
        }
    }

    pub(super) fn settings(&self) -> Settings<'_> {
        let Tables { task, network, data, run, cell } = self;
        Settings { task, network, data, run, cell: cell.as_ref() }
    }
}

/// The section of a loss network, with `nodes`: its layers by their names.
pub(super) fn network_table(network: &LossNetworkSection) -> Map<String, Value> {
    let mut table = network.to_map();
    table.insert("nodes".to_owned(), network.nodes.clone().into());
    table
}

impl<'a> Settings<'a> {
    /// The setting at a dotted key.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        let Some((section, name)) = key.split_once('.') else {
            let (repetition, id) = self.cell?;
            return match key {
                "repetition" => Some(repetition),
                "cell" => Some(id),
                _ => None,
            };
        };
        let table = match section {
            "task" => self.task,
            "loss_network" => self.network,
            "data" => self.data,
            "run" => self.run,
            _ => return None,
        };
        inside(table, name)
    }

    /// All keys, those of tables with dots.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        let tables =
            [("task", self.task), ("loss_network", self.network), ("data", self.data), ("run", self.run)];
        tables.into_iter().flat_map(|(section, table)| {
            crate::config::flatten(table).into_iter().map(move |(name, _)| format!("{section}.{name}"))
        })
    }
}

fn inside<'t>(table: &'t Map<String, Value>, name: &str) -> Option<&'t Value> {
    table.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        inside(table.get(first)?.as_object()?, rest)
    })
}

/// A value as a condition has it: the elements of a list with commas between.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        plain => plain.to_string(),
    }
}
