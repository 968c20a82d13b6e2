//! Folders whose files belong together by base name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{self, IMAGES, ImageReader, Matched, read_mask};
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
        let folder =
            if request.split == "all" { request.folder.clone() } else { request.folder.join(&request.split) };
        let fields = files::folders(&folder)?;
        if fields.len() < 2 {
            return Err(PluginError::input(format!(
                "{} holds {} folders, and two or more are expected, one for each field",
                folder.display(),
                fields.len()
            )));
        }
        if let Some(unknown) = settings.grey.iter().find(|name| !fields.contains(name)) {
            return Err(PluginError::input(format!(
                "{} has no folder `{unknown}`, which `grey` names: it has {}",
                folder.display(),
                fields.join(", ")
            )));
        }
        let endings: &'static [&'static str] = ENDINGS;
        let folders: Vec<(String, PathBuf, &[&str])> =
            fields.into_iter().map(|field| (field.clone(), folder.join(field), endings)).collect();
        let matched = Matched::new(&folders)?;
        if matched.rows.is_empty() {
            return Err(PluginError::input(format!(
                "there are no images in the folders of {}",
                folder.display()
            )));
        }
        Ok(Box::new(Pairs { matched, grey: settings.grey, reader: ImageReader::new(services) }))
    }
}

const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "bmp", "tif", "tiff", "ppm", "pgm", "pnm", "npy"];

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
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        if IMAGES.contains(&ending.as_str()) {
            return if self.grey.contains(name) { read_mask(path) } else { self.reader.read(path) };
        }
        let array = npy::read(path)?;
        Ok(match array.values[..] {
            [value] => Field::Number(value),
            _ => Field::Array {
                shape: array.shape,
                values: array.values.into_iter().map(|value| value as f32).collect(),
            },
        })
    }
}
