//! Distances between pairs of images.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lossnet_core::engine_protocol::{CompareRequest, Event, LayerDistance, PairDistance, PairFailure};
use lossnet_plugin_kit::image::{Image, overlay, write_png};
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::{ErrorKind, PluginError};

use crate::caller::Caller;
use crate::images::{ImageReader, batch, values};
use crate::session::LossNetworkSpec;
use crate::source::{Backbone, NOT_FINITE, Purpose, layers};

/// Computes and sends each pair's distance.
pub(super) fn compare(request: &CompareRequest, caller: &Arc<Caller>) -> Result<(), PluginError> {
    let reader = ImageReader::new(&request.backbone, caller);
    let read = |pair: &(PathBuf, PathBuf)| reader.read_alike(&[pair.0.clone(), pair.1.clone()]);
    // A wrong image of the only pair is told of before weights are brought, which can take minutes.
    let mut first = match request.pairs.first() {
        Some(pair) if request.keep_going => Some(read(pair)),
        Some(pair) => Some(Ok(read(pair)?)),
        None => None,
    };
    let layers = layers(&request.layers);
    let backbone = Backbone::open(&request.backbone, layers.iter().cloned(), Purpose::Evaluation, caller)?;
    let spec = backbone.loss_network(&layers, &request.comparison)?;
    let signature = backbone.signature(&layers, Some((&request.comparison, &spec)), "none").to_string();
    let progress = |done: usize| {
        let total = request.pairs.len();
        if total > 1 {
            caller.progress(Progress::new("comparing", done as u64, Some(total as u64), "pairs"));
        }
    };
    progress(0);
    for (position, pair) in request.pairs.iter().enumerate() {
        if caller.stopped() {
            return Err(PluginError::interrupted());
        }
        let images = first.take().unwrap_or_else(|| read(pair));
        let measured = images.and_then(|images| {
            let distance = distance(&backbone, &spec, &request.layers, &images)?;
            Ok((images, distance))
        });
        match measured {
            Ok((images, distance)) => {
                if let Some(map) = request.maps.get(position) {
                    draw(&backbone, &spec, request, &images, map)?;
                }
                caller.send(&Event::Pair(PairDistance {
                    pair: position,
                    signature: signature.clone(),
                    ..distance
                }));
            }
            Err(error) if request.keep_going && error.kind != ErrorKind::Interrupted => {
                let error = super::advise_on_memory(error);
                caller.send(&Event::PairFailed(PairFailure { pair: position, error }));
            }
            Err(error) => return Err(error),
        }
        progress(position + 1);
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
            return Err(PluginError::input(format!(
                "the distance at layer {name} is {distance}: the features are not finite with these weights and this precision"
            ))
            .with_help(NOT_FINITE));
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
    request: &CompareRequest,
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
            request.comparison.name
        ))
        .with_help("leave --map out, or compare with `spatial` at a layer that has positions")
    })?;
    let map = values(&map)?;
    let highest = map.iter().copied().fold(0.0, f32::max);
    write_png(path, &overlay(&images[0], &map, (0.0, highest))?)?;
    Ok(())
}
