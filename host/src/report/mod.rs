//! The report: what experiments found, as data, and as one HTML file that needs nothing else.

pub mod assemble;
pub mod data;
pub mod page;
pub mod texts;
