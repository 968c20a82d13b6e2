//! The binary as users run it: real plugins from real shared libraries, real files, exit codes and sentences.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calibrating;
mod claims;
mod comparing;
mod damage;
mod datasets;
#[path = "../fetch_server/mod.rs"]
mod fetch_server;
mod formats;
mod listing;
mod refusing;
mod running;
mod support;
mod training;
