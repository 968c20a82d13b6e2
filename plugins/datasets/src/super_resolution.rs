//! Set5 and Set14: the images on which super-resolution is measured.

use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::ImageReader;
use crate::images::{Images, Mode};
use crate::source::{Source, no_split};

/// A set of PNG files `image_SRF_{2,4}/img_NNN_SRF_{2,4}_HR.png`: the originals, cropped so that the factor divides their
/// sides. A grey file gives an image of one channel, since it is scored on its grey values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestImages {
    name: &'static str,
    /// Its folder in the repository.
    folder: &'static str,
    count: usize,
    summary: &'static str,
    reference: &'static str,
}

pub(crate) const SET5: TestImages = TestImages {
    name: "set5",
    folder: "Set5",
    count: 5,
    summary: "five images on which super-resolution is measured",
    reference: "Bevilacqua et al., \"Low-Complexity Single-Image Super-Resolution based on Nonnegative Neighbor Embedding\", \
                BMVC 2012; files of Huang et al., CVPR 2015",
};

pub(crate) const SET14: TestImages = TestImages {
    name: "set14",
    folder: "Set14",
    count: 14,
    summary: "fourteen images on which super-resolution is measured; the third is grey",
    reference: "Zeyde et al., \"On Single Image Scale-Up Using Sparse-Representations\", Curves and Surfaces 2010; files of \
                Huang et al., CVPR 2015",
};

const SOURCE: &str = "https://raw.githubusercontent.com/jbhuang0604/SelfExSR/master/data";

/// Which crops.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TestImagesSettings {
    /// The factor that divides the images' sides: 2 or 4.
    #[schemars(extend("enum" = [2, 4]))]
    factor: u32,
}

impl Default for TestImagesSettings {
    fn default() -> Self {
        TestImagesSettings { factor: 4 }
    }
}

impl Dataset for TestImages {
    type Config = TestImagesSettings;

    fn info(&self) -> Info {
        Info::new(self.name, self.summary).with_reference(self.reference)
    }

    fn brings_files(&self) -> bool {
        true
    }

    fn splits(&self) -> Vec<String> {
        vec!["test".to_owned()]
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        vec![("test".to_owned(), Quantity::Number(self.count as u64))]
    }

    fn fields(&self) -> Vec<String> {
        vec!["image".to_owned()]
    }

    fn open(
        &self,
        settings: TestImagesSettings,
        request: &OpenSplit,
        services: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        if request.split != "test" {
            return Err(no_split(self.name, &request.split, &self.splits()));
        }
        let factor = settings.factor;
        if ![2, 4].contains(&factor) {
            return Err(PluginError::input(format!(
                "`{}` has images for the factors 2 and 4, not {factor}",
                self.name
            )));
        }
        let source = Source { dataset: self.name, folder: &request.folder, services: &*services };
        let folder = format!("image_SRF_{factor}");
        let mut files = Vec::new();
        for number in 1..=self.count {
            let name = format!("img_{number:03}_SRF_{factor}_HR.png");
            let path = request.folder.join(&folder).join(&name);
            source.file(&format!("{SOURCE}/{}/{folder}/{name}", self.folder), &path, None)?;
            files.push((format!("img_{number:03}"), path));
        }
        Ok(Box::new(Images::new(files, Mode::AsIs, ImageReader::new(services, &request.folder))))
    }
}
