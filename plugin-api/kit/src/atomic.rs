//! Files that are there whole or not at all.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lossnet_plugin_api::protocol::DRAFT_PREFIX;

/// Writes a file in one step: readers see the old file or the whole new one, also after a crash. Its permissions are those that
/// the umask leaves. What a killed process leaves beside it goes when the next one begins to work in a cell's folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // Temporary files are for their owner alone; results are readable as the umask allows.
    builder.prefix(DRAFT_PREFIX).permissions(std::fs::Permissions::from_mode(0o666));
    let attempt = || {
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The new name, too, is to outlive a power cut.
        std::fs::File::open(folder)?.sync_all()
    };
    // Nobody knows the draft's name, which the error may hold.
    attempt().map_err(|error: io::Error| match error.raw_os_error() {
        Some(_) => error,
        None => error.kind().into(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn files_are_as_open_as_others_and_errors_name_no_draft() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, plain) = (folder.path().join("file"), folder.path().join("plain"));
        std::fs::write(&plain, "").expect("a file");
        write(&file, b"text").expect("written");
        let mode = |path: &Path| std::fs::metadata(path).expect("a file").mode();
        assert_eq!(mode(&file), mode(&plain));
        assert_eq!(std::fs::read(&file).expect("a file"), b"text");
        let error = write(&folder.path().join("none/file"), b"").expect_err("there is no folder");
        assert!(!error.to_string().contains(DRAFT_PREFIX), "{error}");
    }
}
