//! The binary's side of the engine: the library that computes with tensors.
//!
//! Starting libtorch takes about half a second, and most commands need no tensor. So the binary does not link
//! it: [`Engine::load`] brings libtorch and then `liblossnet_engine.so` into the process, and [`Engine::call`]
//! sends it a [`Request`] and hands its [`Event`]s to the caller while it works.

mod files;
mod library;
mod libtorch;
pub mod protocol;

pub use files::{binary_folder, find_engine};
pub use library::{Engine, EngineError};
pub use libtorch::{LIBTORCH_RELEASE, Libtorch, LibtorchError};
pub use protocol::{Control, Event, Request};
