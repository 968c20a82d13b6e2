//! Puts the first-party plugins where the binary looks for them: the folder `plugins` beside it.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use fs_err as fs;

use crate::cargo::{Metadata, Profile};
use crate::error::Error;
use crate::workspace::Workspace;

/// Fills the folder with the plugins that cargo has built, and removes those that are no longer part of the
/// workspace. Returns their file names.
pub(crate) fn gather(
    workspace: &Workspace,
    metadata: &Metadata,
    profile: Profile,
) -> Result<Vec<String>, Error> {
    let names = metadata.shared_libraries(&workspace.root().join("plugins"));
    let outputs = metadata.outputs(profile);
    mirror(&names, &outputs, &outputs.join("plugins"))?;
    Ok(names)
}

/// Makes `folder` hold these files of `outputs` and no other library.
fn mirror(names: &[String], outputs: &Path, folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    for name in names {
        let built = outputs.join(name);
        if !built.is_file() {
            return Err(Error::Missing { path: built, hint: "cargo did not build this plugin".to_owned() });
        }
        put(&built, &folder.join(name))?;
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let library = path.extension().is_some_and(|extension| extension == "so" || extension == "part");
        let name = path.file_name().unwrap_or_default();
        if library && !names.iter().any(|kept| name == kept.as_str()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Links a file to another name, atomically: a running program keeps the old file.
fn put(built: &Path, place: &Path) -> Result<(), Error> {
    let same = |a: &Path, b: &Path| -> io::Result<bool> {
        let (a, b) = (fs::metadata(a)?, fs::metadata(b)?);
        Ok(a.dev() == b.dev() && a.ino() == b.ino())
    };
    // Two names of one file are left alone: renaming one to the other would do nothing.
    if place.exists() && same(built, place)? {
        return Ok(());
    }
    let draft = place.with_extension("part");
    if draft.exists() {
        fs::remove_file(&draft)?;
    }
    if fs::hard_link(built, &draft).is_err() {
        // File systems without hard links.
        fs::copy(built, &draft)?;
    }
    fs::rename(draft, place)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_folder_follows_what_is_built() {
        let outputs = tempfile::tempdir().unwrap();
        let folder = outputs.path().join("plugins");
        for (name, text) in [("liba.so", "a1"), ("libb.so", "b1")] {
            fs::write(outputs.path().join(name), text).unwrap();
        }
        let both = ["liba.so".to_owned(), "libb.so".to_owned()];
        mirror(&both, outputs.path(), &folder).unwrap();
        mirror(&both, outputs.path(), &folder).unwrap();
        assert_eq!(names(&folder), both);

        // Cargo replaces a library by a new file; the plugin's folder keeps the old one until it is gathered.
        fs::remove_file(outputs.path().join("liba.so")).unwrap();
        fs::write(outputs.path().join("liba.so"), "a2").unwrap();
        assert_eq!(fs::read_to_string(folder.join("liba.so")).unwrap(), "a1");
        fs::write(folder.join("notes.txt"), "the user's").unwrap();
        mirror(&both[..1], outputs.path(), &folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("liba.so")).unwrap(), "a2");
        assert_eq!(names(&folder), ["liba.so", "notes.txt"]);
    }

    #[test]
    fn a_plugin_that_was_not_built_is_named() {
        let outputs = tempfile::tempdir().unwrap();
        let missing = ["libgone.so".to_owned()];
        let error = mirror(&missing, outputs.path(), &outputs.path().join("plugins")).unwrap_err();
        assert!(error.to_string().contains("libgone.so"), "{error}");
    }
}
