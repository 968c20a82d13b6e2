//! A folder of images.

use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{ImageReader, check_images};
use crate::fractions::Fractions;
use crate::images::{Classes, Images, Mode, files_of, files_of_classes};

/// The user's folder (`data.folder`): the split `all` is every image in it, and every sub-folder is a split.
pub(crate) struct ImageFolder;

/// How the images are read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImageFolderSettings {
    /// What becomes of grey files: `rgb` repeats their values in three channels, `as-is` keeps one channel.
    mode: Mode,
    /// Whether the folders in the folder (or in the split's) are classes: samples then have a `label`, the class's place in the
    /// alphabet from 0.
    classes: bool,
    /// Whether images are turned as their EXIF data say. Pillow, and so by default lossnet, does not.
    exif_orientation: bool,
    /// Whether all files are read to tell whether they have changed since cells were computed. Without, above 256 MB in all their
    /// names and sizes count.
    #[schemars(extend("x-incidental" = true))]
    verify: bool,
    /// Splits made of the images right in the folder: the fraction of each, such as `{ train = 0.8, test = 0.2 }`.
    split: Fractions,
    /// Which image falls into which of them.
    split_seed: u64,
}

impl Dataset for ImageFolder {
    type Config = ImageFolderSettings;

    fn info(&self) -> Info {
        Info::new("image-folder", "the images of a folder of yours (data.folder); sub-folders are splits")
    }

    fn splits(&self) -> Vec<String> {
        // `all` and the names of sub-folders, which are not known before the folder is.
        Vec::new()
    }

    fn fields(&self) -> Vec<String> {
        // And `label`, where folders are classes.
        vec!["image".to_owned()]
    }

    fn open(
        &self,
        settings: ImageFolderSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let fraction = settings.split.has(&request.split)?;
        let whole = fraction || request.split == "all";
        let folder = if whole { request.folder.clone() } else { request.folder.join(&request.split) };
        if !whole && !folder.is_dir() {
            return Err(no_split(request, &settings.split));
        }
        let Classes { mut files, names: classes } = if settings.classes {
            files_of_classes(&folder, &*services)?
        } else {
            Classes { files: files_of(&folder, &*services)?, names: Vec::new() }
        };
        check_images(files.iter().map(|(_, path)| path.as_path()), &*services)?;
        if fraction {
            files = settings.split.part(files, |(name, _)| name, &request.split, settings.split_seed)?;
        }
        let reader = ImageReader::new(services, &request.folder).upright(settings.exif_orientation);
        Ok(Box::new(Images::new(files, settings.mode, reader).of_classes(classes)))
    }
}

/// The error for a split that is neither a sub-folder nor a fraction.
pub(crate) fn no_split(request: &OpenSplit, fractions: &Fractions) -> PluginError {
    let folder = request.folder.display();
    let split = &request.split;
    let mut error = PluginError::input(if fractions.names().is_empty() {
        format!("there is no split `{split}`: {folder} has no sub-folder of this name")
    } else {
        let names = fractions.names().join(", ");
        format!(
            "there is no split `{split}`: `data.split` has {names}, and {folder} no sub-folder of this name"
        )
    });
    if request.folder.is_dir() {
        error = error.with_help(
            "make a sub-folder for it, or splits of one folder by fractions: data.split = { train = 0.8, val = 0.1, \
             test = 0.1 }",
        );
    }
    error
}
