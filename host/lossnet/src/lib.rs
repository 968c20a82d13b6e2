//! The lossnet binary: its commands, and what runs cells.

pub mod cli;
pub mod draw;
pub mod engine;
mod estimate;
mod execute;
pub mod index;
pub mod lpips;
