//! The user's folders, after the XDG Base Directory Specification, and those of a run.

use std::path::{Path, PathBuf};

/// Where plugins of the user go: `$XDG_DATA_HOME/lossnet`, else `~/.local/share/lossnet`.
pub fn data() -> Option<PathBuf> {
    base("XDG_DATA_HOME", ".local/share")
}

/// What can be made anew: `$XDG_CACHE_HOME/lossnet`, else `~/.cache/lossnet`.
pub fn cache() -> Option<PathBuf> {
    base("XDG_CACHE_HOME", ".cache")
}

/// Where published weights are kept, once for all of a user's projects: `$LOSSNET_WEIGHTS_DIR`, else `weights` in the cache.
pub fn weights() -> PathBuf {
    let named = std::env::var_os("LOSSNET_WEIGHTS_DIR").filter(|named| !named.is_empty());
    named.map(PathBuf::from).or_else(|| Some(cache()?.join("weights"))).unwrap_or_else(|| "weights".into())
}

/// Where PyTorch keeps the weights that it has downloaded: `hub/checkpoints` in `$TORCH_HOME`, else in `torch` of the caches.
pub fn torch_weights() -> Option<PathBuf> {
    let named = std::env::var_os("TORCH_HOME").filter(|named| !named.is_empty()).map(PathBuf::from);
    let home = named.or_else(|| Some(base("XDG_CACHE_HOME", ".cache")?.with_file_name("torch")))?;
    Some(home.join("hub/checkpoints"))
}

/// Where checkpoints go of what is run with this folder of results: beside it, so that nobody goes on from the training of a
/// run whose results are elsewhere. `checkpoints` for `logs`, `trial-checkpoints` for `trial`.
pub fn checkpoints(logs: &Path) -> PathBuf {
    let name = logs.file_name().unwrap_or_default().to_string_lossy();
    match name.as_ref() {
        "logs" => logs.with_file_name("checkpoints"),
        // The working folder itself, or a root.
        "" => logs.join("checkpoints"),
        other => logs.with_file_name(format!("{other}-checkpoints")),
    }
}

/// Where a dataset's files are: in the directory that a config names, else in `datasets` of the working directory.
pub fn dataset(set: Option<&str>, name: &str) -> PathBuf {
    set.map_or_else(|| Path::new("datasets").join(name), PathBuf::from)
}

fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    // The specification has relative paths ignored.
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = named.or_else(|| Some(std::env::home_dir()?.join(below_home)))?;
    Some(base.join("lossnet"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_lie_beside_results() {
        for (logs, expected) in [
            ("logs", "checkpoints"),
            ("trial", "trial-checkpoints"),
            ("/scratch/me/logs", "/scratch/me/checkpoints"),
            ("/scratch/me/trial/", "/scratch/me/trial-checkpoints"),
            (".", "./checkpoints"),
        ] {
            assert_eq!(checkpoints(Path::new(logs)), Path::new(expected), "{logs}");
        }
    }
}
