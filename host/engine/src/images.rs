//! Images from files to batches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lossnet_core::engine_protocol::BackboneRequest;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_kit::image::{Decoded, Filter, Image, read, resize};
use lossnet_plugin_protocol::PluginError;
use tch::Tensor;

use crate::caller::Caller;

/// Reads the images of one command.
#[derive(Debug)]
pub(crate) struct ImageReader<'a> {
    size: Option<usize>,
    /// Whether images are turned as their EXIF data say.
    upright: bool,
    caller: &'a Caller,
    /// Each kind of conversion is told of once.
    told: Mutex<BTreeSet<&'static str>>,
}

impl<'a> ImageReader<'a> {
    /// Images are turned as their EXIF data say, if that is asked for, and resized to squares, if a size is, as Pillow does
    /// (bilinear, antialiased).
    pub(crate) fn new(request: &BackboneRequest, caller: &'a Caller) -> ImageReader<'a> {
        ImageReader { size: request.size, upright: request.exif_orientation, caller, told: Mutex::default() }
    }

    /// An image as RGB.
    fn decode(&self, path: &Path) -> Result<Decoded, PluginError> {
        let decoded = read(path)?;
        let decoded = if self.upright { decoded.upright() } else { decoded };
        for note in decoded.notes() {
            if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(note) {
                self.caller
                    .notice(format!("{}: {note} (further occurrences are not reported)", path.display()));
            }
        }
        match self.size {
            Some(side) if (decoded.image.width(), decoded.image.height()) != (side, side) => {
                let image = resize(&decoded.image, side, side, Filter::Bilinear)?;
                Ok(Decoded { image, ..decoded })
            }
            _ => Ok(decoded),
        }
    }

    /// Images that must agree in size.
    pub(crate) fn read_alike(&self, paths: &[PathBuf]) -> Result<Vec<Image>, PluginError> {
        let mut images: Vec<Decoded> = Vec::with_capacity(paths.len());
        for path in paths {
            let decoded = self.decode(path)?;
            if let Some(first) = images.first()
                && size(&first.image) != size(&decoded.image)
            {
                return Err(unlike((&paths[0], first), (path, &decoded)));
            }
            images.push(decoded);
        }
        Ok(images.into_iter().map(|decoded| decoded.image).collect())
    }
}

fn size(image: &Image) -> (usize, usize) {
    (image.width(), image.height())
}

/// The error for two images of unlike sizes, which names EXIF's orientation where that is all that they differ by.
fn unlike((path, image): (&Path, &Decoded), (other_path, other): (&Path, &Decoded)) -> PluginError {
    let upright = |decoded: &Decoded| {
        let (width, height) = size(&decoded.image);
        if decoded.orientation.swaps_sides() { (height, width) } else { (width, height) }
    };
    let ((width, height), (other_width, other_height)) = (size(&image.image), size(&other.image));
    let differ = format!(
        "{} is {width}×{height} pixels and {} is {other_width}×{other_height}",
        path.display(),
        other_path.display(),
    );
    if upright(image) == upright(other) {
        let turned = if image.orientation.swaps_sides() { path } else { other_path };
        return PluginError::input(format!(
            "{differ}: the EXIF data of {} say that it is to be turned, and with --exif-orientation both have one size",
            turned.display()
        ));
    }
    PluginError::input(format!("{differ}: images must agree in size; resize them with --size"))
}

/// Images of one size as a batch, N×3×H×W in [0, 1].
pub(crate) fn batch(images: &[Image]) -> Result<Tensor, PluginError> {
    let tensors = images.iter().map(Image::to_tensor).collect::<Result<Vec<_>, _>>()?;
    Tensor::f_stack(&tensors, 0).map_err(torch_error)
}

/// A tensor's values as float32, in row-major order.
pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f32>, PluginError> {
    let flat = tensor.f_to(tch::Device::Cpu).and_then(|t| t.f_contiguous()).and_then(|t| t.f_flatten(0, -1));
    flat.and_then(Vec::<f32>::try_from).map_err(torch_error)
}
