//! The second build of a plugin, for the tests of the host.

#[path = "rebuilt/body.rs"]
mod body;

const BUILD: body::Build = body::Build { factor: 2.0, version: 2, channels: 5 };
