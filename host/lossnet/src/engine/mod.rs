//! The binary's side of the engine: the library that computes with tensors.
//!
//! Starting libtorch takes about half a second, and most commands need no tensor. So the binary does not link
//! it: [`Engine::load`] brings libtorch and then `liblossnet_engine.so` into the process, and [`Engine::call`]
//! sends it a [`Request`] and hands its [`Event`]s to the caller while it works.

mod files;
mod library;
mod libtorch;

use std::path::Path;

pub use files::{binary_folder, find_engine};
pub use library::{Engine, EngineError};
pub use libtorch::{LIBTORCH_RELEASE, Libtorch, LibtorchError};
pub use lossnet_core::engine_protocol::{Control, Event, Request};

/// Whether a device as a config names it is a CUDA one: always where it was asked for, else where there is an NVIDIA driver.
pub(crate) fn wants_cuda(device: &str) -> bool {
    device.starts_with("cuda") || (device == "auto" && Path::new("/proc/driver/nvidia/version").exists())
}
