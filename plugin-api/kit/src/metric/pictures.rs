//! What a loss network sees in judgements, as pictures.

use std::collections::BTreeMap;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Run, Samples, torch_error};
use lossnet_plugin_api::protocol::report::Report;
use tch::Tensor;

use super::disagreements::{Disagreement, Disagreements};
use super::judgement::{Prepare, stack};
use super::{Judged, Kind};
use crate::image::{Image, ImageError, file_part, number, overlay_alone, sheet, write_png};

/// The features of a batch of images: as [`LossNetwork::features`](lossnet_plugin_api::component::LossNetwork::features).
pub type Features<'a> = dyn Fn(&Tensor) -> Result<Vec<Tensor>, PluginError> + 'a;

/// Where images differ for the cell at a position, from their features, in a size (height and width): as
/// [`LossNetwork::map`](lossnet_plugin_api::component::LossNetwork::map).
pub type Maps<'a> =
    dyn Fn(usize, &[Tensor], &[Tensor], (i64, i64)) -> Result<Option<Tensor>, PluginError> + 'a;

/// The pictures of each evaluated split: samples on which judgements and distances disagree most, and spatial maps.
pub struct Pictures<'a> {
    /// At most so many samples are in each; none: there are no pictures.
    pub samples: usize,
    /// What computes features.
    pub features: &'a Features<'a>,
    /// What makes spatial maps of them.
    pub maps: &'a Maps<'a>,
}

impl std::fmt::Debug for Pictures<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pictures").field("samples", &self.samples).finish_non_exhaustive()
    }
}

/// A split of which pictures are made.
pub(super) struct Scene<'a> {
    pub(super) run: &'a dyn Run,
    pub(super) split: &'a str,
    pub(super) kind: Kind,
    pub(super) samples: &'a dyn Samples,
    pub(super) prepare: &'a Prepare<'a>,
    pub(super) pictures: &'a Pictures<'a>,
}

/// What one cell shows of one sample.
struct Row {
    /// The sample's images side by side, its spatial maps to their right, if the cell's loss network has any.
    images: Vec<Image>,
    /// The sample's name.
    id: String,
    /// The highest value of its maps.
    highest: Option<f32>,
}

/// The rows of the cells, by the samples' positions in the split.
type Rows = Vec<BTreeMap<usize, Row>>;

impl Scene<'_> {
    /// Makes the pictures of all cells: the triplets on which each of them disagrees most with the judgements, and its spatial maps
    /// of samples that are the same for all, spread evenly over the split. There is none of what there is not.
    ///
    /// Each sample is read once, and goes through the network once for all cells. Fails if a sample can't be read again, or
    /// a picture can't be written.
    pub(super) fn report(&self, disagreements: &[Disagreements]) -> Result<(), PluginError> {
        let (total, shown) = (self.samples.len(), self.pictures.samples.min(self.samples.len()));
        let spread: Vec<usize> = (0..shown).map(|position| position * total / shown).collect();
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (cell, found) in disagreements.iter().enumerate() {
            for &index in spread.iter().chain(found.worst().iter().map(|found| &found.index)) {
                let cells = wanted.entry(index).or_default();
                if cells.last() != Some(&cell) {
                    cells.push(cell);
                }
            }
        }
        let rows = self.rows(&wanted, disagreements.len())?;
        for (cell, (found, rows)) in disagreements.iter().zip(&rows).enumerate() {
            self.run.check_cancelled()?;
            self.report_disagreements(cell, found.worst(), rows)?;
            self.report_maps(cell, &spread, rows)?;
        }
        Ok(())
    }

    /// What cells show of these samples, which are wanted by these cells.
    fn rows(&self, wanted: &BTreeMap<usize, Vec<usize>>, cells: usize) -> Result<Rows, PluginError> {
        let stage = format!("pictures of {}", self.split);
        let mut rows: Rows = (0..cells).map(|_| BTreeMap::new()).collect();
        let tell = |done: usize| self.run.advance(&stage, done as u64, wanted.len() as u64, self.kind.unit());
        tell(0);
        for (done, (&index, cells)) in wanted.iter().enumerate() {
            self.run.check_cancelled()?;
            let judged = [(self.prepare)(self.samples.sample(index)?)?];
            let features = (0..self.kind.images().len())
                .map(|position| (self.pictures.features)(&stack(&judged, position)?));
            let features = features.collect::<Result<Vec<_>, _>>()?;
            for &cell in cells {
                rows[cell].insert(index, self.row(&judged[0], cell, &features)?);
            }
            tell(done + 1);
        }
        Ok(rows)
    }

    /// What a cell shows of a sample, whose images have these features.
    fn row(&self, judged: &Judged, cell: usize, features: &[Vec<Tensor>]) -> Result<Row, PluginError> {
        let mut images = judged.images.iter().map(super::Picture::image).collect::<Result<Vec<_>, _>>()?;
        let mut maps: Vec<(usize, Vec<f32>)> = Vec::new();
        for &(one, other) in self.kind.pairs() {
            let size = (images[other].height() as i64, images[other].width() as i64);
            let map = (self.pictures.maps)(cell, &features[one], &features[other], size)?;
            let Some(map) = map else { continue };
            let values = map.f_contiguous().and_then(|map| map.f_flatten(0, -1)).and_then(Vec::try_from);
            maps.push((other, values.map_err(torch_error)?));
        }
        let highest = maps.iter().flat_map(|(_, map)| map).copied().reduce(f32::max);
        if let Some(highest) = highest {
            let draw = |(other, map): &(usize, Vec<f32>)| overlay_alone(&images[*other], map, (0.0, highest));
            let drawn = maps.iter().map(draw).collect::<Result<Vec<_>, ImageError>>()?;
            images.extend(drawn);
        }
        Ok(Row { images, id: judged.id.clone(), highest })
    }

    fn report_disagreements(
        &self,
        cell: usize,
        worst: &[Disagreement],
        rows: &BTreeMap<usize, Row>,
    ) -> Result<(), PluginError> {
        let shown: Vec<(&Disagreement, &Row)> =
            worst.iter().filter_map(|found| Some((found, rows.get(&found.index)?))).collect();
        let Some((_, first)) = shown.first() else { return Ok(()) };
        let people = self.run.context().asks_people(self.split);
        let lines = shown.iter().map(|(found, row)| format!("{}{}", found.caption(people), row.scale()));
        let caption = format!(
            "Triplets of {} on which {} and distances disagree most, from left to right: {}",
            self.split,
            if people { "people" } else { "given answers" },
            first.columns(self.kind),
        );
        let caption = with_rows(caption, lines);
        self.write(cell, "disagreements", shown.iter().map(|(_, row)| *row), caption)
    }

    fn report_maps(
        &self,
        cell: usize,
        spread: &[usize],
        rows: &BTreeMap<usize, Row>,
    ) -> Result<(), PluginError> {
        let shown: Vec<&Row> =
            spread.iter().filter_map(|index| rows.get(index)).filter(|row| row.highest.is_some()).collect();
        let Some(first) = shown.first() else { return Ok(()) };
        let lines = shown.iter().map(|row| format!("{}{}", row.id, row.scale()));
        let caption = format!(
            "Where the loss network sees differences in images of {}, from left to right: {}",
            self.split,
            first.columns(self.kind),
        );
        let caption = with_rows(caption, lines);
        self.write(cell, "spatial maps", shown.iter().copied(), caption)
    }

    /// Writes rows as a picture into the cell's folder and reports it as `name/split`.
    fn write<'r>(
        &self,
        cell: usize,
        name: &str,
        rows: impl Iterator<Item = &'r Row>,
        caption: String,
    ) -> Result<(), PluginError> {
        let name = format!("{name}/{}", self.split);
        let path = self.run.context().cells[cell].folder.join(format!("{}.png", file_part(&name)));
        let rows: Vec<Vec<Image>> = rows.map(|row| row.images.clone()).collect();
        write_png(&path, &sheet(&rows)?)?;
        self.run.report(cell, &Report::Image { name, path, step: None, caption })
    }
}

/// A caption with a line for each row. Names of samples may be names of files, in which there may be anything.
fn with_rows(caption: String, rows: impl Iterator<Item = String>) -> String {
    rows.fold(caption, |caption, row| format!("{caption}\n{}", row.replace(['\n', '\r'], " ")))
}

impl Row {
    /// What stands in its columns.
    fn columns(&self, kind: Kind) -> &'static str {
        match (kind, self.highest) {
            (Kind::Triplet, Some(_)) => {
                "the reference, p0, p1, and where p0 and p1 differ from the reference (dark: nowhere, yellow: most in the row)"
            }
            (Kind::Triplet, None) => "the reference, p0, p1",
            (Kind::Pair, Some(_)) => "p0, p1, and where they differ (dark: nowhere, yellow: most in the row)",
            (Kind::Pair, None) => "p0, p1",
        }
    }

    /// What the brightest colour of its maps stands for.
    fn scale(&self) -> String {
        self.highest.map_or_else(String::new, |highest| format!(" (yellow: {})", number(highest.into())))
    }
}
