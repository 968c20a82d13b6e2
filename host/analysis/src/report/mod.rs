//! The report: what experiments found, as data, and as one HTML file that needs nothing else.

pub mod assemble;
pub mod data;
pub mod page;
mod palette;
pub mod texts;

pub use palette::PALETTE;
