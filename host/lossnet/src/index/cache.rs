//! Keeps what plugins say of themselves.
//!
//! One folder per plugin file, `<cache>/plugins-2/<hash of path>/`, with `manifest.json` and one graph per backbone.
//! An entry counts only for the very file it was made from (path, size, time, inode) and this version of lossnet.
//! A cache that can't be written only costs time.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::{PluginError, PluginManifest};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Raised with the form of the entries.
const BUCKET: &str = "plugins-2";

/// The kept manifests and graphs.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// What tells a file from what it was before.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    path: PathBuf,
    size: u64,
    modified: (i64, i64),
    inode: u64,
    lossnet: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    answer: Kept,
}

/// What is known of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Kept {
    /// What the plugin said.
    Plugin(Box<PluginManifest>),
    /// It ended the process that asked it.
    Ended(PluginError),
}

impl Stamp {
    fn of(plugin: &Path) -> Option<Stamp> {
        let metadata = fs_err::metadata(plugin).ok()?;
        Some(Stamp {
            path: plugin.to_owned(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
            lossnet: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

impl Cache {
    pub(super) fn new(folder: &Path) -> Cache {
        Cache { folder: folder.join(BUCKET) }
    }

    fn entry_folder(&self, plugin: &Path) -> PathBuf {
        let digest = Sha256::digest(plugin.as_os_str().as_encoded_bytes());
        self.folder.join(lossnet_core::hex::encode(&digest[..8]))
    }

    /// What is known of the plugin, if its file has not changed since.
    pub(super) fn answer(&self, plugin: &Path) -> Option<Kept> {
        let text = fs_err::read(self.entry_folder(plugin).join("manifest.json")).ok()?;
        let entry: Entry = serde_json::from_slice(&text).ok()?;
        (entry.stamp == Stamp::of(plugin)?).then_some(entry.answer)
    }

    /// A backbone's description, if the plugin's file has not changed since.
    pub(super) fn graph(&self, plugin: &Path, backbone: &str) -> Option<Graph> {
        self.answer(plugin)?;
        let text = fs_err::read(self.entry_folder(plugin).join(graph_file(backbone))).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps what a plugin said. The manifest is written last: it makes the entry count.
    pub(super) fn keep(&self, plugin: &Path, manifest: &PluginManifest, graphs: &BTreeMap<String, Graph>) {
        self.write(plugin, Kept::Plugin(Box::new(manifest.clone())), graphs);
    }

    /// Keeps that a file ended the process that asked it.
    pub(super) fn keep_away(&self, plugin: &Path, error: &PluginError) {
        self.write(plugin, Kept::Ended(error.clone()), &BTreeMap::new());
    }

    fn write(&self, plugin: &Path, answer: Kept, graphs: &BTreeMap<String, Graph>) {
        let Some(stamp) = Stamp::of(plugin) else { return };
        let written = write_all(&self.entry_folder(plugin), &Entry { stamp, answer }, graphs);
        if let Err(error) = written {
            tracing::debug!(%error, "the plugin cache can't be written");
        }
    }
}

/// Backbones' names may hold what file names may not.
fn graph_file(backbone: &str) -> String {
    format!("{}.graph.json", lossnet_core::hex::encode(&Sha256::digest(backbone)[..8]))
}

/// Several processes may write the same entry at once.
fn write_all(folder: &Path, entry: &Entry, graphs: &BTreeMap<String, Graph>) -> std::io::Result<()> {
    fs_err::create_dir_all(folder)?;
    lossnet_core::atomic::remove_drafts(folder);
    let manifest = folder.join("manifest.json");
    if manifest.exists() {
        fs_err::remove_file(&manifest)?;
    }
    for (name, graph) in graphs {
        lossnet_core::atomic::write_unsynced(&folder.join(graph_file(name)), &serde_json::to_vec(graph)?)?;
    }
    lossnet_core::atomic::write_unsynced(&manifest, &serde_json::to_vec(entry)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_entry_counts_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("libp.so");
        fs_err::write(&plugin, "one").unwrap();
        let cache = Cache::new(&folder.path().join("cache"));
        let manifest = PluginManifest {
            name: "p".to_owned(),
            version: "1.0.0".to_owned(),
            components: Vec::new(),
            refused: Vec::new(),
        };
        assert!(cache.answer(&plugin).is_none());
        cache.keep(&plugin, &manifest, &BTreeMap::from([("net/1".to_owned(), Graph::default())]));
        assert!(matches!(cache.answer(&plugin), Some(Kept::Plugin(manifest)) if manifest.name == "p"));
        assert!(cache.graph(&plugin, "net/1").is_some());
        assert!(cache.graph(&plugin, "net/2").is_none());
        fs_err::write(&plugin, "other").unwrap();
        assert!(cache.answer(&plugin).is_none() && cache.graph(&plugin, "net/1").is_none());

        cache.keep_away(&plugin, &PluginError::run("it aborts"));
        assert!(matches!(cache.answer(&plugin), Some(Kept::Ended(_))));
        fs_err::write(&plugin, "a third").unwrap();
        assert!(cache.answer(&plugin).is_none());
    }
}
