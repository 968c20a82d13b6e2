//! Datasets as they are published, in small: what is fetched, what is read, and what is said of damaged files. And what is
//! generated.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says when it skips"
)]

mod archives;
mod bapps;
mod matlab_file;
mod real_files;
mod roads;
mod stl10;
mod support;
mod svhn;
mod synthetic;
mod test_images;
