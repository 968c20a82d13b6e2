//! Folders whose files belong together by base name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use lossnet_plugin_api::protocol::images;

use crate::files::{self, ImageReader, Matched, check_images, read_mask};
use crate::fractions::Fractions;
use crate::image_folder::no_split;
use crate::npy;

/// The user's folder (`data.folder`) of folders: each of them is a field, its files are matched by base name. The split
/// `all` has the fields right below the folder; any other split has them below a folder of its name.
pub(crate) struct PairedFolder;

/// How the files are read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PairedFolderSettings {
    /// Fields whose images have one channel, such as masks. All other images have three.
    grey: Vec<String>,
    /// Folders by the names of the fields that they are to be, such as `{ ref = "originals", p0 = "a", p1 = "b" }`; without,
    /// all folders under their own names.
    fields: BTreeMap<String, String>,
    /// Whether images are turned as their EXIF data say. Pillow, and so by default lossnet, does not.
    exif_orientation: bool,
    /// Whether all files are read to tell whether they have changed since cells were computed. Without, above 256 MB in all their
    /// names and sizes count.
    #[schemars(extend("x-incidental" = true))]
    verify: bool,
    /// Splits made of the folders right in the folder: the fraction of each, such as `{ train = 0.8, test = 0.2 }`.
    split: Fractions,
    /// Which sample falls into which of them.
    split_seed: u64,
}

impl Dataset for PairedFolder {
    type Config = PairedFolderSettings;

    fn info(&self) -> Info {
        Info::new(
            "paired-folder",
            "folders of yours (below data.folder) whose images and .npy files share base names; each is a field",
        )
    }

    fn splits(&self) -> Vec<String> {
        // `all` and the names of sub-folders, which are not known before the folder is.
        Vec::new()
    }

    fn open(
        &self,
        settings: PairedFolderSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let fraction = settings.split.has(&request.split)?;
        let whole = fraction || request.split == "all";
        let folder = if whole { request.folder.clone() } else { request.folder.join(&request.split) };
        if !whole && !folder.is_dir() {
            return Err(no_split(request, &settings.split));
        }
        let fields = fields(&folder, &settings.fields)?;
        if let Some(unknown) =
            settings.grey.iter().find(|name| !fields.iter().any(|(field, _)| field == *name))
        {
            let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
            return Err(PluginError::input(format!(
                "{} has no field `{unknown}`, which `grey` names: it has {}",
                folder.display(),
                names.join(", ")
            )));
        }
        let endings: Vec<&str> = images::ENDINGS.iter().copied().chain(["npy"]).collect();
        let folders: Vec<(String, PathBuf, &[&str])> =
            fields.into_iter().map(|(field, name)| (field, folder.join(name), endings.as_slice())).collect();
        let mut matched = Matched::new(&folders)?;
        if matched.rows.is_empty() {
            let mut message = format!("there are no images in the folders of {}", folder.display());
            if let Some((_, left_out)) = matched.left_out.iter().find(|(_, left_out)| !left_out.is_empty()) {
                message = format!("{message}: {left_out}");
            }
            return Err(PluginError::input(message));
        }
        for (folder, left_out) in &matched.left_out {
            files::tell_left_out(&*services, folder, left_out);
        }
        let paths = matched.rows.iter().flat_map(|(_, paths)| paths);
        check_images(paths.map(PathBuf::as_path).filter(|path| images::is_named_as_image(path)), &*services)?;
        if fraction {
            let rows = std::mem::take(&mut matched.rows);
            matched.rows =
                settings.split.part(rows, |(name, _)| name, &request.split, settings.split_seed)?;
        }
        let reader = ImageReader::new(services, &request.folder).upright(settings.exif_orientation);
        Ok(Box::new(Pairs { matched, grey: settings.grey, reader }))
    }
}

/// The fields and their folders, in order. Fails where a folder that is named is not there, and for fewer than two.
fn fields(folder: &Path, named: &BTreeMap<String, String>) -> Result<Vec<(String, String)>, PluginError> {
    let there = files::folders(folder)?;
    let has = || if there.is_empty() { "none".to_owned() } else { there.join(", ") };
    if named.is_empty() {
        if there.len() < 2 {
            return Err(PluginError::input(format!(
                "{} holds {} folders, and two or more are expected, one for each field",
                folder.display(),
                there.len()
            )));
        }
        return Ok(there.iter().map(|name| (name.clone(), name.clone())).collect());
    }
    if let Some((field, name)) = named.iter().find(|(_, name)| !folder.join(name).is_dir()) {
        return Err(PluginError::input(format!(
            "{} has no folder `{name}`, which `data.fields.{field}` names: it has {}",
            folder.display(),
            has()
        )));
    }
    Ok(named.iter().map(|(field, name)| (field.clone(), name.clone())).collect())
}

struct Pairs {
    matched: Matched,
    grey: Vec<String>,
    reader: ImageReader,
}

impl Samples for Pairs {
    fn len(&self) -> usize {
        self.matched.rows.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let (name, paths) = &self.matched.rows[index];
        let fields = self.matched.fields.iter().zip(paths);
        let fields = fields.map(|(field, path)| Ok((field.clone(), self.field(field, path)?)));
        Ok(Sample {
            id: name.clone(),
            group: String::new(),
            fields: fields.collect::<Result<_, PluginError>>()?,
        })
    }
}

impl Pairs {
    /// An image, a number, or an array.
    fn field(&self, name: &String, path: &Path) -> Result<Field, PluginError> {
        if images::is_named_as_image(path) {
            return if self.grey.contains(name) { read_mask(path) } else { self.reader.read(path) };
        }
        npy::field(path)
    }
}
