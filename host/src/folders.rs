//! The user's folders, after the XDG Base Directory Specification.

use std::path::PathBuf;

/// Where plugins of the user go: `$XDG_DATA_HOME/lossnet`, else `~/.local/share/lossnet`.
pub fn data() -> Option<PathBuf> {
    base("XDG_DATA_HOME", ".local/share")
}

/// What can be made anew: `$XDG_CACHE_HOME/lossnet`, else `~/.cache/lossnet`.
pub fn cache() -> Option<PathBuf> {
    base("XDG_CACHE_HOME", ".cache")
}

fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    // The specification has relative paths ignored.
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = named.or_else(|| Some(std::env::home_dir()?.join(below_home)))?;
    Some(base.join("lossnet"))
}
