//! What is recorded of samples: columns, and the names of results.

use std::path::Path;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::protocol::report::SampleRows;

/// The name of a group's results: `val/cnn` for the group `cnn` of `val`, and of `val/cnn` itself.
pub(super) fn result_name(split: &str, group: &str) -> String {
    if group.is_empty() || split.ends_with(&format!("/{group}")) {
        split.to_owned()
    } else {
        format!("{split}/{group}")
    }
}

/// A recorded column.
pub(super) fn column<'a>(rows: &'a SampleRows, name: &str) -> Result<&'a [f64], PluginError> {
    rows.column(name).ok_or_else(|| {
        PluginError::run(format!("what an earlier, interrupted run has recorded lacks the column `{name}`"))
            .with_help(
                "it is from another version of lossnet: move the cell's folder away to compute it anew",
            )
    })
}

/// Writes a file that appears under its name when it is complete.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    crate::atomic::write(path, bytes).map_err(|error| {
        PluginError::run(format!("{} can't be written: {error}", path.display()))
            .with_help("make room or choose another folder, and run the same command again")
    })
}
