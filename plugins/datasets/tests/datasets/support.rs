//! What all of these tests need.

use std::path::Path;
use std::sync::{Arc, Mutex};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Image, write_png};

/// Records what is asked for, and unpacks what a test prepared.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) fetched: Mutex<Vec<String>>,
    pub(crate) notices: Mutex<Vec<String>>,
}

impl Services for Fake {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.fetched.lock().unwrap().push(request.url.clone());
        Err(PluginError::input(format!("no network: {} ({})", request.to.display(), request.command)))
    }

    fn unpack(&self, _: &Path, _: &Path) -> Result<(), PluginError> {
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

pub(crate) fn open_with(
    name: &str,
    settings: &str,
    folder: &Path,
    split: &str,
) -> Result<Box<dyn Samples>, PluginError> {
    open_for(&Arc::new(Fake::default()), name, settings, folder, split)
}

pub(crate) fn open_for(
    services: &Arc<Fake>,
    name: &str,
    settings: &str,
    folder: &Path,
    split: &str,
) -> Result<Box<dyn Samples>, PluginError> {
    let datasets = lossnet_plugin_datasets::datasets();
    let dataset = datasets.iter().find(|held| held.name() == name).unwrap();
    let request = OpenSplit { split: split.to_owned(), folder: folder.to_owned(), offline: true, seed: 0 };
    dataset.open_json(settings, &request, Arc::<Fake>::clone(services))
}

pub(crate) fn refused(name: &str, folder: &Path, split: &str) -> String {
    let opened = open_with(name, "{}", folder, split);
    match opened {
        Err(error) => error.to_string(),
        Ok(samples) => (0..samples.len())
            .find_map(|index| samples.sample(index).err())
            .unwrap_or_else(|| panic!("{name} {split} was read"))
            .to_string(),
    }
}

pub(crate) fn picture(path: &Path, value: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_png(path, &Image::rgb(8, 8, vec![value; 8 * 8 * 3]).unwrap()).unwrap();
}

/// A NumPy file, version 1.0, with one float32.
pub(crate) fn npy(path: &Path, value: f32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".to_owned();
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(value.to_le_bytes());
    std::fs::write(path, bytes).unwrap();
}
