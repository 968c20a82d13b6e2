//! A plugin with one component of each kind, to start your own from.

pub mod backbone;
pub mod comparison;
pub mod dataset;
pub mod task;
pub mod tracker;

lossnet_plugin_api::export_plugin!();
