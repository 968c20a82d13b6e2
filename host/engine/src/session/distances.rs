//! Distances of image pairs for many loss networks at once.

use std::collections::{BTreeMap, BTreeSet};

use lossnet_plugin_api::component::{Compare, torch_error};
use lossnet_plugin_protocol::PluginError;
use tch::{TchError, Tensor};

use super::calibration::place;
use super::{LossNetworkSpec, Session, Term, normalization};

/// A layer's distance under one term, weighted or not: what is computed once per pair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part<'a> {
    /// Position among the session's layers.
    layer: usize,
    /// Key of the comparison's term.
    term: &'a str,
    /// Which calibration, and the place in it.
    calibration: Option<(&'a str, usize)>,
}

/// What every loss network is a sum of.
struct Parts<'a> {
    /// For each loss network, for each of its layers, the parts that add up.
    of: Vec<Vec<Vec<Part<'a>>>>,
}

impl<'a> Parts<'a> {
    fn of(session: &Session, specs: &'a [LossNetworkSpec]) -> Result<Parts<'a>, PluginError> {
        let mut of = Vec::new();
        for spec in specs {
            let mut layers = Vec::new();
            for (position, layer) in spec.layers.iter().enumerate() {
                let layer = session.position(layer)?;
                let parts = spec.terms.iter().enumerate().map(|(index, term)| {
                    let calibration = spec.calibration.as_ref();
                    let calibration =
                        calibration.map(|weights| (weights.sha256(), weights.place(index, position)));
                    Part { layer, term: &term.key, calibration }
                });
                layers.push(parts.collect());
            }
            of.push(layers);
        }
        Ok(Parts { of })
    }

    fn all(&self) -> BTreeSet<&Part<'a>> {
        self.of.iter().flatten().flatten().collect()
    }
}

/// The terms of all loss networks by key.
fn terms(specs: &[LossNetworkSpec]) -> BTreeMap<&str, &Term> {
    specs.iter().flat_map(|spec| &spec.terms).map(|term| (term.key.as_str(), term)).collect()
}

/// The channel weights of a part.
fn weights<'a>(specs: &'a [LossNetworkSpec], part: &Part<'_>) -> Option<&'a Tensor> {
    let (sha256, place) = part.calibration?;
    let calibrations = specs.iter().filter_map(|spec| spec.calibration.as_ref());
    calibrations.into_iter().find(|weights| weights.sha256() == sha256)?.at(place)
}

impl Session {
    /// The distance of each pair (positions in `images`) and sample for each loss network: loss networks × pairs × N,
    /// float32, without gradients.
    ///
    /// `images` are batches of the same shape, N×3×H×W, float32, RGB in [0, 1].
    pub fn distances(
        &self,
        images: &[Tensor],
        pairs: &[(usize, usize)],
        specs: &[LossNetworkSpec],
    ) -> Result<Tensor, PluginError> {
        tch::no_grad(|| {
            let layers = self.layer_distances(images, pairs, specs)?;
            let sums: Result<Vec<Tensor>, PluginError> = layers
                .into_iter()
                .map(|of_network| {
                    let count = of_network.len();
                    let mut layers = of_network.into_iter();
                    let first = layers.next().ok_or_else(|| {
                        PluginError::run(format!("a loss network of {count} layers has no distance"))
                    })?;
                    layers.try_fold(first, |sum, layer| sum.f_add(&layer).map_err(torch_error))
                })
                .collect();
            Tensor::f_stack(&sums?, 0).map_err(torch_error)
        })
    }

    /// The share of each layer: for each loss network, for each of its layers, pairs × N.
    pub fn layer_distances(
        &self,
        images: &[Tensor],
        pairs: &[(usize, usize)],
        specs: &[LossNetworkSpec],
    ) -> Result<Vec<Vec<Tensor>>, PluginError> {
        check(images, pairs)?;
        let parts = Parts::of(self, specs)?;
        let mut distances: BTreeMap<&Part<'_>, Tensor> = BTreeMap::new();
        // One batch after the other: an image's features do not depend on what else is compared.
        let features: Vec<Vec<Tensor>> =
            images.iter().map(|batch| self.features(batch)).collect::<Result<_, _>>()?;
        let terms = terms(specs);
        let all = parts.all();
        let mut wanted = all.iter().peekable();
        while let Some(&first) = wanted.peek() {
            // Parts are sorted by layer and term, so what is prepared is needed once and can go afterwards.
            let (layer, key) = (first.layer, first.term);
            let term = terms.get(key).ok_or_else(|| PluginError::run("a term has no comparison"))?;
            let prepared: Vec<Tensor> =
                features.iter().map(|of| term.compare.prepare(&of[layer])).collect::<Result<_, _>>()?;
            while let Some(&part) = wanted.next_if(|part| part.layer == layer && part.term == key) {
                let weights = weights(specs, part);
                let of_pairs = of_pairs(&*term.compare, &prepared, pairs, weights)?;
                distances.insert(part, Tensor::f_stack(&of_pairs, 0).map_err(torch_error)?);
            }
        }
        let of_layer = |parts: &Vec<Part<'_>>| -> Result<Tensor, PluginError> {
            let mut shares = parts.iter().filter_map(|part| distances.get(part));
            let first = shares.next().ok_or_else(|| PluginError::run("a comparison without terms"))?;
            shares.try_fold(first.shallow_clone(), |sum, share| sum.f_add(share).map_err(torch_error))
        };
        parts.of.iter().map(|layers| layers.iter().map(of_layer).collect()).collect()
    }

    /// The distance of two batches of images, N, for one loss network, from their [`features`](Session::features).
    /// Gradients flow to the features and to the calibration.
    ///
    /// `calibration` has one tensor for each of the loss network's layers, which weighs the squared differences (C, or
    /// anything that broadcasts to N×C×H×W), or, for a sum of comparisons, as many for each of them, one comparison's behind the
    /// other's. Without it the loss network's own counts, if it has one.
    pub fn compare(
        &self,
        a: &[Tensor],
        b: &[Tensor],
        spec: &LossNetworkSpec,
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        self.check_features(a, b)?;
        let layers = self.weighted(spec, calibration)?.into_iter();
        sum_of_terms(spec, layers.map(|(layer, weights)| (&a[layer], &b[layer], weights)))
    }

    /// The features of images at the layers of one loss network, in its order; nothing deeper is computed. Else as
    /// [`features`](Session::features).
    pub fn features_of(&self, images: &Tensor, spec: &LossNetworkSpec) -> Result<Vec<Tensor>, PluginError> {
        let normalized = normalization::apply(&self.normalization, images, self.device())?;
        Ok(self.network.forward_to(&normalized, &spec.layers)?)
    }

    /// The distance of two batches of images, N, for one loss network, from their
    /// [`features_of`](Session::features_of). Gradients flow to the features.
    pub fn compare_of(
        &self,
        a: &[Tensor],
        b: &[Tensor],
        spec: &LossNetworkSpec,
    ) -> Result<Tensor, PluginError> {
        let weights = self.weighted(spec, None)?.into_iter().map(|(_, weights)| weights);
        sum_of_terms(spec, a.iter().zip(b).zip(weights).map(|((a, b), weights)| (a, b, weights)))
    }

    /// Where two batches of images differ, for one loss network, from their [`features`](Session::features): the distance at
    /// each position, N×1×H×W with `size` for H and W, each layer's map interpolated bilinearly (corners not aligned, with
    /// antialiasing where it shrinks). Its mean is the distance but for the interpolation. No gradients.
    ///
    /// `calibration` is that of [`compare`](Session::compare). None if positions mean nothing: a term of the comparison is
    /// not [spatial](Compare::is_spatial), or a layer has a single position.
    pub fn map(
        &self,
        a: &[Tensor],
        b: &[Tensor],
        size: (i64, i64),
        spec: &LossNetworkSpec,
        calibration: Option<&[Tensor]>,
    ) -> Result<Option<Tensor>, PluginError> {
        self.check_features(a, b)?;
        let layers = self.weighted(spec, calibration)?;
        let has_positions = |layer: usize| matches!(a[layer].size()[..], [_, _, h, w] if h * w > 1);
        if !spec.terms.iter().all(|term| term.compare.is_spatial())
            || !layers.iter().all(|(layer, _)| has_positions(*layer))
        {
            return Ok(None);
        }
        tch::no_grad(|| {
            let mut sum: Option<Tensor> = None;
            for (layer, weights) in layers {
                for (term, weights) in spec.terms.iter().zip(weights) {
                    let (a, b) = (term.compare.prepare(&a[layer])?, term.compare.prepare(&b[layer])?);
                    let map = interpolated(&term.compare.map(&a, &b, weights)?, size).map_err(torch_error)?;
                    sum = Some(match sum {
                        Some(sum) => sum.f_add(&map).map_err(torch_error)?,
                        None => map,
                    });
                }
            }
            sum.map(Some).ok_or_else(|| PluginError::run("a loss network without layers or terms has no map"))
        })
    }

    /// Fails unless these are the features of all layers.
    fn check_features(&self, a: &[Tensor], b: &[Tensor]) -> Result<(), PluginError> {
        if a.len() == self.layers.len() && b.len() == self.layers.len() {
            return Ok(());
        }
        Err(PluginError::run(format!(
            "features of {} and {} layers were given, and the loss network has {}",
            a.len(),
            b.len(),
            self.layers.len()
        )))
    }

    /// The layers of a loss network, as positions among the session's, with the weights of their channels for each term: the
    /// given ones, or the loss network's own.
    fn weighted<'a>(
        &self,
        spec: &'a LossNetworkSpec,
        calibration: Option<&'a [Tensor]>,
    ) -> Result<Vec<WeightedLayer<'a>>, PluginError> {
        let (layers, terms) = (spec.layers.len(), spec.terms.len());
        if let Some(weights) = calibration
            && weights.len() != layers
            && weights.len() != layers * terms
        {
            return Err(PluginError::run(format!(
                "a calibration of {} layers was given for {layers}",
                weights.len()
            )));
        }
        let weights = |term: usize, layer: usize| match (calibration, &spec.calibration) {
            (Some(given), _) => given.get(place(given.len(), layers, term, layer)),
            (None, Some(own)) => own.at(own.place(term, layer)),
            (None, None) => None,
        };
        let layers = spec.layers.iter().enumerate().map(|(position, layer)| {
            Ok((self.position(layer)?, (0..terms).map(|term| weights(term, position)).collect()))
        });
        layers.collect()
    }
}

/// The distance from the features of each layer and the weights of their channels for each term.
fn sum_of_terms<'a>(
    spec: &LossNetworkSpec,
    layers: impl Iterator<Item = (&'a Tensor, &'a Tensor, Vec<Option<&'a Tensor>>)>,
) -> Result<Tensor, PluginError> {
    let mut sum: Option<Tensor> = None;
    for (a, b, weights) in layers {
        for (term, weights) in spec.terms.iter().zip(weights) {
            let (a, b) = (term.compare.prepare(a)?, term.compare.prepare(b)?);
            let distance = term.compare.distance(&a, &b, weights)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&distance).map_err(torch_error)?,
                None => distance,
            });
        }
    }
    sum.ok_or_else(|| PluginError::run("a loss network without layers or terms has no distance"))
}

/// A layer, as a position among a session's, with the weights of its channels for each term of the comparison.
type WeightedLayer<'a> = (usize, Vec<Option<&'a Tensor>>);

/// A map, N×1×H×W, in another size.
fn interpolated(map: &Tensor, size: (i64, i64)) -> Result<Tensor, TchError> {
    let (height, width) = size;
    match map.size()[..] {
        [.., h, w] if (h, w) == size => Ok(map.shallow_clone()),
        [.., h, w] if h > height || w > width => {
            map.f_internal_upsample_bilinear2d_aa([height, width], false, None, None)
        }
        _ => map.f_upsample_bilinear2d([height, width], false, None, None),
    }
}

/// The distance of each pair of prepared batches. Neighbouring pairs with the same first batch are asked for together.
fn of_pairs(
    compare: &dyn Compare,
    prepared: &[Tensor],
    pairs: &[(usize, usize)],
    weights: Option<&Tensor>,
) -> Result<Vec<Tensor>, PluginError> {
    let mut found = Vec::with_capacity(pairs.len());
    for group in pairs.chunk_by(|one, next| one.0 == next.0) {
        let others: Vec<Tensor> = group.iter().map(|&(_, other)| prepared[other].shallow_clone()).collect();
        let distances = compare.distances(&prepared[group[0].0], &others, weights)?;
        if distances.len() != group.len() {
            return Err(PluginError::run(format!(
                "a comparison gave {} distances where {} were asked for",
                distances.len(),
                group.len()
            )));
        }
        found.extend(distances);
    }
    Ok(found)
}

fn check(images: &[Tensor], pairs: &[(usize, usize)]) -> Result<(), PluginError> {
    if let Some((a, b)) = pairs.iter().find(|(a, b)| *a.max(b) >= images.len()) {
        return Err(PluginError::run(format!(
            "the pair ({a}, {b}) was asked for among {} batches of images",
            images.len()
        )));
    }
    for batch in images {
        let (shape, first) = (batch.size(), images[0].size());
        if shape != first {
            return Err(PluginError::input(format!(
                "images that are compared must agree in size: {shape:?} and {first:?} were given"
            )));
        }
    }
    Ok(())
}
