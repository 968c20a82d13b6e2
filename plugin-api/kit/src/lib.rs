//! Conveniences for plugin authors: images as Pillow reads and resizes them, data loading, training, metrics.

mod atomic;
pub mod augment;
pub mod image;
pub mod in_training;
pub mod loader;
pub mod metric;
pub mod nn;
pub mod packed;
pub mod perceptual;
pub mod quality;
pub mod samples;
pub mod scores;
pub mod similarity;
#[cfg(feature = "testing")]
pub mod testing;
pub mod train;
