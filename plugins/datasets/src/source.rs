//! Published files: what is not there is fetched and unpacked, what is there is left as it is.

use std::path::{Path, PathBuf};

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A dataset's folder, and who fetches into it.
pub(crate) struct Source<'a> {
    /// The dataset's name, for the command that fetches it.
    pub(crate) dataset: &'a str,
    pub(crate) folder: &'a Path,
    pub(crate) services: &'a dyn Services,
}

/// An archive as it was published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Archive {
    /// Its address, whose last part is its name.
    pub(crate) url: &'static str,
    pub(crate) md5: Option<&'static str>,
    /// Where it is unpacked, below the dataset's folder.
    pub(crate) into: &'static str,
}

/// How published files are checked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Verified {
    /// Whether what is downloaded must be as published, by its MD5. Without, the first download's SHA-256 is recorded and
    /// later ones must match it.
    #[schemars(extend("x-incidental" = true))]
    pub(crate) verify: bool,
}

impl Default for Verified {
    fn default() -> Self {
        Verified { verify: true }
    }
}

impl Source<'_> {
    /// Brings one file, unless it is there. Fails as [`Services::fetch`] does.
    pub(crate) fn file(&self, url: &str, to: &Path, md5: Option<&str>) -> Result<(), PluginError> {
        if to.is_file() {
            return Ok(());
        }
        self.fetch(url, to, md5)
    }

    fn fetch(&self, url: &str, to: &Path, md5: Option<&str>) -> Result<(), PluginError> {
        self.services.fetch(&FetchRequest {
            url: url.to_owned(),
            to: to.to_owned(),
            md5: md5.map(str::to_owned),
            sha256: None,
            command: format!("lossnet fetch {}", self.dataset),
        })
    }

    /// Brings and unpacks an archive, unless all that is needed is there: files or folders below the dataset's folder.
    ///
    /// Fails if it can't be had or unpacked, or does not hold what is needed.
    pub(crate) fn archive(&self, archive: Archive, needed: &[PathBuf]) -> Result<(), PluginError> {
        let missing = || needed.iter().find(|path| !self.folder.join(path).exists());
        if missing().is_none() {
            return Ok(());
        }
        let name = archive.url.rsplit('/').next().unwrap_or(archive.url);
        let file = self.folder.join(name);
        // Also if it is there: it may have been put there by hand, and is checked.
        self.fetch(archive.url, &file, archive.md5)?;
        let draft = self.folder.join(format!(".{name}.unpacked"));
        let disk = |path: &Path, error: std::io::Error| {
            PluginError::input(format!("{} can't be put in place: {error}", path.display()))
        };
        if draft.exists() {
            std::fs::remove_dir_all(&draft).map_err(|error| disk(&draft, error))?;
        }
        self.services.unpack(&file, &draft)?;
        merge(&draft, &self.folder.join(archive.into)).map_err(|error| disk(&draft, error))?;
        match missing() {
            None => Ok(()),
            Some(path) => Err(PluginError::input(format!(
                "{} holds no {}: it is not the archive that was published",
                file.display(),
                path.display()
            ))),
        }
    }
}

/// Moves what is missing in `to` there from a folder on the same file system, and removes that folder. What is there stays.
fn merge(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (source, target) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if source.is_dir() && target.is_dir() {
            merge(&source, &target)?;
        } else if !target.exists() {
            std::fs::rename(&source, &target)?;
        }
    }
    std::fs::remove_dir_all(from)
}

/// The error for a split that a dataset has not.
pub(crate) fn no_split(dataset: &str, split: &str, known: &[String]) -> PluginError {
    PluginError::input(format!("`{dataset}` has no split `{split}`: it has {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("new/a/1", "published");
        write("new/a/2", "published");
        write("new/b/3", "published");
        write("old/a/1", "mine");
        merge(&folder.path().join("new"), &folder.path().join("old")).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!([read("old/a/1"), read("old/a/2"), read("old/b/3")], ["mine", "published", "published"]);
        assert!(!folder.path().join("new").exists());
    }
}
