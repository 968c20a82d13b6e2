//! BAPPS, the Berkeley-Adobe Perceptual Patch Similarity data set.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::files::{ImageReader, Matched};
use crate::npy;

/// Zhang et al., CVPR 2018. Folders `2afc/{train,val}/<group>/{ref,p0,p1,judge}` and `jnd/val/<group>/{p0,p1,same}`.
pub(crate) struct Bapps;

const SOURCE: &str = "https://perceptual-similarity.s3.us-west-2.amazonaws.com/dataset";

const TRAIN: &[&str] = &["traditional", "cnn", "mix"];
const VAL: &[&str] = &["traditional", "cnn", "superres", "deblur", "color", "frameinterp"];
const JND: &[&str] = &["traditional", "cnn"];

/// One of the three parts, each an archive of its own.
#[derive(Clone, Copy, Debug)]
struct Part {
    name: &'static str,
    groups: &'static [&'static str],
    /// Where its groups lie.
    folder: &'static str,
    archive: &'static str,
    /// Where the archive is unpacked.
    unpack_into: &'static str,
    images: &'static [&'static str],
    opinion: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        name: "train",
        groups: TRAIN,
        folder: "2afc/train",
        archive: "twoafc_train.tar.gz",
        unpack_into: "2afc",
        images: &["ref", "p0", "p1"],
        opinion: "judge",
    },
    Part {
        name: "val",
        groups: VAL,
        folder: "2afc/val",
        archive: "twoafc_val.tar.gz",
        unpack_into: "2afc",
        images: &["ref", "p0", "p1"],
        opinion: "judge",
    },
    Part {
        name: "jnd",
        groups: JND,
        folder: "jnd/val",
        archive: "jnd.tar.gz",
        unpack_into: ".",
        images: &["p0", "p1"],
        opinion: "same",
    },
];

impl Dataset for Bapps {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("bapps", "human judgements of the similarity of distorted 64×64 patches (2AFC and JND)")
            .with_reference("Zhang et al., \"The Unreasonable Effectiveness of Deep Features as a Perceptual Metric\", CVPR 2018")
    }

    fn splits(&self) -> Vec<String> {
        let mut splits = Vec::new();
        for part in PARTS {
            splits.push(part.name.to_owned());
            splits.extend(part.groups.iter().map(|group| format!("{}/{group}", part.name)));
        }
        splits
    }

    fn fields(&self) -> Vec<String> {
        ["ref", "p0", "p1", "judge", "same"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        _: NoSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let (name, group) = request
            .split
            .split_once('/')
            .map_or((request.split.as_str(), None), |(name, group)| (name, Some(group)));
        let part = PARTS.into_iter().find(|part| part.name == name);
        let part = part.filter(|part| group.is_none_or(|group| part.groups.contains(&group)));
        let part = part.ok_or_else(|| {
            let known = self.splits().join(", ");
            PluginError::input(format!("BAPPS has no split `{}`: it has {known}", request.split))
        })?;
        let groups: Vec<&str> = match group {
            Some(group) => vec![group],
            None => part.groups.to_vec(),
        };
        bring(part, &groups, request, &*services)?;
        let mut rows = Vec::new();
        for group in groups {
            rows.extend(read_group(part, group, &request.folder)?);
        }
        Ok(Box::new(Judgements { part, rows, images: ImageReader::new(services) }))
    }
}

/// Downloads and unpacks a part, unless the wanted groups' folders are there.
fn bring(
    part: Part,
    groups: &[&str],
    request: &OpenSplit,
    services: &dyn Services,
) -> Result<(), PluginError> {
    let there = |group: &&str| request.folder.join(part.folder).join(group).is_dir();
    if groups.iter().all(there) {
        return Ok(());
    }
    let archive = request.folder.join(part.archive);
    services.fetch(&FetchRequest {
        url: format!("{SOURCE}/{}", part.archive),
        to: archive.clone(),
        md5: None,
        sha256: None,
        command: "lossnet fetch bapps".to_owned(),
    })?;
    services.unpack(&archive, &request.folder.join(part.unpack_into))?;
    match part.groups.iter().find(|group| !there(group)) {
        None => Ok(()),
        Some(group) => Err(PluginError::input(format!(
            "{} holds no folder {}/{group}: it is not the archive that BAPPS published",
            archive.display(),
            part.folder
        ))),
    }
}

/// The files of one group, checked to be complete.
fn read_group(part: Part, group: &str, root: &Path) -> Result<Vec<Row>, PluginError> {
    let folder = root.join(part.folder).join(group);
    let png: &'static [&'static str] = &["png"];
    let numpy: &'static [&'static str] = &["npy"];
    let mut folders: Vec<(String, PathBuf, &[&str])> =
        part.images.iter().map(|name| ((*name).to_owned(), folder.join(name), png)).collect();
    folders.push((part.opinion.to_owned(), folder.join(part.opinion), numpy));
    let matched = Matched::new(&folders)?;
    if matched.rows.is_empty() {
        return Err(PluginError::input(format!("there are no samples in {}", folder.display())));
    }
    let row = |(name, paths)| Row { group: group.to_owned(), name, paths };
    Ok(matched.rows.into_iter().map(row).collect())
}

/// One judgement.
struct Row {
    group: String,
    name: String,
    /// The images in the part's order, then the opinion.
    paths: Vec<PathBuf>,
}

struct Judgements {
    part: Part,
    rows: Vec<Row>,
    images: ImageReader,
}

impl Samples for Judgements {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let row = &self.rows[index];
        let mut fields = Vec::new();
        for (name, path) in self.part.images.iter().zip(&row.paths) {
            fields.push(((*name).to_owned(), self.images.read(path)?));
        }
        if let Some(path) = row.paths.last() {
            fields.push((self.part.opinion.to_owned(), Field::Number(npy::share(path)?)));
        }
        Ok(Sample { id: format!("{}/{}", row.group, row.name), group: row.group.clone(), fields })
    }
}
