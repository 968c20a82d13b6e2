//! The files of the project.

use std::fs;
use std::path::{Path, PathBuf};

/// The directory of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files of the project with one of these extensions, as paths relative to its root: no hidden directories, no build
/// outputs, no downloads and no results.
pub(crate) fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap_or_default();
            let relative = path.strip_prefix(root()).unwrap();
            let is_output = name.starts_with('.')
                || name.starts_with("target")
                || ["libtorch", "dist", "shared"].iter().any(|output| relative == Path::new(output))
                || ["datasets", "checkpoints", "logs"]
                    .iter()
                    .any(|place| relative.parent() == Some(Path::new(place)))
                    && name != "README.md";
            if is_output || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|own| extensions.iter().any(|wanted| own == *wanted)) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    found
}
