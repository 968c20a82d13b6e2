//! The lossnet binary: its commands, and what runs cells.

pub mod cli;
mod context;
pub mod draw;
pub mod engine;
mod estimate;
mod execute;
mod failure;
pub mod index;
pub mod lpips;
mod terminal;
