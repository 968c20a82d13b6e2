//! What the project promises of its own files: structure, dependencies, links and language.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dependencies;
mod files;
mod imports;
mod language;
mod links;
mod structure;
