//! What is trained and validated with: which images, and how inputs and targets are made of them.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::formula::{INCREMENT, mix};
use lossnet_plugin_kit::image::{Filter, Image, center_crop, gaussian_blur, resize_shorter_side};
use lossnet_plugin_kit::loader::{LoaderOptions, load_batches};
use lossnet_plugin_kit::samples;
use lossnet_plugin_kit::train::validation_split;

use crate::settings::{DEFAULT_VAL_SPLIT, SuperResolutionSettings};

/// The field that samples need.
pub(crate) const FIELD: &str = "image";

/// Standard deviation, in pixels of the original, of the blur in front of the reduction.
const BLUR_RADIUS: f64 = 1.0;

/// A small image and what it is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The input, RGB or grey as the original, `size / factor` pixels square.
    pub input: Image,
    /// The target, as many channels, `size` pixels square.
    pub target: Image,
}

impl Pair {
    /// Makes both of an image, as published: the target is resized so that its shorter side has `size` pixels (bilinear,
    /// as Pillow does) and its central square taken; the input is the original blurred (Pillow's Gaussian of radius 1),
    /// resized so that its shorter side has `size / factor` pixels (bicubic), and its central square.
    ///
    /// Fails where `size / factor` is 0.
    pub fn of(image: &Image, size: u32, factor: u32) -> Result<Pair, PluginError> {
        let square = |image: &Image, size: u32, filter| {
            let size = size as usize;
            center_crop(&resize_shorter_side(image, size, filter)?, size, size)
        };
        let target = square(image, size, Filter::Bilinear)?;
        let input = square(&gaussian_blur(image, BLUR_RADIUS)?, size / factor, Filter::Bicubic)?;
        Ok(Pair { input, target })
    }
}

/// Pairs as tensors on the CPU, N×3×H×W, float32, in [0, 1].
#[derive(Debug)]
pub struct Batch {
    /// The inputs.
    pub input: Tensor,
    /// The targets.
    pub target: Tensor,
}

impl Batch {
    /// A batch of RGB pairs of one size. Fails if sizes differ, and for none.
    pub fn of(pairs: &[Pair]) -> Result<Batch, PluginError> {
        let collate = |pick: fn(&Pair) -> &Image| {
            let images: Vec<&Image> = pairs.iter().map(pick).collect();
            samples::batch(&images)
        };
        Ok(Batch { input: collate(|pair| &pair.input)?, target: collate(|pair| &pair.target)? })
    }
}

/// The pair of a sample, in RGB.
pub(crate) fn prepare(sample: &Sample, settings: &SuperResolutionSettings) -> Result<Pair, PluginError> {
    Pair::of(&samples::image(sample, FIELD)?.to_rgb(), settings.size, settings.factor)
}

/// The images that a training uses.
pub(crate) struct Parts {
    /// The split that is trained with.
    pub(crate) samples: Box<dyn Samples>,
    /// Which of its samples are.
    pub(crate) training: Vec<usize>,
    /// What is validated with.
    pub(crate) validation: Vec<Pair>,
}

impl Parts {
    /// Draws the images and loads those of the validation. Fails if a split is missing or has too few images.
    pub(crate) fn open(settings: &SuperResolutionSettings, run: &dyn Run) -> Result<Parts, PluginError> {
        let split = settings.train_split.as_str();
        let known = &run.context().known_splits;
        let has = |split: &str| known.is_empty() || known.iter().any(|known| known == split);
        for (key, split) in [("train_split", split), ("val_split", &settings.val_split)] {
            let may_lack = key == "val_split" && (split.is_empty() || split == DEFAULT_VAL_SPLIT);
            if !has(split) && !may_lack {
                let message = format!("the dataset has no split `{split}`: it has {}", known.join(", "));
                return Err(PluginError::input(message).with_help(format!("choose one with task.{key}")));
            }
        }
        let samples = run.samples(split)?;
        let drawn = draw(samples.len(), settings.train_images, settings.data_seed);
        if drawn.len() < settings.train_images {
            run.notice(&format!(
                "the split `{split}` has {} images, fewer than the {} that are to be trained with: all are taken",
                drawn.len(),
                settings.train_images
            ));
        }
        if !settings.val_split.is_empty() && settings.val_split != split && has(&settings.val_split) {
            let from = run.samples(&settings.val_split).map_err(|error| {
                error.with_help(
                    "choose the split with task.val_split; \"\" sets a share of the training's images aside",
                )
            })?;
            let chosen = draw(from.len(), settings.val_images, settings.data_seed);
            let validation = load(&*from, &chosen, settings, run)?;
            return Parts { samples, training: drawn, validation }.checked(split, &settings.val_split);
        }
        let most = settings.val_images as f64 / drawn.len().max(1) as f64;
        let share = settings.training.validation_fraction.min(most);
        let (training, aside) = validation_split(drawn.len(), share, settings.data_seed);
        let pick =
            |positions: Vec<usize>| positions.into_iter().map(|place| drawn[place]).collect::<Vec<_>>();
        let (training, aside) = (pick(training), pick(aside));
        run.notice(&format!(
            "{} of the {} images of `{split}` are set aside for the validation",
            aside.len(),
            drawn.len()
        ));
        let validation = load(&*samples, &aside, settings, run)?;
        Parts { samples, training, validation }.checked(split, split)
    }

    fn checked(self, train_split: &str, val_split: &str) -> Result<Parts, PluginError> {
        let nothing = |what: &str, split: &str| {
            PluginError::input(format!("the split `{split}` leaves no image to {what} with"))
        };
        if self.training.is_empty() {
            return Err(nothing("train", train_split));
        }
        if self.validation.is_empty() {
            return Err(nothing("validate", val_split).with_help(
                "raise task.training.validation_fraction, or name another split as task.val_split",
            ));
        }
        Ok(self)
    }
}

/// Loads and prepares all of these samples.
fn load(
    from: &dyn Samples,
    chosen: &[usize],
    settings: &SuperResolutionSettings,
    run: &dyn Run,
) -> Result<Vec<Pair>, PluginError> {
    let batch_size = settings.training.batch_size;
    let batches: Vec<Vec<usize>> = chosen.chunks(batch_size).map(<[usize]>::to_vec).collect();
    let mut pairs = Vec::with_capacity(chosen.len());
    let total = chosen.len() as u64;
    let tell = |done: usize| run.advance("loading validation images", done as u64, total, "images");
    tell(0);
    load_batches(
        from,
        &batches,
        LoaderOptions::of(run, batch_size),
        |_, sample| prepare(&sample, settings),
        |batch| {
            run.check_cancelled()?;
            pairs.extend(batch);
            tell(pairs.len());
            Ok(())
        },
    )?;
    Ok(pairs)
}

/// Draws `count` of `len` positions without repetition, all if there are fewer; in ascending order.
///
/// The method, so that others can draw the same: the first `count` steps of a Fisher-Yates shuffle of 0, 1, …, `len` - 1
/// that swaps place `i` with place `i + floor(r (len - i) / 2^64)`, where the `r` are the outputs of SplitMix64 (Steele,
/// Lea and Flood, OOPSLA 2014) whose state begins as `seed`.
pub fn draw(len: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..len).collect();
    let mut state = seed;
    let count = count.min(len);
    for place in 0..count {
        state = state.wrapping_add(INCREMENT);
        let left = (len - place) as u128;
        let offset = (u128::from(mix(state)) * left) >> 64;
        positions.swap(place, place + offset as usize);
    }
    positions.truncate(count);
    positions.sort_unstable();
    positions
}
