//! The part of lossnet that computes with tensors; the binary loads it when a command needs it.

mod commands;
mod entry;
mod images;
mod misfit;
pub mod network;
pub mod registry;
mod services;
pub mod session;
mod source;
