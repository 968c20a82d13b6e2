//! Services with a made-up internet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lossnet_plugin_api::prelude::*;

/// Files of an archive.
type Entries = Vec<(&'static str, Vec<u8>)>;

/// Serves what a test put there, and records what is asked for.
#[derive(Default)]
pub(crate) struct Internet {
    files: BTreeMap<String, Vec<u8>>,
    archives: BTreeMap<String, Entries>,
    pub(crate) fetched: Mutex<Vec<FetchRequest>>,
    pub(crate) notices: Mutex<Vec<String>>,
}

impl Internet {
    /// With a file at this address.
    pub(crate) fn with(mut self, url: &str, bytes: impl Into<Vec<u8>>) -> Internet {
        self.files.insert(url.to_owned(), bytes.into());
        self
    }

    /// With an archive at this address that unpacks to these files.
    pub(crate) fn with_archive(mut self, url: &str, entries: Entries) -> Internet {
        self.archives.insert(url.rsplit('/').next().unwrap().to_owned(), entries);
        self.with(url, "an archive")
    }

    /// The addresses of all that was fetched.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.fetched.lock().unwrap().iter().map(|request| request.url.clone()).collect()
    }
}

impl Services for Internet {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.fetched.lock().unwrap().push(request.clone());
        if request.to.is_file() {
            return Ok(());
        }
        let Some(bytes) = self.files.get(&request.url) else {
            let path = request.to.display();
            return Err(PluginError::input(format!("no {path}: {}, `{}`", request.url, request.command)));
        };
        write(&request.to, bytes);
        Ok(())
    }

    fn unpack(&self, archive: &Path, into: &Path) -> Result<(), PluginError> {
        let name = archive.file_name().unwrap().to_str().unwrap();
        for (path, bytes) in &self.archives[name] {
            write(&into.join(path), bytes);
        }
        Ok(())
    }

    fn notice(&self, message: &str) {
        self.notices.lock().unwrap().push(message.to_owned());
    }

    fn progress(&self, _: &Progress) {}

    fn cancelled(&self) -> bool {
        false
    }
}

pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A folder for a dataset's files.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    dataset: &'static str,
}

impl Place {
    pub(crate) fn new(dataset: &'static str) -> Place {
        Place { folder: tempfile::tempdir().unwrap(), dataset }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        write(&self.path(name), bytes);
    }

    pub(crate) fn open_with(
        &self,
        internet: &Arc<Internet>,
        settings: &str,
        split: &str,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let datasets = lossnet_plugin_datasets::datasets();
        let dataset = datasets.iter().find(|held| held.name() == self.dataset).unwrap();
        assert!(dataset.manifest().is_ok());
        let folder = self.folder.path().to_owned();
        let request = OpenSplit { split: split.to_owned(), folder, offline: false, seed: 0 };
        dataset.open_json(settings, &request, Arc::<Internet>::clone(internet))
    }

    /// Opens what must be there without any internet.
    pub(crate) fn open(&self, split: &str) -> Box<dyn Samples> {
        let internet = Arc::new(Internet::default());
        let samples = self.open_with(&internet, "{}", split).unwrap();
        assert!(internet.urls().is_empty(), "{:?} was fetched", internet.urls());
        samples
    }

    /// The error of opening or reading, without any internet, which must have all these parts.
    pub(crate) fn refused(&self, split: &str, parts: &[&str]) {
        let opened = self.open_with(&Arc::new(Internet::default()), "{}", split);
        let error = match opened {
            Err(error) => error,
            Ok(samples) => {
                let errors = (0..samples.len()).find_map(|index| samples.sample(index).err());
                errors.unwrap_or_else(|| panic!("{split} was read, not refused with {parts:?}"))
            }
        };
        for part in parts {
            assert!(error.to_string().contains(part), "no `{part}` in {error}");
        }
    }
}

pub(crate) fn all(samples: &dyn Samples) -> Vec<Sample> {
    (0..samples.len()).map(|index| samples.sample(index).unwrap()).collect()
}

pub(crate) fn image<'a>(sample: &'a Sample, field: &str) -> &'a ImageData {
    match sample.field(field) {
        Some(Field::Image(image)) => image,
        other => panic!("{field} of {} is {other:?}", sample.id),
    }
}

pub(crate) fn png(width: usize, height: usize, channels: usize, value: u8) -> Vec<u8> {
    let data = vec![value; width * height * channels];
    let image = ImageData { width, height, channels, data };
    lossnet_plugin_kit::image::encode_png(&image.try_into().unwrap()).unwrap()
}
