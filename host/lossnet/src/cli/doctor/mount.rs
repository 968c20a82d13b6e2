//! On which file system a folder is.

use std::path::Path;

/// A mounted file system.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount<'a> {
    /// Its kind, such as `ext4` or `nfs4`.
    pub(super) kind: &'a str,
    options: &'a str,
}

impl Mount<'_> {
    /// Whether it is a network file system that is mounted so that locks exclude only processes of the same machine.
    pub(super) fn keeps_locks_to_itself(&self) -> bool {
        // nfs(5), and mount.lustre's `localflock`.
        let local = ["nolock", "local_lock=all", "local_lock=posix", "localflock"];
        let network = self.kind.starts_with("nfs") || self.kind == "lustre";
        network && self.options.split(',').any(|option| local.contains(&option))
    }
}

/// The file system of a folder, in the format of `/proc/self/mountinfo` (proc(5)).
pub(super) fn of<'a>(mounts: &'a str, folder: &Path) -> Option<Mount<'a>> {
    let mount = |line: &'a str| {
        let (own, rest) = line.split_once(" - ")?;
        let point = own.split(' ').nth(4)?.replace("\\040", " ");
        let mut fields = rest.split(' ');
        let (kind, options) = (fields.next()?, fields.nth(1)?);
        folder.starts_with(&point).then_some((point.len(), Mount { kind, options }))
    };
    // Of several that are mounted at one place the last one counts.
    let deepest = mounts.lines().filter_map(mount).max_by_key(|(depth, _)| *depth);
    deepest.map(|(_, mount)| mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:38 / /home rw,relatime shared:20 - nfs4 server:/home rw,vers=4.2,local_lock=none,addr=10.0.0.1
41 22 0:39 / /my\\040work rw,relatime - nfs server:/work rw,vers=3,nolock,local_lock=all
42 22 0:40 / /scratch rw - lustre mds@tcp:/scratch rw,flock
";

    #[test]
    fn the_deepest_mount_counts() {
        let kind = |folder: &str| of(MOUNTS, Path::new(folder)).map(|mount| mount.kind);
        assert_eq!(kind("/var/logs"), Some("ext4"));
        assert_eq!(kind("/home/me/logs"), Some("nfs4"));
        assert_eq!(kind("/homes"), Some("ext4"));
        assert_eq!(kind("/my work/logs"), Some("nfs"));
        assert_eq!(of("", Path::new("/")), None);
    }

    #[test]
    fn locks_that_other_machines_do_not_see_are_found() {
        let local =
            |folder: &str| of(MOUNTS, Path::new(folder)).is_some_and(|mount| mount.keeps_locks_to_itself());
        assert!(local("/my work/logs"));
        assert!(!local("/home/me") && !local("/scratch/logs") && !local("/var"));
    }
}
