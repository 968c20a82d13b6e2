//! Features of images, into a safetensors file.

use std::sync::Arc;

use lossnet::engine::protocol::{FeaturesAnswer, FeaturesRequest};
use lossnet::weights::write_safetensors;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Progress;
use tch::Tensor;

use crate::entry::Caller;
use crate::images::{ImageReader, batch, values};
use crate::source::{Backbone, Purpose, layers};

/// Images that go through the network together.
const BATCH: usize = 16;

/// Computes and writes the features.
pub(super) fn features(
    request: &FeaturesRequest,
    caller: &Arc<Caller>,
) -> Result<FeaturesAnswer, PluginError> {
    let reader = ImageReader::new(request.backbone.size, caller);
    // All of them before the network, which may have to be brought first: wrong input is told at once.
    let images = reader.read_alike(&request.images)?;
    let layers = layers(&request.layers);
    let backbone = Backbone::open(&request.backbone, layers.iter().cloned(), Purpose::Evaluation, caller)?;
    let mut parts: Vec<Vec<Tensor>> = layers.iter().map(|_| Vec::new()).collect();
    for (position, portion) in images.chunks(BATCH).enumerate() {
        if caller.stopped() {
            return Err(PluginError::interrupted());
        }
        let values = tch::no_grad(|| backbone.session.features(&batch(portion)?))?;
        for (all, value) in parts.iter_mut().zip(values) {
            all.push(value.f_to(tch::Device::Cpu).map_err(torch_error)?);
        }
        let done = (position * BATCH + portion.len()) as u64;
        caller.progress(Progress::new("features", done, Some(images.len() as u64), "images"));
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
