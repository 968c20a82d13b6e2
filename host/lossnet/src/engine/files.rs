//! Where the engine's library lies.

use std::path::PathBuf;

/// File name of the engine's library.
const ENGINE_FILE: &str = "liblossnet_engine.so";

/// The places where the engine may lie, the first one that exists is used: beside the binary (as cargo builds
/// it) and in `lib` beside the binary's folder (as it is installed). `LOSSNET_ENGINE` names the file itself.
fn engine_places() -> Vec<PathBuf> {
    if let Some(file) = std::env::var_os("LOSSNET_ENGINE") {
        return vec![file.into()];
    }
    let Some(folder) = binary_folder() else { return Vec::new() };
    let mut places = vec![folder.join(ENGINE_FILE)];
    // Tests of this package run from target/<profile>/deps.
    if let Some(parent) = folder.parent() {
        places.extend([parent.join("lib").join(ENGINE_FILE), parent.join(ENGINE_FILE)]);
    }
    places
}

/// The engine's library, or all places where it was looked for.
pub fn find_engine() -> Result<PathBuf, Vec<PathBuf>> {
    let places = engine_places();
    places.iter().find(|place| place.is_file()).cloned().ok_or(places)
}

/// The folder of the running binary, links resolved.
pub fn binary_folder() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?;
    let binary = binary.canonicalize().unwrap_or(binary);
    binary.parent().map(PathBuf::from)
}
