//! BAPPS, the Berkeley-Adobe Perceptual Patch Similarity data set.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::loader::LoaderOptions;
use lossnet_plugin_kit::packed::{Key, open_or_make};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{ImageReader, Matched};
use crate::npy;
use crate::source::{Archive, Source};

/// Zhang et al., CVPR 2018. Folders `2afc/{train,val}/<group>/{ref,p0,p1,judge}` and `jnd/val/<group>/{p0,p1,same}`.
pub(crate) struct Bapps;

/// How the files are read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BappsSettings {
    /// Whether each group is decoded once into `packed/<split>/<group>.lossnet` and read from there. That takes 37 kB per
    /// triplet, 7 GB for all of BAPPS, and makes reading several times as fast.
    #[schemars(extend("x-incidental" = true))]
    packed: bool,
}

impl Default for BappsSettings {
    fn default() -> Self {
        BappsSettings { packed: true }
    }
}

/// Groups, and how many samples they have: as table 2 of the paper says, in hundreds.
type Groups = &'static [(&'static str, u64)];

const TRAIN: Groups = &[("traditional", 56_600), ("cnn", 38_100), ("mix", 56_600)];
const VAL: Groups = &[
    ("traditional", 4_700),
    ("cnn", 4_700),
    ("superres", 10_900),
    ("deblur", 9_400),
    ("color", 4_700),
    ("frameinterp", 1_900),
];
const JND: Groups = &[("traditional", 4_800), ("cnn", 4_800)];

/// One of the three parts, each an archive of its own.
#[derive(Clone, Copy, Debug)]
struct Part {
    name: &'static str,
    groups: Groups,
    /// Where its groups lie.
    folder: &'static str,
    archive: Archive,
    images: &'static [&'static str],
    opinion: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        name: "train",
        groups: TRAIN,
        folder: "2afc/train",
        archive: Archive {
            url: "https://perceptual-similarity.s3.us-west-2.amazonaws.com/dataset/twoafc_train.tar.gz",
            md5: None,
            into: "2afc",
        },
        images: &["ref", "p0", "p1"],
        opinion: "judge",
    },
    Part {
        name: "val",
        groups: VAL,
        folder: "2afc/val",
        archive: Archive {
            url: "https://perceptual-similarity.s3.us-west-2.amazonaws.com/dataset/twoafc_val.tar.gz",
            md5: None,
            into: "2afc",
        },
        images: &["ref", "p0", "p1"],
        opinion: "judge",
    },
    Part {
        name: "jnd",
        groups: JND,
        folder: "jnd/val",
        archive: Archive {
            url: "https://perceptual-similarity.s3.us-west-2.amazonaws.com/dataset/jnd.tar.gz",
            md5: None,
            into: ".",
        },
        images: &["p0", "p1"],
        opinion: "same",
    },
];

impl Dataset for Bapps {
    type Config = BappsSettings;

    fn info(&self) -> Info {
        Info::new("bapps", "human judgements of the similarity of distorted 64×64 patches (2AFC and JND)")
            .with_reference("Zhang et al., \"The Unreasonable Effectiveness of Deep Features as a Perceptual Metric\", CVPR 2018")
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn asks_people(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        let mut splits = Vec::new();
        for part in PARTS {
            splits.push(part.name.to_owned());
            splits.extend(part.groups.iter().map(|(group, _)| format!("{}/{group}", part.name)));
        }
        splits
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        let of = |part: &Part| {
            let whole = (part.name.to_owned(), part.groups.iter().map(|(_, count)| count).sum());
            let groups = part.groups.iter().map(|(group, count)| (format!("{}/{group}", part.name), *count));
            std::iter::once(whole).chain(groups).collect::<Vec<_>>()
        };
        let sizes = PARTS.iter().flat_map(of);
        sizes.map(|(split, count)| (split, Quantity::Number(count))).collect()
    }

    fn image_side(&self) -> Option<Quantity> {
        Some(Quantity::Number(64))
    }

    fn fields(&self) -> Vec<String> {
        ["ref", "p0", "p1", "judge", "same"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        settings: BappsSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let (name, group) = request
            .split
            .split_once('/')
            .map_or((request.split.as_str(), None), |(name, group)| (name, Some(group)));
        let part = PARTS.into_iter().find(|part| part.name == name);
        let part = part
            .filter(|part| group.is_none_or(|group| part.groups.iter().any(|(known, _)| *known == group)));
        let part = part.ok_or_else(|| {
            let known = self.splits().join(", ");
            PluginError::input(format!("BAPPS has no split `{}`: it has {known}", request.split))
        })?;
        let groups: Vec<&str> = match group {
            Some(group) => vec![group],
            None => part.groups.iter().map(|(group, _)| *group).collect(),
        };
        let needed: Vec<PathBuf> = groups.iter().map(|group| Path::new(part.folder).join(group)).collect();
        let source = Source { dataset: "bapps", folder: &request.folder, services: &*services };
        source.archive(part.archive, &needed)?;
        let mut all = Vec::new();
        for group in groups {
            let rows = read_group(part, group, &request.folder)?;
            let files =
                Judgements { part, rows, images: ImageReader::new(Arc::clone(&services), &request.folder) };
            all.push(if settings.packed {
                pack(&files, group, request, &*services)?
            } else {
                Box::new(files)
            });
        }
        Ok(Box::new(Joined(all)))
    }
}

/// One group's samples from its packed file, which is made from these if it is not there or they have changed.
fn pack(
    files: &Judgements,
    group: &str,
    request: &OpenSplit,
    services: &dyn Services,
) -> Result<Box<dyn Samples>, PluginError> {
    let mut key = Key::new("bapps 1").with("group", group);
    for path in files.rows.iter().flat_map(|row| &row.paths) {
        key.add_file(&request.folder, path)?;
    }
    let path = request.folder.join("packed").join(files.part.name).join(format!("{group}.lossnet"));
    open_or_make(&path, &key, files, services, LoaderOptions::default())
}

/// The groups of a split, one after the other.
struct Joined(Vec<Box<dyn Samples>>);

impl Samples for Joined {
    fn len(&self) -> usize {
        self.0.iter().map(|part| part.len()).sum()
    }

    fn sample(&self, mut index: usize) -> Result<Sample, PluginError> {
        for part in &self.0 {
            if index < part.len() {
                return part.sample(index);
            }
            index -= part.len();
        }
        Err(PluginError::run("a judgement beyond the last was asked for"))
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
