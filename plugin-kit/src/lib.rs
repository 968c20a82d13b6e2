//! Conveniences for plugin authors: images as Pillow reads and resizes them, data loading, metrics.

pub mod image;
pub mod loader;
pub mod similarity;
