//! The binary as users run it: real plugins from real shared libraries, real files, exit codes and sentences.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analysing;
mod calibrating;
mod checking;
mod checkpoints;
mod claims;
mod comparing;
mod configuring;
mod damage;
mod datasets;
mod executing;
#[path = "../fetch_server/mod.rs"]
mod fetch_server;
mod formats;
mod images;
mod inputs;
mod leftovers;
mod listing;
mod outputs;
mod own_data;
mod planning;
mod plugins;
mod refusing;
mod reporting;
mod running;
mod same;
mod support;
mod surroundings;
mod trained;
mod training;
