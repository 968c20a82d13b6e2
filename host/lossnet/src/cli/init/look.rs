//! What a folder holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::images::{self, LeftOut};

use crate::failure::Failure;

/// Images whose sizes are looked at, at most.
const MEASURED: usize = 500;

/// A folder, with what lies right in it.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Images and `.npy` files by base name.
    pub(super) images: BTreeMap<String, PathBuf>,
    pub(super) arrays: usize,
    pub(super) tables: Vec<PathBuf>,
    pub(super) left_out: LeftOut,
    /// Folders in it, by name.
    pub(super) folders: BTreeMap<String, PathBuf>,
}

impl Folder {
    /// Looks at a folder. Fails where it can't be read.
    pub(super) fn look(path: &Path) -> Result<Folder, Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::usage(format!("the folder {} can't be read: {error}", path.display()))
        };
        let mut folder = Folder {
            path: path.to_owned(),
            images: BTreeMap::new(),
            arrays: 0,
            tables: Vec::new(),
            left_out: LeftOut::default(),
            folders: BTreeMap::new(),
        };
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.path();
            let name = |text: Option<&std::ffi::OsStr>| text.map(|text| text.to_string_lossy().into_owned());
            if images::is_hidden(&entry) {
                continue;
            }
            if entry.is_dir() {
                folder.folders.insert(name(entry.file_name()).unwrap_or_default(), entry);
            } else if images::is_named_as_image(&entry) {
                folder.images.insert(name(entry.file_stem()).unwrap_or_default(), entry);
            } else {
                match images::ending(&entry).as_str() {
                    "npy" => folder.arrays += 1,
                    "csv" | "tsv" => folder.tables.push(entry),
                    _ => folder.left_out.add(&entry),
                }
            }
        }
        folder.tables.sort();
        Ok(folder)
    }

    /// The folders in it, each looked at.
    pub(super) fn inside(&self) -> Result<BTreeMap<String, Folder>, Failure> {
        self.folders.iter().map(|(name, path)| Ok((name.clone(), Folder::look(path)?))).collect()
    }

    /// What there is, in words: number, kinds and sizes.
    pub(super) fn found(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for path in self.images.values() {
            *kinds.entry(images::ending(path)).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} .{kind}")).collect();
        if !self.images.is_empty() {
            let pixels = |(width, height): (u32, u32)| format!("{width}×{height}");
            let of = match sizes(self.images.values()) {
                None => String::new(),
                Some(sizes) if sizes.smallest == sizes.largest => {
                    format!(", {} pixels", pixels(sizes.smallest))
                }
                Some(Sizes { smallest, largest, smallest_name, .. }) => {
                    format!(", {} ({smallest_name}) to {} pixels", pixels(smallest), pixels(largest))
                }
            };
            lines.push(format!(
                "{}: {} images ({}){of}",
                self.path.display(),
                self.images.len(),
                kinds.join(", ")
            ));
        }
        if self.arrays > 0 {
            lines.push(format!("{}: {} .npy files", self.path.display(), self.arrays));
        }
        if !self.left_out.is_empty() {
            lines.push(format!("{}: {}", self.path.display(), self.left_out));
        }
        lines
    }
}

/// Sizes of images.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    pub(super) smallest: (u32, u32),
    /// The name of the smallest one, which decides what fits all of them.
    pub(super) smallest_name: String,
    pub(super) largest: (u32, u32),
    /// The shortest side of any of them.
    pub(super) shortest: u32,
}

/// The sizes of these images, as far as they are found in the first bytes of their files.
pub(super) fn sizes<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Option<Sizes> {
    let found: Vec<(&PathBuf, (u32, u32))> = paths
        .into_iter()
        .take(MEASURED)
        .filter_map(|path| {
            let size = imagesize::size(path).ok()?;
            Some((path, (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?)))
        })
        .collect();
    let area = |(_, size): &&(&PathBuf, (u32, u32))| u64::from(size.0) * u64::from(size.1);
    let (path, smallest) = *found.iter().min_by_key(area)?;
    Some(Sizes {
        smallest,
        smallest_name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        largest: found.iter().max_by_key(area)?.1,
        shortest: found.iter().map(|(_, (width, height))| *width.min(height)).min()?,
    })
}
