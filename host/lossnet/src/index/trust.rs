//! Whether a plugin's file can be trusted: loading it runs its code.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, Uid, User, geteuid};

/// Somebody else may write to a plugin's file or folder.
#[derive(Debug, thiserror::Error)]
#[error("the plugin {plugin} is not loaded: {why}, so that it may not be what you put there; {remedy}")]
pub struct Untrusted {
    /// The plugin.
    pub plugin: PathBuf,
    why: String,
    remedy: String,
}

/// Checks that only this user and the administrator may write to the file and its folder.
pub(super) fn check(plugin: &Path) -> Result<(), Untrusted> {
    let untrusted = |why: String, remedy: String| Untrusted { plugin: plugin.to_owned(), why, remedy };
    for path in [Some(plugin), plugin.parent()].into_iter().flatten() {
        let metadata = fs_err::metadata(path)
            .map_err(|error| untrusted(error.to_string(), "make it readable or remove it".to_owned()))?;
        let what = if metadata.is_dir() { "its folder" } else { "it" };
        if let Some(owner) = stranger(&metadata) {
            let why = format!("{what} belongs to {owner}");
            return Err(untrusted(why, format!("take it over: `chown \"$USER\" {}`", path.display())));
        }
        if let Some(who) = other_writers(&metadata) {
            let why = format!("{who} may write to {}", if metadata.is_dir() { "its folder" } else { "it" });
            return Err(untrusted(why, format!("take that right away: `chmod go-w {}`", path.display())));
        }
    }
    Ok(())
}

/// The owner, if it is neither this user nor the administrator.
fn stranger(metadata: &Metadata) -> Option<String> {
    let owner = Uid::from_raw(metadata.uid());
    if owner.is_root() || owner == geteuid() {
        return None;
    }
    let name = User::from_uid(owner).ok().flatten().map(|user| user.name);
    Some(name.map_or_else(|| format!("user {owner}"), |name| format!("user `{name}`")))
}

/// Who else may write, if anybody.
fn other_writers(metadata: &Metadata) -> Option<String> {
    let mode = metadata.permissions().mode();
    if mode & 0o002 != 0 {
        return Some("everybody".to_owned());
    }
    let group = Gid::from_raw(metadata.gid());
    if mode & 0o020 != 0 && !is_private(group) {
        let name = Group::from_gid(group).ok().flatten().map(|group| group.name);
        let name = name.unwrap_or_else(|| group.to_string());
        return Some(format!("the group `{name}`"));
    }
    None
}

/// Many systems give each user a group of their own and make it writable by default.
fn is_private(group: Gid) -> bool {
    let group = Group::from_gid(group).ok().flatten();
    let user = User::from_uid(geteuid()).ok().flatten();
    match (group, user) {
        (Some(group), Some(user)) => {
            group.name == user.name && group.mem.iter().all(|member| *member == user.name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::Permissions;

    use super::*;

    #[test]
    fn what_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("libp.so");
        fs_err::write(&plugin, "").unwrap();
        let allow = |path: &Path, mode| fs_err::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        allow(folder.path(), 0o755);
        allow(&plugin, 0o644);
        check(&plugin).unwrap();

        allow(&plugin, 0o646);
        let error = check(&plugin).unwrap_err().to_string();
        assert!(error.contains("everybody may write to it") && error.contains("chmod go-w"), "{error}");

        allow(&plugin, 0o644);
        allow(folder.path(), 0o777);
        let error = check(&plugin).unwrap_err().to_string();
        assert!(error.contains("everybody may write to its folder"), "{error}");
    }
}
