//! A folder of images.

use std::path::PathBuf;
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::files::{self, IMAGES, ImageReader};

/// The user's folder (`data.folder`): the split `all` is every image in it, and every sub-folder is a split.
pub(crate) struct ImageFolder;

impl Dataset for ImageFolder {
    type Config = NoSettings;

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
        _: NoSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let folder =
            if request.split == "all" { request.folder.clone() } else { request.folder.join(&request.split) };
        let files: Vec<(String, PathBuf)> = files::by_name(&folder, IMAGES)?.into_iter().collect();
        if files.is_empty() {
            return Err(PluginError::input(format!("there are no images in {}", folder.display())));
        }
        Ok(Box::new(Images { files, reader: ImageReader::new(services) }))
    }
}

struct Images {
    files: Vec<(String, PathBuf)>,
    reader: ImageReader,
}

impl Samples for Images {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let (name, path) = &self.files[index];
        let fields = vec![("image".to_owned(), self.reader.read(path)?)];
        Ok(Sample { id: name.clone(), group: String::new(), fields })
    }
}
