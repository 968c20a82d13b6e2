//! What a worker says to the process that started it.

use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Progress;
use serde::{Deserialize, Serialize};

use lossnet_core::engine_protocol::CellOutcome;

/// One line of a worker's standard output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "value", rename_all = "snake_case")]
pub(crate) enum WorkerEvent {
    /// Some work has come so far.
    Progress(Progress),
    /// Something that the user should know.
    Notice(String),
    /// Something that may spoil the result.
    Warning(String),
    /// How a cell ended.
    Cell {
        /// Its id.
        id: String,
        /// How it ended.
        outcome: CellOutcome,
    },
    /// The group could not be run at all.
    Broken(PluginError),
}
