//! What crosses the boundary between lossnet and its plugins as plain data: network descriptions, manifests,
//! errors, what a run reports. Nothing here does I/O or needs torch.
//!
//! Plugin authors use `lossnet-plugin-api`, which re-exports what they need of this crate. Tools that read
//! lossnet's manifests or results can use this crate alone.

pub mod error;
pub mod formula;
pub mod graph;
pub mod images;
pub mod manifest;
pub mod normalization;
mod number;
pub mod report;
pub mod sample;

/// What the names of files begin with that are not complete yet. In the folders of a cell, the process that begins to work on the cell
/// removes those that a process has left there which was killed; so a plugin that writes beside a file and renames gives its
/// draft such a name.
pub const DRAFT_PREFIX: &str = ".writing-";

pub use error::{ErrorKind, PluginError};
pub use manifest::{API_VERSION, ComponentManifest, Details, Handshake, Kind, PluginManifest, WeightsEntry};
