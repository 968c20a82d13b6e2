//! Files by base name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Decoded, read, read_as_is, read_grey};

/// Endings of image files.
pub(crate) const IMAGES: &[&str] = &["png", "jpg", "jpeg", "bmp", "tif", "tiff", "ppm", "pgm", "pnm"];

/// The files of a folder with one of these endings, by base name. Others and hidden ones are left out.
pub(crate) fn by_name(folder: &Path, endings: &[&str]) -> Result<BTreeMap<String, PathBuf>, PluginError> {
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (path, kind) in entries(folder)? {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if kind != Kind::File || name.starts_with('.') || !endings.contains(&ending.as_str()) {
            continue;
        }
        if let Some(other) = files.insert(name.to_owned(), path.clone()) {
            return Err(PluginError::input(format!(
                "{} and {} have the same base name, so it is not clear which one is meant: remove one of them",
                other.display(),
                path.display()
            )));
        }
    }
    Ok(files)
}

/// The names of the folders in a folder, sorted, without hidden ones.
pub(crate) fn folders(folder: &Path) -> Result<Vec<String>, PluginError> {
    let mut names: Vec<String> = entries(folder)?
        .into_iter()
        .filter(|(_, kind)| *kind == Kind::Folder)
        .filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    Ok(names)
}

#[derive(PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Other,
}

/// What a folder holds. Links count as what they lead to; only for them the system is asked once more.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, Kind)>, PluginError> {
    let unreadable = |error: std::io::Error| {
        PluginError::input(format!("the folder {} can't be read: {error}", folder.display()))
    };
    let kind = |path: &Path, kind: std::fs::FileType| {
        let of_link = kind.is_symlink().then(|| std::fs::metadata(path)).and_then(Result::ok);
        let kind = of_link.map_or(kind, |metadata| metadata.file_type());
        if kind.is_file() {
            Kind::File
        } else if kind.is_dir() {
            Kind::Folder
        } else {
            Kind::Other
        }
    };
    // Not fs_err, which would name the folder a second time.
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let entry = |entry: std::fs::DirEntry| {
        let path = entry.path();
        entry.file_type().map(|file_type| (path.clone(), kind(&path, file_type)))
    };
    entries.map(|found| found.and_then(entry).map_err(unreadable)).collect()
}

/// Files of several folders that belong together by base name.
#[derive(Debug)]
pub(crate) struct Matched {
    /// Names of the fields, in order.
    pub(crate) fields: Vec<String>,
    /// The base name, and a file for each field.
    pub(crate) rows: Vec<(String, Vec<PathBuf>)>,
}

impl Matched {
    /// Matches the files of these folders. Fails if a file has no partner in one of the others, naming it.
    pub(crate) fn new(folders: &[(String, PathBuf, &[&str])]) -> Result<Matched, PluginError> {
        let mut files = Vec::new();
        for (_, folder, endings) in folders {
            files.push(by_name(folder, endings)?);
        }
        let names: BTreeSet<&String> = files.iter().flat_map(BTreeMap::keys).collect();
        let mut rows = Vec::with_capacity(names.len());
        for name in names {
            let row = files.iter().zip(folders).map(|(files, (_, folder, _))| {
                files.get(name).cloned().ok_or_else(|| {
                    let partner = files_with(name, folders);
                    PluginError::input(format!(
                        "{partner} has no partner named `{name}` in {}",
                        folder.display()
                    ))
                })
            });
            rows.push((name.clone(), row.collect::<Result<_, _>>()?));
        }
        Ok(Matched { fields: folders.iter().map(|(field, _, _)| field.clone()).collect(), rows })
    }
}

/// A file of this name in one of the folders, for a message.
fn files_with(name: &str, folders: &[(String, PathBuf, &[&str])]) -> String {
    let found = folders.iter().find_map(|(_, folder, endings)| by_name(folder, endings).ok()?.remove(name));
    found.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

/// Reads image files as fields, and tells the user of the first file of each kind that had to be converted.
pub(crate) struct ImageReader {
    services: Arc<dyn Services>,
    told: Mutex<BTreeSet<&'static str>>,
}

impl ImageReader {
    pub(crate) fn new(services: Arc<dyn Services>) -> ImageReader {
        ImageReader { services, told: Mutex::default() }
    }

    /// With three channels.
    pub(crate) fn read(&self, path: &Path) -> Result<Field, PluginError> {
        Ok(self.told_of(path, read(path)?))
    }

    /// With one channel where the file is grey, else with three.
    pub(crate) fn read_as_is(&self, path: &Path) -> Result<Field, PluginError> {
        Ok(self.told_of(path, read_as_is(path)?))
    }

    fn told_of(&self, path: &Path, decoded: Decoded) -> Field {
        if let Some(note) = decoded.note()
            && self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(note)
        {
            let message = format!("{}: {note} (said once, also where others are like it)", path.display());
            self.services.notice(&message);
        }
        Field::Image(decoded.image.into())
    }
}

/// With one channel: the luma of a file that is not grey.
pub(crate) fn read_mask(path: &Path) -> Result<Field, PluginError> {
    Ok(Field::Image(read_grey(path)?.into()))
}
