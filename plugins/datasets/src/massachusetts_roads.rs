//! Massachusetts Roads: aerial photographs and where roads are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::files::{self, IMAGES, ImageReader, Matched, read_mask};
use crate::index_page;
use crate::source::{Source, no_split};

/// Mnih, 2013. Folders `{train,valid,test}/{sat,map}` of TIFF files, matched by base name; each folder of the server has an
/// index page that names its files.
pub(crate) struct MassachusettsRoads;

const SOURCE: &str = "http://www.cs.toronto.edu/~vmnih/data/mass_roads";

/// Splits and their folders.
const SPLITS: [(&str, &str); 3] = [("train", "train"), ("val", "valid"), ("test", "test")];

/// Fields and their folders.
const FIELDS: [(&str, &str); 2] = [("input", "sat"), ("output", "map")];

/// Image files by base name.
type Tiles = BTreeMap<String, PathBuf>;

impl Dataset for MassachusettsRoads {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("massachusetts-roads", "aerial photographs of 1500×1500 pixels and maps of their roads")
            .with_reference("Mnih, \"Machine Learning for Aerial Image Labeling\", PhD thesis, Toronto 2013")
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        SPLITS.map(|(split, _)| split.to_owned()).to_vec()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        [("train", 1_108), ("val", 14), ("test", 49)]
            .map(|(split, size)| (split.to_owned(), Quantity::Number(size)))
            .to_vec()
    }

    fn fields(&self) -> Vec<String> {
        FIELDS.map(|(field, _)| field.to_owned()).to_vec()
    }

    fn open(
        &self,
        _: NoSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        let split = SPLITS.into_iter().find(|(split, _)| *split == request.split);
        let (_, split) =
            split.ok_or_else(|| no_split("massachusetts-roads", &request.split, &self.splits()))?;
        let source = Source { dataset: "massachusetts-roads", folder: &request.folder, services: &*services };
        let matched = tiles(&source, split, request.offline)?;
        Ok(Box::new(Roads { matched, reader: ImageReader::new(services, &request.folder) }))
    }
}

/// The split's tiles, after what is missing was fetched.
///
/// What the index pages name is what there has to be. Without any index page, pairs that lie there are the whole split.
fn tiles(source: &Source<'_>, split: &str, offline: bool) -> Result<Matched, PluginError> {
    let folders = FIELDS.map(|(_, part)| source.folder.join(split).join(part));
    let lying = || {
        let named = FIELDS.iter().zip(&folders).map(|((field, _), folder)| {
            let endings: &'static [&'static str] = IMAGES;
            ((*field).to_owned(), folder.clone(), endings)
        });
        Matched::new(&named.collect::<Vec<_>>())
    };
    let indexed = folders.iter().any(|folder| folder.join("index.html").is_file());
    if !indexed && folders.iter().all(|folder| folder.is_dir()) {
        match lying() {
            Ok(matched) if !matched.rows.is_empty() => return Ok(matched),
            Err(error) if offline => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    // Both pages before the first tile: what they name tells later that something is missing.
    let mut pages = Vec::new();
    for ((_, part), folder) in FIELDS.iter().zip(&folders) {
        let page = folder.join("index.html");
        let url = format!("{SOURCE}/{split}/{part}/index.html");
        source.file(&url, &page, None)?;
        pages.push((page.clone(), index_page::tiles(&page, &url)?));
    }
    agree(&pages)?;
    let mut missing = Vec::new();
    for (((_, part), folder), (_, names)) in FIELDS.iter().zip(&folders).zip(&pages) {
        let there: Tiles = files::by_name(folder, IMAGES)?;
        let absent = names.iter().filter(|(base, _)| !there.contains_key(*base));
        missing
            .extend(absent.map(|(_, name)| (format!("{SOURCE}/{split}/{part}/{name}"), folder.join(name))));
    }
    let (stage, total) = (format!("fetching tiles of {split}"), missing.len() as u64);
    let tell = |done: usize| {
        source.services.progress(&Progress::new(stage.as_str(), done as u64, Some(total), "tiles"));
    };
    tell(0);
    for (done, (url, to)) in missing.iter().enumerate() {
        if source.services.cancelled() {
            return Err(PluginError::interrupted());
        }
        source.file(url, to, None)?;
        tell(done + 1);
    }
    lying()
}

/// Both pages name a file of each base name.
fn agree(pages: &[(PathBuf, BTreeMap<String, String>)]) -> Result<(), PluginError> {
    let bases: BTreeSet<&String> = pages.iter().flat_map(|(_, names)| names.keys()).collect();
    for base in bases {
        if let Some((page, _)) = pages.iter().find(|(_, names)| !names.contains_key(base)) {
            let other = pages.iter().find_map(|(page, names)| Some((page, names.get(base)?)));
            let (other, name) = other.map_or_else(
                || (String::new(), base.as_str()),
                |(page, name)| (page.display().to_string(), name.as_str()),
            );
            return Err(PluginError::input(format!(
                "{name} of {other} has no partner named `{base}` in {}",
                page.display()
            )));
        }
    }
    Ok(())
}

struct Roads {
    matched: Matched,
    reader: ImageReader,
}

impl Samples for Roads {
    fn len(&self) -> usize {
        self.matched.rows.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let (name, paths) = &self.matched.rows[index];
        let [photograph, map] = paths.as_slice() else {
            return Err(PluginError::run(format!("the tile {name} is not a pair")));
        };
        let (input, output) = (self.reader.read(photograph)?, read_mask(map)?);
        if let (Field::Image(input), Field::Image(output)) = (&input, &output)
            && (input.width, input.height) != (output.width, output.height)
        {
            return Err(PluginError::input(format!(
                "{} has {}×{} pixels and {} has {}×{}: they are not of one tile",
                photograph.display(),
                input.width,
                input.height,
                map.display(),
                output.width,
                output.height
            )));
        }
        let fields = vec![("input".to_owned(), input), ("output".to_owned(), output)];
        Ok(Sample { id: name.clone(), group: String::new(), fields })
    }
}
