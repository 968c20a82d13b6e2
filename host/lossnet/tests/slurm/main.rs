//! Runs on a real Slurm on this machine: what is submitted, requeued, killed and cancelled ends with the results of a run in
//! one process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::print_stderr,
    reason = "a test that is skipped says so, and one that fails shows what Slurm said"
)]

mod cancelling;
mod cluster;
mod lab;
mod refusing;
#[path = "../cli/same.rs"]
mod same;
mod showing;
#[path = "../cli/support.rs"]
#[expect(dead_code, reason = "the tests of the command line use more of it")]
mod support;
mod sweeping;
mod training;
