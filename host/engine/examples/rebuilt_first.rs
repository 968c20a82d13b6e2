//! The first build of a plugin, for the tests of the host.

#[path = "rebuilt/body.rs"]
mod body;

const BUILD: body::Build = body::Build { factor: 1.0, version: 1, channels: 4 };
