//! Runs any image task with any loss network: the lossnet binary and its torch-free library.

pub mod analysis;
pub mod atomic;
pub mod catalog;
pub mod claims;
pub mod cli;
pub mod config;
pub mod draw;
pub mod engine;
mod estimate;
mod execute;
pub mod fetch;
pub mod folders;
pub mod hex;
pub mod index;
pub mod inputs;
pub mod lpips;
mod natural;
pub mod number;
pub mod plan;
mod relation;
pub mod report;
pub mod results;
pub mod signature;
pub mod store;
pub mod weights;
mod words;
