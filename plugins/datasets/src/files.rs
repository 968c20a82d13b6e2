//! Files by base name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::images::{self, LeftOut};
use lossnet_plugin_kit::image::{Decoded, check, read, read_as_is, read_grey};

use crate::told::tell_once;

/// Endings of image files.
pub(crate) use lossnet_plugin_api::protocol::images::ENDINGS as IMAGES;

/// Files of a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Those with one of the wanted endings, by base name.
    pub(crate) files: BTreeMap<String, PathBuf>,
    /// All others but hidden ones.
    pub(crate) left_out: LeftOut,
}

impl Listing {
    /// Lists the files of a folder that have one of these endings. Fails if two of them have one base name.
    pub(crate) fn of(folder: &Path, endings: &[&str]) -> Result<Listing, PluginError> {
        let mut listing = Listing::default();
        for (path, kind) in entries(folder)? {
            if kind != Kind::File || images::is_hidden(&path) {
                continue;
            }
            if !endings.contains(&images::ending(&path).as_str()) {
                listing.left_out.add(&path);
                continue;
            }
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
                listing.left_out.add_without_text();
                continue;
            };
            if let Some(other) = listing.files.insert(name.to_owned(), path.clone()) {
                return Err(PluginError::input(format!(
                    "{} and {} have the same base name, so it is not clear which one is meant: remove one of them",
                    other.display(),
                    path.display()
                )));
            }
        }
        Ok(listing)
    }
}

/// Tells what of a folder is left out, if anything.
pub(crate) fn tell_left_out(services: &dyn Services, folder: &Path, left_out: &LeftOut) {
    if !left_out.is_empty() {
        let message = format!("{}: {left_out}", folder.display());
        tell_once(services, folder, &message, &message);
    }
}

/// The files of a folder with one of these endings, by base name. Others and hidden ones are left out.
pub(crate) fn by_name(folder: &Path, endings: &[&str]) -> Result<BTreeMap<String, PathBuf>, PluginError> {
    Ok(Listing::of(folder, endings)?.files)
}

/// Fails at the first of these files that is not an image, as far as its ends tell (see [`check`]).
pub(crate) fn check_images<'a>(
    paths: impl IntoIterator<Item = &'a Path>,
    services: &dyn Services,
) -> Result<(), PluginError> {
    for (done, path) in paths.into_iter().enumerate() {
        if done % 1000 == 999 && services.cancelled() {
            return Err(PluginError::interrupted());
        }
        check(path)?;
    }
    Ok(())
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
    /// What of each folder is left out.
    pub(crate) left_out: Vec<(PathBuf, LeftOut)>,
}

impl Matched {
    /// Matches the files of these folders. Fails if a file has no partner in one of the others, naming it.
    pub(crate) fn new(folders: &[(String, PathBuf, &[&str])]) -> Result<Matched, PluginError> {
        let (mut files, mut left_out) = (Vec::new(), Vec::new());
        for (_, folder, endings) in folders {
            let listing = Listing::of(folder, endings)?;
            files.push(listing.files);
            left_out.push((folder.clone(), listing.left_out));
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
        let fields = folders.iter().map(|(field, _, _)| field.clone()).collect();
        Ok(Matched { fields, rows, left_out })
    }
}

/// A file of this name in one of the folders, for a message.
fn files_with(name: &str, folders: &[(String, PathBuf, &[&str])]) -> String {
    let found = folders.iter().find_map(|(_, folder, endings)| by_name(folder, endings).ok()?.remove(name));
    found.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

/// Reads image files as fields, and tells the user once of each kind of conversion in a dataset's folder.
pub(crate) struct ImageReader {
    services: Arc<dyn Services>,
    folder: PathBuf,
    upright: bool,
}

impl ImageReader {
    /// For files of the dataset in this folder.
    pub(crate) fn new(services: Arc<dyn Services>, folder: &Path) -> ImageReader {
        ImageReader { services, folder: folder.to_owned(), upright: false }
    }

    /// The same, that turns images as their EXIF data say.
    pub(crate) fn upright(self, upright: bool) -> ImageReader {
        ImageReader { upright, ..self }
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
        let decoded = if self.upright { decoded.upright() } else { decoded };
        for note in decoded.notes() {
            let message = format!("{}: {note} (further occurrences are not reported)", path.display());
            tell_once(&*self.services, &self.folder, note, &message);
        }
        Field::Image(decoded.image.into())
    }
}

/// With one channel: the luma of a file that is not grey.
pub(crate) fn read_mask(path: &Path) -> Result<Field, PluginError> {
    Ok(Field::Image(read_grey(path)?.into()))
}
