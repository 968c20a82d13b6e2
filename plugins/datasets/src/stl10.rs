//! STL-10: labelled and unlabelled photographs of 96×96 pixels.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::columns;
use crate::source::{Archive, Source, Verified, no_split};

/// Coates, Ng, Lee, AISTATS 2011. Files `stl10_binary/{train,test,unlabeled}_X.bin` and `{train,test}_y.bin`.
///
/// Nothing is unpacked further: each image is read by its position. `train+unlabeled` is the one after the other; there, as
/// in `unlabeled`, samples whose label nobody knows have no field `label`.
pub(crate) struct Stl10;

const ARCHIVE: Archive = Archive {
    url: "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
    md5: Some("91f7769df0f17e558f3565bffb0c7dfb"),
    into: ".",
};

const FOLDER: &str = "stl10_binary";
const SIDE: usize = 96;

/// Splits, and the parts that they are made of.
const SPLITS: [(&str, &[&str]); 4] = [
    ("train", &["train"]),
    ("test", &["test"]),
    ("unlabeled", &["unlabeled"]),
    ("train+unlabeled", &["train", "unlabeled"]),
];

impl Dataset for Stl10 {
    type Config = Verified;

    fn info(&self) -> Info {
        Info::new("stl10", "photographs of 96×96 pixels in ten classes, and many more without a class").with_reference(
            "Coates et al., \"An Analysis of Single-Layer Networks in Unsupervised Feature Learning\", AISTATS 2011",
        )
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        SPLITS.map(|(split, _)| split.to_owned()).to_vec()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        [("train", 5_000), ("test", 8_000), ("unlabeled", 100_000)]
            .map(|(split, size)| (split.to_owned(), Quantity::Number(size)))
            .to_vec()
    }

    fn image_side(&self) -> Option<Quantity> {
        Some(Quantity::Number(96))
    }

    fn fields(&self) -> Vec<String> {
        ["image", "label"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        settings: Verified,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let split = SPLITS.into_iter().find(|(split, _)| *split == request.split);
        let (_, parts) = split.ok_or_else(|| no_split("stl10", &request.split, &self.splits()))?;
        let images = |part: &str| Path::new(FOLDER).join(format!("{part}_X.bin"));
        let labels =
            |part: &str| (part != "unlabeled").then(|| Path::new(FOLDER).join(format!("{part}_y.bin")));
        let needed: Vec<PathBuf> =
            parts.iter().flat_map(|part| std::iter::once(images(part)).chain(labels(part))).collect();
        let source = Source { dataset: "stl10", folder: &request.folder, services: &*services };
        let md5 = ARCHIVE.md5.filter(|_| settings.verify);
        source.archive(Archive { md5, ..ARCHIVE }, &needed)?;
        let path = |file: PathBuf| request.folder.join(file);
        let parts = parts.iter().map(|part| Part::open(part, path(images(part)), labels(part).map(path)));
        Ok(Box::new(Photographs { parts: parts.collect::<Result<_, _>>()? }))
    }
}

/// The images of one file.
struct Part {
    name: &'static str,
    path: PathBuf,
    file: File,
    count: usize,
    labels: Option<Vec<u8>>,
}

impl Part {
    fn open(name: &'static str, path: PathBuf, labels: Option<PathBuf>) -> Result<Part, PluginError> {
        let (file, length) = open(&path)?;
        let size = columns::bytes(SIDE) as u64;
        if length == 0 || length % size != 0 {
            return Err(PluginError::input(format!(
                "{} has {length} bytes, which is not a multiple of {SIDE}×{SIDE}×3 = {size} bytes, the size of an image: it is cut off \
                 or another file",
                path.display()
            )));
        }
        let count = (length / size) as usize;
        let labels = labels.map(|labels| read_labels(&labels, &path, count)).transpose()?;
        Ok(Part { name, path, file, count, labels })
    }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> PluginError + '_ {
    move |error| PluginError::input(format!("{} can't be read: {error}", path.display()))
}

fn open(path: &Path) -> Result<(File, u64), PluginError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let metadata = file.metadata().map_err(unreadable(path))?;
    if !metadata.is_file() {
        return Err(PluginError::input(format!("{} can't be read: it is not a file", path.display())));
    }
    Ok((file, metadata.len()))
}

/// Classes from 1 to 10, as many as there are images.
fn read_labels(path: &Path, images: &Path, count: usize) -> Result<Vec<u8>, PluginError> {
    let (file, length) = open(path)?;
    if length != count as u64 {
        return Err(PluginError::input(format!(
            "{} has {length} labels and {} has {count} images: one of them is cut off or another file",
            path.display(),
            images.display()
        )));
    }
    let mut labels = vec![0; count];
    file.read_exact_at(&mut labels, 0).map_err(unreadable(path))?;
    match labels.iter().position(|label| !(1..=10).contains(label)) {
        None => Ok(labels),
        Some(at) => Err(PluginError::input(format!(
            "{} holds {} as label number {at}, and labels are 1 to 10",
            path.display(),
            labels[at]
        ))),
    }
}

struct Photographs {
    parts: Vec<Part>,
}

impl Samples for Photographs {
    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.count).sum()
    }

    fn sample(&self, mut index: usize) -> Result<Sample, PluginError> {
        let mut parts = self.parts.iter();
        let part = loop {
            let part =
                parts.next().ok_or_else(|| PluginError::run("a sample beyond the last was asked for"))?;
            if index < part.count {
                break part;
            }
            index -= part.count;
        };
        let mut bytes = vec![0; columns::bytes(SIDE)];
        let at = (index * bytes.len()) as u64;
        part.file.read_exact_at(&mut bytes, at).map_err(unreadable(&part.path))?;
        let mut fields = vec![("image".to_owned(), columns::image(SIDE, &bytes))];
        if let Some(labels) = &part.labels {
            fields.push(("label".to_owned(), Field::Number(f64::from(labels[index]) - 1.0)));
        }
        let group = if self.parts.len() > 1 { part.name } else { "" };
        Ok(Sample { id: format!("{}/{index:06}", part.name), group: group.to_owned(), fields })
    }
}
