//! Pictures as SVG, without any library: they open in every browser, in light and dark.

mod chart;
mod network;
mod svg;

pub use chart::{Point, Series, score_by_layer};
pub use network::network;
