//! Images from files to batches.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_kit::image::{Filter, Image, read, resize};
use lossnet_plugin_protocol::PluginError;
use tch::Tensor;

use crate::entry::Caller;

/// Reads the images of one command.
#[derive(Debug)]
pub(crate) struct ImageReader<'a> {
    size: Option<usize>,
    caller: &'a Caller,
    /// Conversions are told of once.
    told: AtomicBool,
}

impl<'a> ImageReader<'a> {
    /// Images are resized to `size` × `size`, if it is given, as Pillow does (bilinear, antialiased).
    pub(crate) fn new(size: Option<usize>, caller: &'a Caller) -> ImageReader<'a> {
        ImageReader { size, caller, told: AtomicBool::new(false) }
    }

    /// An image as RGB.
    pub(crate) fn read(&self, path: &Path) -> Result<Image, PluginError> {
        let decoded = read(path)?;
        if let Some(note) = decoded.note()
            && !self.told.swap(true, Ordering::Relaxed)
        {
            self.caller
                .notice(format!("{}: {note} (said once, also where others are like it)", path.display()));
        }
        match self.size {
            Some(side) if (decoded.image.width(), decoded.image.height()) != (side, side) => {
                Ok(resize(&decoded.image, side, side, Filter::Bilinear)?)
            }
            _ => Ok(decoded.image),
        }
    }

    /// Images that must agree in size.
    pub(crate) fn read_alike(&self, paths: &[PathBuf]) -> Result<Vec<Image>, PluginError> {
        let mut images: Vec<Image> = Vec::with_capacity(paths.len());
        for path in paths {
            let image = self.read(path)?;
            if let Some(first) = images.first()
                && (first.width(), first.height()) != (image.width(), image.height())
            {
                return Err(PluginError::input(format!(
                    "{} is {}×{} pixels and {} is {}×{}: images must agree in size; resize them with --size",
                    paths[0].display(),
                    first.width(),
                    first.height(),
                    path.display(),
                    image.width(),
                    image.height()
                )));
            }
            images.push(image);
        }
        Ok(images)
    }
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
