//! What users see: the log, progress, tables and answers; for another process, events.

pub(crate) mod logging;
pub(crate) mod output;
pub(crate) mod progress;
mod worker_event;

pub(crate) use worker_event::WorkerEvent;
