//! A folder of images.

use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::images::{Images, Mode};

/// The user's folder (`data.folder`): the split `all` is every image in it, and every sub-folder is a split.
pub(crate) struct ImageFolder;

/// How the images are read.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImageFolderSettings {
    /// What becomes of grey files: `rgb` repeats their values in three channels, `as-is` keeps one channel.
    mode: Mode,
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
        vec!["image".to_owned()]
    }

    fn open(
        &self,
        settings: ImageFolderSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let folder =
            if request.split == "all" { request.folder.clone() } else { request.folder.join(&request.split) };
        Ok(Box::new(Images::of_folder(&folder, settings.mode, services)?))
    }
}
