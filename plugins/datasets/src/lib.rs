//! Data sets of images. `docs/reference/datasets.md` describes them for users.
//!
//! * `bapps`: human judgements of similarity;
//! * `bsds300`, `set5`, `set14`: photographs on which super-resolution is measured;
//! * `coco2014`: photographs of everyday scenes;
//! * `csv`: the user's own files, as a table names them;
//! * `image-folder`, `paired-folder`: the user's own files;
//! * `massachusetts-roads`: aerial photographs with maps of their roads;
//! * `photos`: distorted crops of a few photographs that are part of this plugin;
//! * `stl10`, `svhn`: small photographs in ten classes;
//! * `synthetic`: generated images for any task.
//!
//! All but the user's own and the generated ones are downloaded on first use.

mod bapps;
mod bsds300;
mod coco2014;
mod columns;
mod files;
mod fractions;
mod image_folder;
mod images;
mod index_page;
mod massachusetts_roads;
mod matlab;
mod npy;
mod paired_folder;
mod photos;
mod random;
mod source;
mod stl10;
mod super_resolution;
mod svhn;
mod synthetic;
mod table;
mod told;
mod views;

use lossnet_plugin_api::prelude::*;

/// All data sets of this plugin, for a program that links it; a host loads the plugin instead.
pub fn datasets() -> Vec<Box<dyn AnyDataset>> {
    vec![
        Box::new(bapps::Bapps),
        Box::new(bsds300::Bsds300),
        Box::new(coco2014::Coco2014),
        Box::new(table::Table),
        Box::new(image_folder::ImageFolder),
        Box::new(massachusetts_roads::MassachusettsRoads),
        Box::new(paired_folder::PairedFolder),
        Box::new(photos::Photos),
        Box::new(super_resolution::SET14),
        Box::new(super_resolution::SET5),
        Box::new(stl10::Stl10),
        Box::new(svhn::Svhn),
        Box::new(synthetic::Synthetic),
    ]
}

submit! { Components::Datasets(datasets) }
export_plugin!();
