//! What is measured of a trained network, and what is shown of it.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Filter, Image, resize_shorter_side, sheet, write_png};
use lossnet_plugin_kit::scores;
use tch::{Device, Kind};

use crate::data::{Pair, batch};
use crate::evaluated::Evaluated;
use crate::network::UNet;
use crate::scores::{ImageScores, Shares};
use crate::step::{entropies, predict};
use crate::tolerance::Mask;

/// The shorter side of an image in a picture is at most so long.
const PICTURE_SIDE: usize = 256;

/// How predictions are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    /// Refinements.
    pub(crate) steps: usize,
    /// Probability above which a pixel counts as predicted.
    pub(crate) threshold: f64,
    /// Distance in pixels within which pixels match in the relaxed scores; 0: there are none.
    pub(crate) tolerance: f64,
    /// Whether scores are means over all refinements.
    pub(crate) over_all: bool,
}

impl Measure {
    /// The scores of images of one size.
    pub(crate) fn scores(
        self,
        network: &UNet,
        pairs: &[Pair],
        device: Device,
    ) -> Result<Vec<ImageScores>, PluginError> {
        let inputs = batch(pairs, device)?;
        let predictions = predict(network, &inputs.images, self.steps)?;
        let last = predictions.last().ok_or_else(|| PluginError::run("there is no prediction"))?;
        let entropies = entropies(last, &inputs.maps)?;
        let masks = predictions.iter().map(|prediction| self.masks(prediction));
        let masks = masks.collect::<Result<Vec<_>, _>>()?;
        let scores = pairs.iter().zip(entropies).enumerate().map(|(position, (pair, bce))| {
            let predicted: Vec<Mask> = masks.iter().map(|masks| masks[position].clone()).collect();
            // Above 127 of 255 is above one half.
            let truth = pair.map.data().iter().map(|&value| value > 127).collect();
            let truth = Mask::new(pair.map.width(), truth);
            ImageScores::new(&predicted, &truth, self.tolerance, self.over_all, bce)
        });
        Ok(scores.collect())
    }

    /// The predicted pixels of each image.
    fn masks(self, prediction: &Tensor) -> Result<Vec<Mask>, PluginError> {
        let width = prediction.size().last().copied().unwrap_or(0) as usize;
        let images = prediction.size().first().copied().unwrap_or(0).max(1) as usize;
        let above = prediction
            .f_gt(self.threshold)
            .and_then(|above| above.f_to_kind(Kind::Uint8)?.f_to_device(Device::Cpu)?.f_flatten(0, -1))
            .and_then(Vec::<u8>::try_from)
            .map_err(torch_error)?;
        let mask = |pixels: &[u8]| Mask::new(width, pixels.iter().map(|&pixel| pixel != 0).collect());
        Ok(above.chunks_exact(above.len() / images).map(mask).collect())
    }
}

/// The mean of a score over images.
pub(crate) fn mean(scores: &[ImageScores], of: impl Fn(&ImageScores) -> f64) -> f64 {
    scores.iter().map(of).sum::<f64>() / scores.len().max(1) as f64
}

/// Evaluates a split and reports its results, the scores of its images, and a picture.
pub(crate) fn evaluate(
    split: &str,
    images: &mut Evaluated,
    network: &UNet,
    measure: Measure,
    rows: usize,
    device: Device,
    run: &dyn Run,
) -> Result<(), PluginError> {
    let total = images.len() as u64;
    let mut table = SampleRows { split: split.to_owned(), ..SampleRows::default() };
    let (mut found, mut shown) = (Vec::with_capacity(images.len()), Vec::new());
    run.advance(split, 0, total, "images");
    images.for_each(&mut |pairs| {
        run.check_cancelled()?;
        found.extend(measure.scores(network, pairs, device)?);
        table.ids.extend(pairs.iter().map(|pair| pair.id.clone()));
        table.groups.extend(pairs.iter().map(|pair| pair.group.clone()));
        shown.extend(pairs.iter().take(rows - shown.len().min(rows)).cloned());
        run.advance(split, found.len() as u64, total, "images");
        Ok(())
    })?;
    let columns = columns(&found, measure);
    for column in &columns {
        // A larger loss is worse; all others are shares, and better the larger they are.
        let (unit, rising) = if column.name == "bce" { ("nats", false) } else { ("share", true) };
        let (name, values) = (&column.name, &column.values);
        run.report(0, &scores::mean_of(name, split, values, (name, split), unit, rising))?;
    }
    let undefined = found.iter().filter(|scores| scores.undefined).count();
    run.report(0, &scores::metric("undefined", split, undefined as f64, "images", false, total))?;
    if undefined > 0 {
        run.notice(&format!(
            "in {undefined} of the {total} images of `{split}` there is no true or no predicted pixel: their shares of \
             nothing count as 1 if both are missing, as 0 otherwise"
        ));
    }
    table.columns = columns;
    scores::report(run, 0, table)?;
    if let Some(sheet) = pictures(network, &shown, measure.steps, device)? {
        let file = split.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        let path = run.context().cells[0].folder.join(format!("test-{file}.png"));
        write_png(&path, &sheet)?;
        let name = format!("test/{split}");
        let caption =
            format!("Images of {split}, from left to right: the input, the true map, the prediction");
        run.report(0, &Report::Image { name, path, step: None, caption })?;
    }
    Ok(())
}

/// All scores of the images, by name.
fn columns(found: &[ImageScores], measure: Measure) -> Vec<Column> {
    let column = |name: &str, of: &dyn Fn(&ImageScores) -> f64| Column {
        name: name.to_owned(),
        values: found.iter().map(of).collect(),
    };
    let mut columns = vec![
        column("completeness", &|scores| scores.strict.completeness),
        column("correctness", &|scores| scores.strict.correctness),
        column("quality", &|scores| scores.strict.quality),
        column("constant_quality", &|scores| scores.constant_quality),
    ];
    if measure.steps > 1 {
        columns.push(column("first_quality", &|scores| scores.first_quality));
    }
    if measure.tolerance > 0.0 {
        let relaxed = |scores: &ImageScores| scores.relaxed.unwrap_or((Shares::default(), 0.0));
        columns.push(column("relaxed_completeness", &|scores| relaxed(scores).0.completeness));
        columns.push(column("relaxed_correctness", &|scores| relaxed(scores).0.correctness));
        columns.push(column("relaxed_quality", &|scores| relaxed(scores).0.quality));
        columns.push(column("relaxed_constant_quality", &|scores| relaxed(scores).1));
    }
    columns.push(column("bce", &|scores| scores.bce));
    columns
}

/// Rows of input, truth and the last prediction; none if there are no images.
pub(crate) fn pictures(
    network: &UNet,
    pairs: &[Pair],
    steps: usize,
    device: Device,
) -> Result<Option<Image>, PluginError> {
    if pairs.is_empty() {
        return Ok(None);
    }
    let row = |pair: &Pair| {
        let predictions = predict(network, &batch(std::slice::from_ref(pair), device)?.images, steps)?;
        let last = predictions.last().ok_or_else(|| PluginError::run("there is no prediction"))?;
        let prediction = Image::from_tensor(&last.f_squeeze_dim(0).map_err(torch_error)?)?;
        let small = |image: &Image| -> Result<Image, PluginError> {
            let shorter = image.width().min(image.height());
            let fits = shorter <= PICTURE_SIDE;
            Ok(if fits { image.clone() } else { resize_shorter_side(image, PICTURE_SIDE, Filter::Bilinear)? })
        };
        [&pair.input, &pair.map, &prediction].into_iter().map(small).collect::<Result<Vec<_>, _>>()
    };
    let rows = pairs.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(sheet(&rows)?))
}
