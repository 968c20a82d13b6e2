//! COCO 2014: photographs of everyday scenes.

use std::path::PathBuf;
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::images::{Images, Mode};
use crate::source::{Archive, Source, no_split};

/// Lin et al., ECCV 2014: the images alone. Folders `{train,val,test}2014`, each an archive of its own.
pub(crate) struct Coco2014;

/// Splits, their archives and folders.
const SPLITS: [(&str, &str, &str); 3] = [
    ("train", "http://images.cocodataset.org/zips/train2014.zip", "train2014"),
    ("val", "http://images.cocodataset.org/zips/val2014.zip", "val2014"),
    ("test", "http://images.cocodataset.org/zips/test2014.zip", "test2014"),
];

impl Dataset for Coco2014 {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("coco2014", "photographs of everyday scenes, without their annotations")
            .with_reference("Lin et al., \"Microsoft COCO: Common Objects in Context\", ECCV 2014")
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        SPLITS.map(|(split, ..)| split.to_owned()).to_vec()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        [("train", 82_783), ("val", 40_504), ("test", 40_775)]
            .map(|(split, size)| (split.to_owned(), Quantity::Number(size)))
            .to_vec()
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
        let split = SPLITS.into_iter().find(|(split, ..)| *split == request.split);
        let (_, url, folder) = split.ok_or_else(|| no_split("coco2014", &request.split, &self.splits()))?;
        let source = Source { dataset: "coco2014", folder: &request.folder, services: &*services };
        source.archive(Archive { url, md5: None, into: "." }, &[PathBuf::from(folder)])?;
        Ok(Box::new(Images::of_folder(&request.folder.join(folder), Mode::Rgb, services)?))
    }
}
