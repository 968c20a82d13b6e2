//! Which samples are used for what, and what becomes of their images.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Filter, Image, pad_reflect, resize};
use lossnet_plugin_kit::samples;
use lossnet_plugin_kit::train::validation_split;

use crate::settings::{AutoencoderSettings, Protocol};

/// Splits that an autoencoder is preferably trained on: large ones, whose labels, if any, are not needed for anything else.
pub(crate) const PREFERRED: [&str; 3] = ["unlabeled", "extra", "train"];

/// The split that the autoencoder is trained on. Says which one was chosen where that was left to the task.
fn autoencoder_split(configured: &str, run: &dyn Run) -> Result<String, PluginError> {
    if configured != "auto" {
        return Ok(configured.to_owned());
    }
    let known = &run.context().known_splits;
    let found = PREFERRED.into_iter().find(|split| known.iter().any(|known| known == split));
    // A dataset of the user's folders may not know its splits before one is opened.
    let split = found.or(known.is_empty().then_some("train")).ok_or_else(|| {
        PluginError::input(format!(
            "the dataset has no split unlabeled, extra or train to train the autoencoder on: it has {}",
            known.join(", ")
        ))
        .with_help("name the split in `task.autoencoder_split`")
    })?;
    run.notice(&format!("the autoencoder is trained on the split `{split}`"));
    Ok(split.to_owned())
}

/// A split that is trained on.
pub(crate) struct Part {
    pub(crate) split: String,
    pub(crate) samples: Box<dyn Samples>,
    /// Positions of the samples that are trained with.
    pub(crate) training: Vec<usize>,
    /// Positions of the samples that are set aside for validation.
    pub(crate) validation: Vec<usize>,
}

impl Part {
    /// Opens a split and sets a share of it aside, by the run's seed.
    ///
    /// `settings` are the key of the training's settings, such as `task.training`.
    fn open(
        run: &dyn Run,
        split: &str,
        share: f64,
        protocol: Protocol,
        settings: &str,
    ) -> Result<Part, PluginError> {
        let samples = run.samples(split)?;
        let whole = samples.len() as f64;
        // The published code rounds down what is set aside.
        let exact = match protocol {
            Protocol::Corrected => share,
            Protocol::Published => (whole * share).floor() / whole.max(1.0),
        };
        let (training, validation) = validation_split(samples.len(), exact, run.context().seed);
        if training.is_empty() || validation.is_empty() {
            return Err(PluginError::input(format!(
                "the split `{split}` has {} samples, and with `{settings}.validation_fraction` {share} there is nothing to {} with",
                samples.len(),
                if training.is_empty() { "train" } else { "validate" }
            ))
            .with_help(format!(
                "{} {settings}.validation_fraction, or take more samples (data.limit, or another split)",
                if training.is_empty() { "lower" } else { "raise" }
            )));
        }
        Ok(Part { split: split.to_owned(), samples, training, validation })
    }
}

/// All data of a run.
pub(crate) struct Data {
    /// What the autoencoder learns from.
    pub(crate) autoencoder: Part,
    /// What the predictors learn from.
    pub(crate) predictors: Part,
    /// What is evaluated at the end, by the names of the splits.
    pub(crate) evaluated: Vec<(String, Box<dyn Samples>)>,
}

impl Data {
    /// Opens all of it, so that what is missing or has no labels is found out before hours are spent on a training.
    pub(crate) fn open(settings: &AutoencoderSettings, run: &dyn Run) -> Result<Data, PluginError> {
        let split = autoencoder_split(&settings.autoencoder_split, run)?;
        let share = settings.training.validation_fraction;
        let autoencoder = Part::open(run, &split, share, settings.protocol, "task.training")?;
        let share = settings.predictor_training.validation_fraction;
        let predictors =
            Part::open(run, &settings.predictor_split, share, settings.protocol, "task.predictor_training")?;
        Preparation::label(&predictors.samples.sample(0)?, settings.classes)?;
        let open = |split: String| {
            let samples = run.samples(&split)?;
            if samples.is_empty() {
                return Err(PluginError::input(format!("the split `{split}` has no samples")));
            }
            Preparation::label(&samples.sample(0)?, settings.classes)?;
            Ok((split, samples))
        };
        let evaluated = run.context().evaluated_splits().into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Data { autoencoder, predictors, evaluated })
    }
}

/// How images are brought to a side that the autoencoder can take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preparation {
    size: usize,
    /// Height and width that all images must have in the end, once that is known.
    extent: Option<(usize, usize)>,
}

impl Preparation {
    /// Resizes to squares of this side first; 0: not at all.
    pub(crate) fn new(size: u32) -> Preparation {
        Preparation { size: size as usize, extent: None }
    }

    /// The same for images that must all come out as large as this sample's.
    pub(crate) fn like(self, samples: &dyn Samples) -> Result<Preparation, PluginError> {
        let image = self.image(&samples.sample(0)?)?;
        Ok(Preparation { extent: Some((image.height(), image.width())), ..self })
    }

    /// Height and width, once they are known.
    pub(crate) fn extent(&self) -> Option<(i64, i64)> {
        self.extent.map(|(height, width)| (height as i64, width as i64))
    }

    /// The sample's image in RGB, resized if that is wanted, and padded by reflection to sides of 64 + 16n.
    pub(crate) fn image(&self, sample: &Sample) -> Result<Image, PluginError> {
        let image = samples::image(sample, "image")?.to_rgb();
        let fits = self.size == 0 || (image.width() == self.size && image.height() == self.size);
        let image = if fits { image } else { resize(&image, self.size, self.size, Filter::Bilinear)? };
        let image = pad(image)?;
        match self.extent {
            Some((height, width)) if (height, width) != (image.height(), image.width()) => {
                Err(PluginError::input(format!(
                    "the image needs an autoencoder for {}×{} pixels, and this one, made for the first image, takes \
                     {width}×{height}",
                    image.width(),
                    image.height()
                ))
                .with_help("set `task.size` so that all images get the same size"))
            }
            _ => Ok(image),
        }
    }

    /// The sample's class, a whole number below `classes`.
    pub(crate) fn label(sample: &Sample, classes: u32) -> Result<i64, PluginError> {
        let label = samples::number(sample, "label")?;
        if label.fract() == 0.0 && (0.0..f64::from(classes)).contains(&label) {
            return Ok(label as i64);
        }
        Err(PluginError::input(format!(
            "the label of {} is {label}, and with {classes} classes it must be a whole number from 0 to {}",
            sample.id,
            classes - 1
        ))
        .with_help("set `task.classes` to the number of classes"))
    }
}

/// The sides that autoencoders take: 64 + 16n.
pub(crate) const PADDING: Padding = Padding { least: 64, step: 16 };

fn padded_side(side: usize) -> usize {
    PADDING.side(side as u32) as usize
}

/// The image with what lacks to sides of 64 + 16n, half on each side; the odd pixel goes to the right and the bottom.
fn pad(image: Image) -> Result<Image, PluginError> {
    let (width, height) = (image.width(), image.height());
    let (across, down) = (padded_side(width) - width, padded_side(height) - height);
    if (across, down) == (0, 0) {
        return Ok(image);
    }
    let (left, top) = (across / 2, down / 2);
    let (right, bottom) = (across - left, down - top);
    // A reflection has no more than the image without its edge.
    if right >= width || bottom >= height {
        return Err(PluginError::input(format!(
            "an image of {width}×{height} pixels is too small to be padded to {}×{} by reflection, which the \
             autoencoder needs",
            width + across,
            height + down
        ))
        .with_help("set `task.size` to 64 or more to enlarge the images"));
    }
    Ok(pad_reflect(&image, left, top, right, bottom)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sample(width: usize, height: usize) -> Sample {
        let image = Image::grey(width, height, (0..width * height).map(|at| at as u8).collect()).unwrap();
        let fields =
            vec![("image".to_owned(), Field::Image(image.into())), ("label".to_owned(), Field::Number(3.0))];
        Sample { id: "a".to_owned(), group: String::new(), fields }
    }

    #[test]
    fn sides_are_padded_to_the_next_possible_one() {
        assert_eq!([1, 32, 64, 65, 80, 81, 96].map(padded_side), [64, 64, 64, 80, 80, 96, 96]);
    }

    #[test]
    fn images_are_padded_by_reflection_without_repeating_the_edge() {
        let image = Preparation::new(0).image(&sample(32, 33)).unwrap();
        assert_eq!((image.width(), image.height(), image.channels()), (64, 64, 3));
        // Left 16, top 15: the pixel (16, 15) of the padded image is the first of the given one.
        assert_eq!(image.pixel(16, 15), [0; 3]);
        assert_eq!(image.pixel(15, 15), image.pixel(17, 15));
        assert_eq!(image.pixel(16, 14), image.pixel(16, 16));
        assert_eq!(image.pixel(0, 15), [16; 3]);
        let whole = Preparation::new(0).image(&sample(64, 80)).unwrap();
        assert_eq!(whole.to_grey().data(), sample_data(64, 80));
    }

    fn sample_data(width: usize, height: usize) -> Vec<u8> {
        (0..width * height).map(|at| at as u8).collect()
    }

    #[test]
    fn images_that_can_t_be_padded_or_differ_in_size_are_refused() {
        assert!(Preparation::new(0).image(&sample(22, 22)).is_ok());
        let error = Preparation::new(0).image(&sample(21, 64)).unwrap_err();
        assert!(error.to_string().contains("21×64") && error.to_string().contains("64×64"), "{error}");
        assert!(Preparation::new(64).image(&sample(21, 64)).is_ok());
        let fixed = Preparation { size: 0, extent: Some((64, 64)) };
        let error = fixed.image(&sample(64, 70)).unwrap_err();
        assert!(error.to_string().contains("64×80 pixels") && error.to_string().contains("64×64"), "{error}");
    }

    #[test]
    fn labels_are_whole_numbers_below_the_number_of_classes() {
        assert_eq!(Preparation::label(&sample(1, 1), 10).unwrap(), 3);
        let error = Preparation::label(&sample(1, 1), 3).unwrap_err();
        assert!(error.to_string().contains("the label of a is 3") && error.to_string().contains("0 to 2"));
    }
}
