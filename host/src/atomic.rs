//! Files that are there whole or not at all.

use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file in one step for whoever looks: into a draft beside it, to the disk, then renamed.
pub fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    // Drafts are private; the file takes the permissions of the one they replace.
    let mode = permissions(file)?;
    draft.as_file().set_permissions(mode)?;
    draft.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Those of the file that is replaced, else readable for all and writable for the owner.
fn permissions(file: &Path) -> io::Result<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs_err::metadata(file) {
        Ok(metadata) => Ok(metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(std::fs::Permissions::from_mode(0o644)),
        Err(error) => Err(error),
    }
}
