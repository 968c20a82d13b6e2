//! Getting files: resumable downloads, checksums, safe unpacking.

mod digest;

pub use digest::file_sha256;
