//! Image files as samples.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::images::LeftOut;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{self, IMAGES, ImageReader, Listing};

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
    /// The names of classes, in the order of their numbers; ids begin with them.
    classes: Vec<String>,
    mode: Mode,
    reader: ImageReader,
}

impl Images {
    /// These files, under these ids.
    pub(crate) fn new(files: Vec<(String, PathBuf)>, mode: Mode, reader: ImageReader) -> Images {
        Images { files, classes: Vec::new(), mode, reader }
    }

    /// The same, with a number for the class that each id begins with.
    pub(crate) fn of_classes(self, classes: Vec<String>) -> Images {
        Images { classes, ..self }
    }

    /// All images of a folder, named by their base names. Fails if it can't be read or has none.
    pub(crate) fn of_folder(
        folder: &Path,
        mode: Mode,
        services: Arc<dyn Services>,
    ) -> Result<Images, PluginError> {
        let files = files_of(folder, &*services)?;
        Ok(Images::new(files, mode, ImageReader::new(services, folder)))
    }
}

/// All images of a folder with their base names; what is left out is told. Fails if it can't be read or has none.
pub(crate) fn files_of(
    folder: &Path,
    services: &dyn Services,
) -> Result<Vec<(String, PathBuf)>, PluginError> {
    let Listing { files, left_out } = Listing::of(folder, IMAGES)?;
    if files.is_empty() {
        return Err(no_images(folder, &left_out));
    }
    files::tell_left_out(services, folder, &left_out);
    Ok(files.into_iter().collect())
}

/// Image files in folders, each a class.
pub(crate) struct Classes {
    /// The files, with ids such as `cat/1`.
    pub files: Vec<(String, PathBuf)>,
    /// The classes' names.
    pub names: Vec<String>,
}

/// The images of the folders in a folder, each a class. What is left out is told. Fails where there are fewer than two classes, or one has no images.
pub(crate) fn files_of_classes(folder: &Path, services: &dyn Services) -> Result<Classes, PluginError> {
    let classes = files::folders(folder)?;
    if classes.len() < 2 {
        return Err(PluginError::input(format!(
            "{} holds {} folders, and with `classes` it must hold one for each of two or more classes",
            folder.display(),
            classes.len()
        )));
    }
    let mut all = Vec::new();
    for class in &classes {
        let files = files_of(&folder.join(class), services)?;
        all.extend(files.into_iter().map(|(name, path)| (format!("{class}/{name}"), path)));
    }
    Ok(Classes { files: all, names: classes })
}

/// The error for a folder without images, which says what there is instead.
fn no_images(folder: &Path, left_out: &LeftOut) -> PluginError {
    let mut message = format!("there are no images in {}", folder.display());
    if !left_out.is_empty() {
        message = format!("{message}: {left_out}");
    }
    let error = PluginError::input(message);
    match files::folders(folder) {
        Ok(folders) if !folders.is_empty() => error.with_help(format!(
            "its sub-folders are splits: name those that are meant with data.splits and in [task] (there are {})",
            folders.join(", ")
        )),
        _ => error,
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
        let mut fields = vec![("image".to_owned(), image)];
        let class =
            name.rsplit_once('/').and_then(|(class, _)| self.classes.iter().position(|known| known == class));
        fields.extend(class.map(|class| ("label".to_owned(), Field::Number(class as f64))));
        Ok(Sample { id: name.clone(), group: String::new(), fields })
    }
}
