//! What a loss network sees in judgements, as pictures.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Run, Samples, torch_error};
use lossnet_plugin_api::protocol::report::Report;
use tch::Tensor;

use super::evaluate::Prepare;
use super::{Judged, Kind};
use crate::image::{Image, ImageError, number, overlay_alone, sheet, write_png};

/// Where the images of two batches differ for the cell at a position: as
/// [`LossNetwork::map`](lossnet_plugin_api::component::LossNetwork::map).
pub type Maps<'a> = dyn Fn(usize, &Tensor, &Tensor) -> Result<Option<Tensor>, PluginError> + 'a;

/// The pictures of each evaluated split: samples on which people and distances disagree most, and spatial maps.
pub struct Pictures<'a> {
    /// At most so many samples are in each; none: there are no pictures.
    pub samples: usize,
    /// What makes spatial maps.
    pub maps: &'a Maps<'a>,
}

impl std::fmt::Debug for Pictures<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pictures").field("samples", &self.samples).finish_non_exhaustive()
    }
}

/// Where pictures of a split are made from and told of.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) run: &'a dyn Run,
    /// Position of the cell.
    pub(super) cell: usize,
    pub(super) split: &'a str,
    pub(super) samples: &'a dyn Samples,
    pub(super) prepare: &'a Prepare<'a>,
    pub(super) pictures: &'a Pictures<'a>,
}

/// A sample's images side by side, its spatial maps to their right, if the loss network has any.
pub(super) struct Row {
    images: Vec<Image>,
    /// The sample's name.
    id: String,
    /// The highest value of its maps.
    pub(super) highest: Option<f32>,
}

impl Scene<'_> {
    /// The row of the sample at this position of the split.
    pub(super) fn row(&self, index: usize) -> Result<Row, PluginError> {
        let judged = (self.prepare)(self.samples.sample(index)?)?;
        let mut images = judged.images.iter().map(super::Picture::image).collect::<Result<Vec<_>, _>>()?;
        let maps = self.maps(&judged)?;
        let highest = maps.iter().flatten().copied().reduce(f32::max);
        if let Some(highest) = highest {
            let pairs = judged.kind.pairs().iter().zip(&maps);
            let drawn = pairs.map(|(&(_, other), map)| overlay_alone(&images[other], map, (0.0, highest)));
            let drawn = drawn.collect::<Result<Vec<_>, ImageError>>()?;
            images.extend(drawn);
        }
        Ok(Row { images, id: judged.id, highest })
    }

    /// The values of the spatial map of each pair of a judgement; none if the loss network has no maps.
    fn maps(&self, judged: &Judged) -> Result<Vec<Vec<f32>>, PluginError> {
        let batches =
            judged.images.iter().map(|picture| picture.tensor()?.f_unsqueeze(0).map_err(torch_error));
        let batches = batches.collect::<Result<Vec<_>, _>>()?;
        let mut maps = Vec::new();
        for &(one, other) in judged.kind.pairs() {
            let Some(map) = (self.pictures.maps)(self.cell, &batches[one], &batches[other])? else {
                return Ok(Vec::new());
            };
            let values = map.f_contiguous().and_then(|map| map.f_flatten(0, -1)).and_then(Vec::try_from);
            maps.push(values.map_err(torch_error)?);
        }
        Ok(maps)
    }

    /// Writes rows as a picture of this name into the cell's folder and reports it as `name/split`.
    pub(super) fn report(&self, name: &str, rows: Vec<Row>, caption: String) -> Result<(), PluginError> {
        let file = self.split.replace(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-'), "-");
        let path = self.run.context().cells[self.cell].folder.join(format!("{name}-{file}.png"));
        let rows: Vec<Vec<Image>> = rows.into_iter().map(|row| row.images).collect();
        write_png(&path, &sheet(&rows)?)?;
        let name = format!("{name}/{}", self.split);
        self.run.report(self.cell, &Report::Image { name, path, step: None, caption })
    }

    /// Makes a picture of spatial maps, of the same samples for every loss network, spread evenly over the split. Without
    /// maps there is none.
    pub(super) fn report_maps(&self, kind: Kind) -> Result<(), PluginError> {
        let (total, shown) = (self.samples.len(), self.pictures.samples.min(self.samples.len()));
        let mut rows = Vec::with_capacity(shown);
        for position in 0..shown {
            let row = self.row(position * total / shown)?;
            if row.highest.is_none() {
                return Ok(());
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let samples: Vec<String> =
            rows.iter().map(|row| format!("{}{}", row.id, scale(row.highest))).collect();
        let caption = format!(
            "Where images of {} differ for the loss network, from left to right: {}; from top to bottom: {}",
            self.split,
            columns(kind, true),
            samples.join("; ")
        );
        self.report("spatial-maps", rows, caption)
    }
}

/// What stands in the columns of a picture.
pub(super) fn columns(kind: Kind, with_maps: bool) -> &'static str {
    match (kind, with_maps) {
        (Kind::Triplet, true) => {
            "the reference, p0, p1, and where p0 and p1 differ from the reference, dark where they do not, yellow where they \
             do most in the row"
        }
        (Kind::Triplet, false) => "the reference, p0, p1",
        (Kind::Pair, true) => {
            "p0, p1, and where they differ, dark where they do not, yellow where they do most"
        }
        (Kind::Pair, false) => "p0, p1",
    }
}

/// What the brightest colour of a row's maps stands for.
pub(super) fn scale(highest: Option<f32>) -> String {
    highest.map_or_else(String::new, |highest| format!(" (yellow: {})", number(highest.into())))
}
