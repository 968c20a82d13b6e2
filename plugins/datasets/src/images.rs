//! Image files as samples.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{self, IMAGES, ImageReader};

/// What becomes of grey files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// All images have three channels; grey values are repeated.
    #[default]
    Rgb,
    /// Grey files give images of one channel.
    AsIs,
}

/// Image files, each a sample with the field `image`.
pub(crate) struct Images {
    /// Ids and files.
    files: Vec<(String, PathBuf)>,
    mode: Mode,
    reader: ImageReader,
}

impl Images {
    /// These files, under these ids.
    pub(crate) fn new(files: Vec<(String, PathBuf)>, mode: Mode, services: Arc<dyn Services>) -> Images {
        Images { files, mode, reader: ImageReader::new(services) }
    }

    /// All images of a folder, named by their base names. Fails if it can't be read or has none.
    pub(crate) fn of_folder(
        folder: &Path,
        mode: Mode,
        services: Arc<dyn Services>,
    ) -> Result<Images, PluginError> {
        let files: Vec<(String, PathBuf)> = files::by_name(folder, IMAGES)?.into_iter().collect();
        if files.is_empty() {
            return Err(PluginError::input(format!("there are no images in {}", folder.display())));
        }
        Ok(Images::new(files, mode, services))
    }
}

impl Samples for Images {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let (name, path) = &self.files[index];
        let image = match self.mode {
            Mode::Rgb => self.reader.read(path)?,
            Mode::AsIs => self.reader.read_as_is(path)?,
        };
        Ok(Sample { id: name.clone(), group: String::new(), fields: vec![("image".to_owned(), image)] })
    }
}
