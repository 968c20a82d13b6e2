//! Distances between pairs of images.

use std::path::Path;
use std::sync::Arc;

use lossnet::engine::protocol::{CompareRequest, ComparisonRequest, Event, LayerDistance, PairDistance};
use lossnet_plugin_kit::image::{Image, overlay, write_png};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Progress;

use crate::entry::Caller;
use crate::images::{ImageReader, batch, values};
use crate::session::LossNetworkSpec;
use crate::source::{Backbone, Purpose, layers};

/// Computes and sends each pair's distance.
pub(super) fn compare(request: &CompareRequest, caller: &Arc<Caller>) -> Result<(), PluginError> {
    let reader = ImageReader::new(request.backbone.size, caller);
    let mut first = match request.pairs.first() {
        Some((a, b)) => Some(reader.read_alike(&[a.clone(), b.clone()])?),
        None => None,
    };
    let layers = layers(&request.layers);
    let backbone = Backbone::open(&request.backbone, layers.iter().cloned(), Purpose::Evaluation, caller)?;
    let spec = backbone.loss_network(&layers, &request.comparison)?;
    let signature = backbone.signature(&layers, Some((&request.comparison, &spec)), "none").to_string();
    for (position, (a, b)) in request.pairs.iter().enumerate() {
        if caller.stopped() {
            return Err(PluginError::interrupted());
        }
        let images = match first.take() {
            Some(images) => images,
            None => reader.read_alike(&[a.clone(), b.clone()])?,
        };
        let pair = PairDistance {
            pair: position,
            signature: signature.clone(),
            ..distance(&backbone, &spec, &request.layers, &images)?
        };
        if let Some(map) = request.map.as_deref().filter(|_| position == 0) {
            draw(&backbone, &spec, &request.comparison, &images, map)?;
        }
        caller.send(&Event::Pair(pair));
        let total = request.pairs.len() as u64;
        if total > 1 {
            caller.progress(Progress::new("comparing", position as u64 + 1, Some(total), "pairs"));
        }
    }
    Ok(())
}

fn distance(
    backbone: &Backbone,
    spec: &LossNetworkSpec,
    names: &[String],
    images: &[Image],
) -> Result<PairDistance, PluginError> {
    let tensors = [batch(&images[..1])?, batch(&images[1..])?];
    let shares =
        tch::no_grad(|| backbone.session.layer_distances(&tensors, &[(0, 1)], std::slice::from_ref(spec)))?;
    let mut layers = Vec::new();
    for (name, share) in names.iter().zip(shares.iter().flatten()) {
        let distance = f64::from(values(share)?.first().copied().unwrap_or(f32::NAN));
        if !distance.is_finite() {
            return Err(PluginError::run(format!("the distance at layer {name} is {distance}")));
        }
        layers.push(LayerDistance { layer: name.clone(), distance });
    }
    let distance = layers.iter().map(|layer| layer.distance).sum();
    Ok(PairDistance { pair: 0, distance, layers, signature: String::new() })
}

/// Draws where the images differ over the first of them. Fails if the comparison says nothing about that.
fn draw(
    backbone: &Backbone,
    spec: &LossNetworkSpec,
    comparison: &ComparisonRequest,
    images: &[Image],
    path: &Path,
) -> Result<(), PluginError> {
    let size = (images[0].height() as i64, images[0].width() as i64);
    let features = |images: &[Image]| tch::no_grad(|| backbone.session.features(&batch(images)?));
    let map = backbone.session.map(&features(&images[..1])?, &features(&images[1..])?, size, spec, None)?;
    let map = map.ok_or_else(|| {
        PluginError::input(format!(
            "there is no map to draw: with the comparison `{}` at these layers a distance says nothing about where images \
             differ",
            comparison.name
        ))
        .with_help("leave --map out, or compare with `spatial` at a layer that has positions")
    })?;
    let map = values(&map)?;
    let highest = map.iter().copied().fold(0.0, f32::max);
    write_png(path, &overlay(&images[0], &map, (0.0, highest))?)?;
    Ok(())
}
