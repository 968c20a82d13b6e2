//! Features of images, into a safetensors file.

use std::path::PathBuf;
use std::sync::Arc;

use lossnet_core::engine_protocol::{FeaturesAnswer, FeaturesRequest};
use lossnet_core::weights::write_safetensors;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Progress;
use tch::Tensor;

use crate::caller::Caller;
use crate::images::{ImageReader, batch, values};
use crate::source::{Backbone, NOT_FINITE, Purpose, layers};

/// Images that go through the network together.
const BATCH: usize = 16;

/// Computes and writes the features.
pub(super) fn features(
    request: &FeaturesRequest,
    caller: &Arc<Caller>,
) -> Result<FeaturesAnswer, PluginError> {
    let reader = ImageReader::new(&request.backbone, caller);
    // All of them before the network, which may have to be brought first: wrong input is told at once.
    let images = reader.read_alike(&request.images)?;
    let layers = layers(&request.layers);
    let backbone = Backbone::open(&request.backbone, layers.iter().cloned(), Purpose::Evaluation, caller)?;
    let progress = |done: usize| {
        caller.progress(Progress::new("features", done as u64, Some(images.len() as u64), "images"));
    };
    progress(0);
    let mut parts: Vec<Vec<Tensor>> = layers.iter().map(|_| Vec::new()).collect();
    for (position, portion) in images.chunks(BATCH).enumerate() {
        if caller.stopped() {
            return Err(PluginError::interrupted());
        }
        let values = tch::no_grad(|| backbone.session.features(&batch(portion)?))?;
        let first = position * BATCH;
        for ((all, value), layer) in parts.iter_mut().zip(values).zip(&request.layers) {
            let value = value.f_to(tch::Device::Cpu).map_err(torch_error)?;
            check_finite(&value, layer, &request.images[first..first + portion.len()])?;
            all.push(value);
        }
        progress(first + portion.len());
    }

    let mut written = Vec::new();
    for (name, parts) in request.layers.iter().zip(&parts) {
        let value = Tensor::f_cat(parts, 0).map_err(torch_error)?;
        written.push((name.clone(), value.size(), values(&value)?));
    }
    let signature = backbone.signature(&layers, None, "none").to_string();
    let tensors: Vec<(&str, &[i64], &[f32])> = written
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    let images: Vec<String> = request.images.iter().map(|path| path.display().to_string()).collect();
    let metadata = [("signature", signature.as_str()), ("images", &images.join("\n"))];
    write_safetensors(&request.out, &tensors, &metadata)
        .map_err(|error| PluginError::input(error.to_string()).with_source(&error))?;
    let tensors = written.into_iter().map(|(name, shape, _)| (name, shape)).collect();
    Ok(FeaturesAnswer { tensors, signature })
}

/// Refuses features that no distance can be made of, with the first image that has them.
fn check_finite(value: &Tensor, layer: &str, images: &[PathBuf]) -> Result<(), PluginError> {
    let of_images = value.f_isfinite().and_then(|finite| finite.f_flatten(1, -1)?.f_all_dim(1, false));
    let of_images = of_images.and_then(Vec::<bool>::try_from).map_err(torch_error)?;
    let Some((image, _)) = images.iter().zip(of_images).find(|(_, finite)| !finite) else { return Ok(()) };
    Err(PluginError::input(format!(
        "the features of {} at layer {layer} are not finite with these weights and this precision",
        image.display()
    ))
    .with_help(NOT_FINITE))
}
