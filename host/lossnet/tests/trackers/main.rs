//! Trackers through the binary: what they leave is read with the real TensorBoard, MLflow and wandb, also after a run was
//! killed and went on; and whatever goes wrong with a tracker, the run does not notice.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it is skipped"
)]

mod failing;
mod mlflow;
mod python;
mod small;
#[allow(dead_code, reason = "shared with the other tests of the binary")]
#[path = "../cli/support.rs"]
mod support;
mod sweep;
mod tensorboard;
mod wandb;
