//! The part of lossnet that computes with tensors; the binary loads it when a command needs it.

mod caller;
mod checked;
mod commands;
mod elf;
mod ffi;
mod images;
mod located;
mod log;
mod misfit;
pub mod network;
mod private_copy;
pub mod registry;
mod services;
pub mod session;
mod source;
