//! Images to be looked at.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Filter, Image, file_part, match_histograms, resize, sheet, write_png};

/// An image enlarged to the size of another by bicubic interpolation, as Pillow does it.
pub(crate) fn enlarge_bicubic(image: &Image, like: &Image) -> Result<Image, PluginError> {
    Ok(resize(image, like.width(), like.height(), Filter::Bicubic)?)
}

/// One test image of a protocol, in its stages.
pub(crate) struct Stages<'a> {
    /// The test set and protocol, such as `set5/standard`.
    pub(crate) set: &'a str,
    /// The sample's id.
    pub(crate) id: &'a str,
    pub(crate) input: &'a Image,
    pub(crate) bicubic: &'a Image,
    pub(crate) output: &'a Image,
    pub(crate) target: &'a Image,
}

impl Stages<'_> {
    /// Saves them side by side in the cell's folder, with the output matched to the target's histograms at the end where
    /// that is wished.
    pub(crate) fn save(&self, run: &dyn Run, matched: bool) -> Result<(), PluginError> {
        let mut row = [self.input, self.bicubic, self.output, self.target].map(Image::clone).to_vec();
        if matched {
            row.push(match_histograms(&self.output.to_rgb(), &self.target.to_rgb())?);
        }
        let folder = &run.context().cells[0].folder;
        let path = folder.join(format!("{}-{}.png", file_part(self.set), file_part(self.id)));
        write_png(&path, &sheet(&[row])?)?;
        let name = format!("{}/{}", self.set, self.id);
        let matched = if matched { ", the output with the true image's histograms" } else { "" };
        let caption = format!(
            "{} of {}, from left to right: the input, enlarged by bicubic interpolation, enlarged by the network, the true \
             image{matched}",
            self.id, self.set
        );
        run.report(0, &Report::Image { name, path, step: None, caption })
    }
}
