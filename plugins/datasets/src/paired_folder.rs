//! Folders whose files belong together by base name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::files::{self, IMAGES, ImageReader, Matched};
use crate::npy;

/// The user's folder (`data.folder`) of folders: each of them is a field, its files are matched by base name. The split
/// `all` has the fields right below the folder; any other split has them below a folder of its name.
pub(crate) struct PairedFolder;

impl Dataset for PairedFolder {
    type Config = NoSettings;

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
        _: NoSettings,
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
        Ok(Box::new(Pairs { matched, reader: ImageReader::new(services) }))
    }
}

const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "bmp", "tif", "tiff", "ppm", "pgm", "pnm", "npy"];

struct Pairs {
    matched: Matched,
    reader: ImageReader,
}

impl Samples for Pairs {
    fn len(&self) -> usize {
        self.matched.rows.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let (name, paths) = &self.matched.rows[index];
        let fields =
            self.matched.fields.iter().zip(paths).map(|(field, path)| Ok((field.clone(), self.field(path)?)));
        Ok(Sample {
            id: name.clone(),
            group: String::new(),
            fields: fields.collect::<Result<_, PluginError>>()?,
        })
    }
}

impl Pairs {
    /// An image, a number, or an array.
    fn field(&self, path: &Path) -> Result<Field, PluginError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        if IMAGES.contains(&ending.as_str()) {
            return self.reader.read(path);
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
