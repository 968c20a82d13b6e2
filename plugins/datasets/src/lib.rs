//! Data sets of images.
//!
//! * `bapps`: human judgements of similarity, downloaded on first use;
//! * `image-folder`, `paired-folder`: the user's own files;
//! * `photos`: distorted crops of a few photographs that are part of this plugin;
//! * `synthetic`: generated images for any task.

mod bapps;
mod files;
mod image_folder;
mod npy;
mod paired_folder;
mod photos;
mod random;
mod synthetic;

use lossnet_plugin_api::prelude::*;

/// All data sets of this plugin, for a program that links it; a host loads the plugin instead.
pub fn datasets() -> Vec<Box<dyn AnyDataset>> {
    vec![
        Box::new(bapps::Bapps),
        Box::new(image_folder::ImageFolder),
        Box::new(paired_folder::PairedFolder),
        Box::new(photos::Photos),
        Box::new(synthetic::Synthetic),
    ]
}

submit! { Components::Datasets(datasets) }
export_plugin!();
