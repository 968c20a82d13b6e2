//! What is measured of a trained network, and what is shown of it.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Filter, Image, resize_shorter_side, sheet, write_png};
use lossnet_plugin_kit::scores;
use tch::{Device, Kind};

use crate::data::{Pair, batch};
use crate::evaluated::Evaluated;
use crate::network::UNet;
use crate::scores::{ImageScores, Shares};
use crate::settings::Protocol;
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
    /// Which scores count.
    pub(crate) protocol: Protocol,
}

impl Measure {
    /// What the best weights are chosen by. The published code validates as it trains: its network in evaluation mode, after
    /// as many refinements as in the training.
    pub(crate) fn of_validation(self, train_steps: usize) -> Measure {
        let steps = match self.protocol {
            Protocol::Corrected => self.steps,
            Protocol::Published => train_steps,
        };
        // The relaxed scores are for the end.
        Measure { steps, tolerance: 0.0, protocol: Protocol::Corrected, ..self }
    }

    /// The scores of images of one size. The published code tests images one by one, with its network still in training mode.
    pub(crate) fn scores(
        self,
        network: &UNet,
        pairs: &[Pair],
        device: Device,
    ) -> Result<Vec<ImageScores>, PluginError> {
        match self.protocol {
            Protocol::Corrected => self.scores_together(network, pairs, device),
            Protocol::Published => {
                let each = pairs.chunks(1).map(|pair| self.scores_together(network, pair, device));
                Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
            }
        }
    }

    fn scores_together(
        self,
        network: &UNet,
        pairs: &[Pair],
        device: Device,
    ) -> Result<Vec<ImageScores>, PluginError> {
        let inputs = batch(pairs, device)?;
        let training = self.protocol == Protocol::Published;
        let predictions = predict(network, &inputs.images, self.steps, training)?;
        let last = predictions.last().ok_or_else(|| PluginError::run("there is no prediction"))?;
        let entropies = entropies(last, &inputs.maps)?;
        let masks = predictions.iter().map(|prediction| masks(prediction, self.threshold));
        let masks = masks.collect::<Result<Vec<_>, _>>()?;
        let truths = self::masks(&inputs.maps, 0.5)?;
        let scores = truths.iter().zip(entropies).enumerate().map(|(position, (truth, bce))| {
            let predicted: Vec<Mask> = masks.iter().map(|masks| masks[position].clone()).collect();
            ImageScores::new(&predicted, truth, self.tolerance, self.protocol, bce)
        });
        Ok(scores.collect())
    }

    /// The unit of shares. Those of the published protocol are sums: of the first refinement as often as there are
    /// refinements, of the last one once.
    fn unit(self) -> String {
        match self.protocol {
            Protocol::Corrected => "share".to_owned(),
            Protocol::Published => format!("sum of {} shares", self.shares()),
        }
    }

    /// How many shares are added up.
    fn shares(self) -> f64 {
        match self.protocol {
            Protocol::Corrected => 1.0,
            Protocol::Published => (self.steps * (self.steps + 1) / 2) as f64,
        }
    }
}

/// The pixels of each image that are above a threshold.
fn masks(maps: &Tensor, threshold: f64) -> Result<Vec<Mask>, PluginError> {
    let width = maps.size().last().copied().unwrap_or(0) as usize;
    let images = maps.size().first().copied().unwrap_or(0).max(1) as usize;
    let above = maps
        .f_gt(threshold)
        .and_then(|above| above.f_to_kind(Kind::Uint8)?.f_to_device(Device::Cpu)?.f_flatten(0, -1))
        .and_then(Vec::<u8>::try_from)
        .map_err(torch_error)?;
    let mask = |pixels: &[u8]| Mask::new(width, pixels.iter().map(|&pixel| pixel != 0).collect());
    Ok(above.chunks_exact(above.len() / images).map(mask).collect())
}

/// What every network is to be better than: that all pixels are lines, or that all are as likely as not.
const CONSTANT: &str = "a constant prediction";

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
    let shares = measure.unit();
    for column in &columns {
        // A larger loss is worse; all others are shares, and better the larger they are.
        let summed = matches!(&*column.name, "completeness" | "correctness" | "quality")
            || column.name.starts_with("relaxed_") && column.name != "relaxed_constant_quality";
        let (unit, rising) = match &*column.name {
            "bce" => ("nats", false),
            _ if summed => (&*shares, true),
            _ => ("share", true),
        };
        let (name, values) = (&column.name, &column.values);
        let report = scores::mean_of(name, split, values, (name, split), unit, rising);
        let parts = if summed { measure.shares() } else { 1.0 };
        let report = if rising { scores::within(report, 0.0, parts) } else { report };
        let constant = |name: &str, of: fn(f64) -> f64| -> Option<f64> {
            let column = columns.iter().find(|column| column.name == name)?;
            let values = column.values.iter().map(|&value| of(value));
            Some(parts * values.sum::<f64>() / column.values.len().max(1) as f64)
        };
        // Where all pixels are predicted, all true ones are found, and the right ones among them are the quality.
        let all_found = |quality: f64| f64::from(quality > 0.0);
        let reached = match name.as_str() {
            "bce" => Some(std::f64::consts::LN_2),
            "completeness" => constant("constant_quality", all_found),
            "relaxed_completeness" => constant("relaxed_constant_quality", all_found),
            "correctness" | "quality" | "first_quality" => constant("constant_quality", |quality| quality),
            "relaxed_correctness" | "relaxed_quality" => {
                constant("relaxed_constant_quality", |quality| quality)
            }
            _ => None,
        };
        let report = match reached {
            Some(reached) => scores::against(report, CONSTANT, reached),
            None => report,
        };
        run.report(0, &report)?;
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
    if let Some(sheet) = pictures(network, &shown, measure, device)? {
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
    measure: Measure,
    device: Device,
) -> Result<Option<Image>, PluginError> {
    if pairs.is_empty() {
        return Ok(None);
    }
    let row = |pair: &Pair| {
        let inputs = batch(std::slice::from_ref(pair), device)?;
        let training = measure.protocol == Protocol::Published;
        let predictions = predict(network, &inputs.images, measure.steps, training)?;
        let last = predictions.last().ok_or_else(|| PluginError::run("there is no prediction"))?;
        let image = |batch: &Tensor| -> Result<Image, PluginError> {
            Ok(Image::from_tensor(&batch.f_squeeze_dim(0).map_err(torch_error)?)?)
        };
        let small = |image: &Image| -> Result<Image, PluginError> {
            let shorter = image.width().min(image.height());
            let fits = shorter <= PICTURE_SIDE;
            Ok(if fits { image.clone() } else { resize_shorter_side(image, PICTURE_SIDE, Filter::Bilinear)? })
        };
        [&inputs.images, &inputs.maps, last].into_iter().map(|batch| small(&image(batch)?)).collect()
    };
    let rows = pairs.iter().map(row).collect::<Result<Vec<Vec<Image>>, PluginError>>()?;
    Ok(Some(sheet(&rows)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lossnet_plugin_kit::nn;
    use lossnet_plugin_kit::testing::set_parameters;
    use serde_json::Value;

    use super::*;
    use crate::data::Reader;
    use crate::settings::DelineationSettings;

    /// The twin of `pattern` in scripts/published/delineation_numbers.py.
    fn sample(seed: usize, height: usize, width: usize) -> Sample {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let colour =
            |(x, y): (usize, usize)| [0, 1, 2].map(|c| ((x * (3 + c) + y * (7 - c) + 31 * seed) % 256) as u8);
        let input = Image::rgb(width, height, places.clone().flat_map(colour).collect()).unwrap();
        let line = |(x, y): (usize, usize)| if (x + 2 * y + 5 * seed) % 23 < 6 { 255 } else { 0 };
        let output = Image::grey(width, height, places.map(line).collect()).unwrap();
        let fields = [("input", input), ("output", output)];
        let fields = fields.map(|(name, image)| (name.to_owned(), Field::Image(image.into())));
        Sample { id: seed.to_string(), group: String::new(), fields: fields.into() }
    }

    #[test]
    fn published_scores_are_those_of_the_published_test_program() {
        let golden: Value = serde_json::from_str(include_str!("../tests/golden/published.json")).unwrap();
        let unet = UNet::new(3, Device::Cpu);
        set_parameters(&nn::parameters(unet.variables()), 4).unwrap();
        set_parameters(&nn::buffers(unet.variables()), 4).unwrap();
        let settings =
            DelineationSettings { protocol: Protocol::Published, ..DelineationSettings::default() };
        let samples = [1, 2].map(|seed| sample(seed, 250, 250));
        let reader = Reader::new(&settings, &samples[0]).unwrap();
        let pairs = samples.map(|sample| reader.evaluated(&sample).unwrap());
        let measure = Measure { steps: 3, threshold: 0.45, tolerance: 0.0, protocol: Protocol::Published };
        let scores = measure.scores(&unet, &pairs, Device::Cpu).unwrap();
        for (name, found) in [
            ("completeness", mean(&scores, |scores| scores.strict.completeness)),
            ("correctness", mean(&scores, |scores| scores.strict.correctness)),
            ("quality", mean(&scores, |scores| scores.strict.quality)),
        ] {
            let expected = golden["test"][name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-4, "{name}: {found} instead of {expected}");
        }
    }
}
