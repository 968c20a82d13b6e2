//! The Berkeley Segmentation Dataset: 300 photographs.

use std::path::Path;
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::images::{Images, Mode};
use crate::source::{Archive, Source, no_split};

/// Martin et al., ICCV 2001: the images alone. Folders `BSDS300/images/{train,test}`. The test images are "BSD100".
pub(crate) struct Bsds300;

const ARCHIVE: Archive = Archive {
    url: "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/BSDS300-images.tgz",
    md5: None,
    into: ".",
};

impl Dataset for Bsds300 {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("bsds300", "photographs of 481×321 pixels; the split test is known as BSD100").with_reference(
            "Martin et al., \"A Database of Human Segmented Natural Images and its Application to Evaluating \
             Segmentation Algorithms and Measuring Ecological Statistics\", ICCV 2001",
        )
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        ["train", "test"].map(str::to_owned).to_vec()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        [("train", 200), ("test", 100)]
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
        if !self.splits().contains(&request.split) {
            return Err(no_split("bsds300", &request.split, &self.splits()));
        }
        let folder = Path::new("BSDS300/images").join(&request.split);
        let source = Source { dataset: "bsds300", folder: &request.folder, services: &*services };
        source.archive(ARCHIVE, std::slice::from_ref(&folder))?;
        Ok(Box::new(Images::of_folder(&request.folder.join(folder), Mode::Rgb, services)?))
    }
}
