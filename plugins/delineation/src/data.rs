//! Samples as images with their maps.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Filter, Image, crop, flip_horizontal, resize_shorter_side};
use lossnet_plugin_kit::samples;
use rand::Rng;
use tch::{Device, Kind, TchError};

use crate::maps::{self, OUTPUT};
use crate::network::STRIDE;
use crate::pixel_value::PixelValue;
use crate::settings::{DelineationSettings, Evaluation, Protocol};
use crate::step::Batch;

/// The field with the image.
const INPUT: &str = "input";

/// An image and its map, of the same size.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) input: Image,
    /// One channel: 255 where there is a line, 0 where there is none.
    pub(crate) map: Image,
    /// The shorter side to which both are brought as tensors, without antialiasing, by the published protocol.
    pub(crate) interpolated: Option<usize>,
}

impl Pair {
    /// Bytes that it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.input.data().len() + self.map.data().len()
    }
}

/// Makes pairs of samples.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// Channels of the images: 1 or 3.
    channels: usize,
    crop: usize,
    invert: bool,
    foreground: Vec<PixelValue>,
    evaluation: Evaluation,
    size: usize,
    protocol: Protocol,
}

impl Reader {
    /// A reader for images like that of this sample.
    pub(crate) fn new(settings: &DelineationSettings, first: &Sample) -> Result<Reader, PluginError> {
        Ok(Reader {
            channels: samples::image(first, INPUT)?.channels(),
            crop: settings.crop,
            invert: settings.invert,
            foreground: settings.foreground.clone(),
            evaluation: settings.evaluation,
            size: settings.size,
            protocol: settings.protocol,
        })
    }

    pub(crate) fn channels(&self) -> i64 {
        self.channels as i64
    }

    /// A random crop, flipped with probability one half; the same of image and map.
    pub(crate) fn training(&self, sample: &Sample, random: &mut impl Rng) -> Result<Pair, PluginError> {
        let pair = self.pair(sample)?;
        let (width, height, side) = (pair.input.width(), pair.input.height(), self.crop);
        if width.min(height) < side {
            return Err(PluginError::input(format!(
                "the image has {width}×{height} pixels, and crops of {side}×{side} are to be taken from it"
            ))
            .with_help(format!("set `task.crop` to a multiple of {STRIDE} that fits into all images")));
        }
        // Always three draws, so that what follows for this sample does not depend on the image's size.
        let left = random.random_range(0..=width - side);
        let top = random.random_range(0..=height - side);
        let flip = random.random_bool(0.5);
        let change = |image: &Image| -> Result<Image, PluginError> {
            let part = crop(image, left, top, side, side)?;
            Ok(if flip { flip_horizontal(&part) } else { part })
        };
        Ok(Pair { input: change(&pair.input)?, map: change(&pair.map)?, ..pair })
    }

    /// What is evaluated of a sample.
    pub(crate) fn evaluated(&self, sample: &Sample) -> Result<Pair, PluginError> {
        let pair = self.pair(sample)?;
        let shorter = pair.input.width().min(pair.input.height());
        match self.evaluation {
            Evaluation::Full if shorter < STRIDE => Err(PluginError::input(format!(
                "the image has {}×{} pixels, and sides must be at least {STRIDE}",
                pair.input.width(),
                pair.input.height()
            ))
            .with_help("with `task.evaluation = \"resized\"` it is enlarged")),
            Evaluation::Resized if shorter != self.size && self.protocol == Protocol::Published => {
                Ok(Pair { interpolated: Some(self.size), ..pair })
            }
            Evaluation::Resized if shorter != self.size => {
                let resize = |image| resize_shorter_side(image, self.size, Filter::Bilinear);
                Ok(Pair { input: resize(&pair.input)?, map: resize(&pair.map)?, ..pair })
            }
            _ => Ok(pair),
        }
    }

    /// Image and map as they are in the sample, with as many channels as they should have.
    fn pair(&self, sample: &Sample) -> Result<Pair, PluginError> {
        let (input, map) = (samples::image(sample, INPUT)?, samples::image(sample, OUTPUT)?);
        if (input.width(), input.height()) != (map.width(), map.height()) {
            return Err(PluginError::input(format!(
                "`{INPUT}` has {}×{} pixels and `{OUTPUT}` {}×{}: they must be of the same size",
                input.width(),
                input.height(),
                map.width(),
                map.height()
            )));
        }
        let input = match (input.channels(), self.channels) {
            (1, 3) => input.to_rgb(),
            (has, wanted) if has == wanted => input,
            _ => {
                return Err(PluginError::input(format!(
                    "`{INPUT}` is a colour image, and the first training image is grey, so the network is made for grey \
                     ones"
                ))
                .with_help("convert the images, so that all are RGB or all are grey"));
            }
        };
        let mut map = maps::lines(&map, &self.foreground)?;
        if self.invert {
            map.data_mut().iter_mut().for_each(|value| *value = 255 - *value);
        }
        Ok(Pair { id: sample.id.clone(), group: sample.group.clone(), input, map, interpolated: None })
    }
}

/// Pairs of one size as tensors on a device.
pub(crate) fn batch(pairs: &[Pair], device: Device) -> Result<Batch, PluginError> {
    let tensor = |of: fn(&Pair) -> &Image| {
        let images: Vec<&Image> = pairs.iter().map(of).collect();
        let batch = samples::batch(&images)?.f_to_device(device).map_err(torch_error)?;
        match pairs.first().and_then(|pair| pair.interpolated) {
            Some(side) => interpolate(&batch, side as i64).map_err(torch_error),
            None => Ok(batch),
        }
    };
    Ok(Batch { images: tensor(|pair| &pair.input)?, maps: tensor(|pair| &pair.map)? })
}

/// Images N×C×H×W whose shorter side has been brought to so many pixels as torchvision does it with tensors before its version
/// 0.17: bilinear, without antialiasing.
fn interpolate(images: &Tensor, side: i64) -> Result<Tensor, TchError> {
    let &[_, _, height, width] = images.size().as_slice() else {
        return Err(TchError::Shape(format!(
            "a tensor of shape {:?} is not a batch of images",
            images.size()
        )));
    };
    let longer = |long: i64, short: i64| (side as f64 * long as f64 / short as f64) as i64;
    let size = if width <= height { [longer(height, width), side] } else { [side, longer(width, height)] };
    images.f_to_kind(Kind::Float)?.f_upsample_bilinear2d(size, false, None, None)
}
