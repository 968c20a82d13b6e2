//! From config files to cells: what is asked for, checked against what components allow.

pub mod catalog;
pub mod config;
mod contents;
pub mod planner;

pub use contents::{Contents, Describe, PlannedContents};
