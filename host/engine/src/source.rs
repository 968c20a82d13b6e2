//! From a request to a network at work: device, weights, session, comparison.

use std::path::Path;
use std::sync::Arc;

use lossnet_core::engine_protocol::{BackboneRequest, ComparisonRequest, Configured};
use lossnet_core::inputs::graph_sum;
use lossnet_core::signature::Signature;
use lossnet_core::weights::{WeightsChoice, WeightsFile, locate};
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::{ErrorKind, Kind, PluginError};
use tch::{Cuda, Device};

use crate::caller::Caller;
use crate::misfit;
use crate::network::{CheckWeights, KnownNames, LayerRef, Options, ParameterSource, Precision};
use crate::registry;
use crate::services;
use crate::session::{
    Calibration, FileWeights, LossNetworkSpec, NoWeights, Normalization, RandomWeights, Session, Term,
};

/// What to do about features that are not finite.
pub(crate) const NOT_FINITE: &str =
    "look whether the weights' file is whole and holds finite numbers, and whether --precision fp32 helps";

/// A backbone at work, and what it takes to say what it is.
#[derive(Debug)]
pub(crate) struct Backbone {
    /// The session, over all wanted layers.
    pub(crate) session: Session,
    /// The description.
    pub(crate) graph: Graph,
    /// What was asked for.
    pub(crate) request: BackboneRequest,
    /// SHA-256 of the weights, `random:SEED`, or `none` where the backbone has no parameters.
    pub(crate) weights: String,
}

/// What a backbone is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Frozen: its features are used as they are.
    Evaluation,
    /// Its parameters are to be trained.
    Training,
}

impl Backbone {
    /// Brings the weights if need be, and builds what the layers need.
    pub(crate) fn open(
        request: &BackboneRequest,
        layers: impl IntoIterator<Item = LayerRef>,
        purpose: Purpose,
        caller: &Arc<Caller>,
    ) -> Result<Backbone, PluginError> {
        let name = &request.backbone.component.name;
        let input = |error: &dyn std::error::Error| PluginError::input(error.to_string());
        let options = Options {
            device: device(&request.device)?,
            precision: request.precision.parse::<Precision>().map_err(|error| input(&error))?,
            trainable: purpose == Purpose::Training,
            check_weights: if request.check_all_weights { CheckWeights::All } else { CheckWeights::Used },
        };
        let normalization: Normalization = request.normalize.parse().map_err(|error| input(&error))?;
        let graph = registry::describe(&request.backbone)?;
        let layers: Vec<LayerRef> = layers.into_iter().collect();
        // Before weights are brought, which can take minutes.
        for layer in &layers {
            layer.find(&graph).map_err(|error| {
                PluginError::from(error).context(format_args!("backbone `{name}`")).with_help(format!(
                    "`lossnet show backbone {name}` lists its layers, with --nodes all of them"
                ))
            })?;
        }
        let source = weights(request, &graph, caller)?;
        let weights = source.identity();
        let session = Session::new(&graph, layers, &*source, normalization, &options).map_err(|error| {
            let told = match misfit::explain(&*source, &graph, &request.backbone) {
                Some(kind) if error.kind == ErrorKind::Input => {
                    let message = format!("{kind} ({})", error.message);
                    PluginError { message, ..error }
                }
                _ => error,
            };
            told.context(format_args!("backbone `{name}`"))
        })?;
        let left_out = session.network().left_out();
        if !left_out.is_empty() {
            caller.notice(format!(
                "{}: what no wanted layer uses does not fit and is left out ({})",
                left_out.weights,
                left_out.details()
            ));
        }
        Ok(Backbone { session, graph, request: request.clone(), weights })
    }

    /// The channels of a layer's features.
    pub(crate) fn channels(&self, layer: &LayerRef) -> Result<i64, PluginError> {
        let id = layer.find(&self.graph)?;
        // Any size will do at which the layer works.
        let mut needed = self.graph.needed_by(&[id]);
        needed.resize(self.graph.nodes.len(), false);
        for side in [64, 128, 256, 512] {
            if let Ok(shapes) = self.graph.shapes_of(&needed, side, side)
                && let Some(shape) = shapes.get(id.0).and_then(Option::as_ref)
            {
                return Ok(shape.channels);
            }
        }
        Err(PluginError::input(format!(
            "the layer {layer} works on no usual image size, so its channels can't be told"
        )))
    }

    /// A loss network of this backbone.
    pub(crate) fn loss_network(
        &self,
        layers: &[LayerRef],
        comparison: &ComparisonRequest,
    ) -> Result<LossNetworkSpec, PluginError> {
        let terms = comparison.terms.iter().map(term).collect::<Result<Vec<_>, _>>()?;
        let calibration = match &comparison.calibration {
            None => None,
            Some(file) => {
                let channels =
                    layers.iter().map(|layer| self.channels(layer)).collect::<Result<Vec<_>, _>>()?;
                Some(Calibration::read(file, &channels, terms.len(), self.session.device())?)
            }
        };
        Ok(LossNetworkSpec { layers: layers.to_vec(), terms, calibration })
    }

    /// What a distance of this loss network depends on. `protocol` names the task, if there is one.
    pub(crate) fn signature(
        &self,
        layers: &[LayerRef],
        comparison: Option<(&ComparisonRequest, &LossNetworkSpec)>,
        protocol: &str,
    ) -> Signature {
        let request = &self.request;
        let short = |sum: &str| sum.chars().take(8).collect::<String>();
        let weights = if self.weights == "none" || self.weights.starts_with("random:") {
            self.weights.clone()
        } else {
            let name =
                Path::new(&request.weights).file_name().map(|name| name.to_string_lossy().into_owned());
            format!("{}:{}", name.unwrap_or_else(|| request.weights.clone()), short(&self.weights))
        };
        let names: Vec<String> = layers.iter().map(ToString::to_string).collect();
        let comparison_text = comparison.map_or_else(
            || "none".to_owned(),
            |(_, spec)| spec.terms.iter().map(|term| term.key.as_str()).collect::<Vec<_>>().join("+"),
        );
        let calibration = comparison.and_then(|(_, spec)| spec.calibration.as_ref());
        Signature {
            backbone: with_settings(&request.backbone),
            graph: short(&graph_sum(&self.graph)),
            weights,
            layers: names.join(","),
            normalize: request.normalize.clone(),
            comparison: comparison_text,
            calibration: calibration.map_or_else(|| "none".to_owned(), |weights| short(weights.sha256())),
            size: size(request),
            precision: request.precision.clone(),
            data: "none".to_owned(),
            protocol: protocol.to_owned(),
            lossnet: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The side to which images are resized, and whether they are turned before that.
fn size(request: &BackboneRequest) -> String {
    let side = request.size.map_or_else(|| "none".to_owned(), |size| size.to_string());
    if request.exif_orientation { format!("{side}+exif-orientation") } else { side }
}

/// Layers as they were written.
pub(crate) fn layers(names: &[String]) -> Vec<LayerRef> {
    names.iter().map(|name| name.parse().unwrap_or_else(|never| match never {})).collect()
}

/// A component's name, with its settings if it has any.
fn with_settings(component: &Configured) -> String {
    settings_after(component.component.name.clone(), component)
}

fn settings_after(name: String, component: &Configured) -> String {
    if component.config.is_empty() {
        return name;
    }
    let mut settings: Vec<String> = component
        .config
        .iter()
        .map(|(key, value)| {
            format!("{key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect();
    settings.sort();
    format!("{name}({})", settings.join(","))
}

fn term(comparison: &Configured) -> Result<Term, PluginError> {
    let compare = registry::comparison(comparison)?;
    let manifest = registry::manifest(&comparison.component, Kind::Comparison)?;
    let version = manifest.details.protocol_version.unwrap_or(1);
    let key = settings_after(format!("{}.{version}", comparison.component.name), comparison);
    Ok(Term { key, compare: Arc::from(compare) })
}

/// Waits until a CUDA device has done what it was asked to; other devices compute at once.
pub(crate) fn synchronize(device: Device) {
    if let Device::Cuda(index) = device {
        Cuda::synchronize(index as i64);
    }
}

/// The device of this name.
pub(crate) fn device(name: &str) -> Result<Device, PluginError> {
    let index = match name {
        "cpu" => return Ok(Device::Cpu),
        "auto" if !Cuda::is_available() => return Ok(Device::Cpu),
        "auto" | "cuda" => 0,
        _ => name.strip_prefix("cuda:").and_then(|index| index.parse::<usize>().ok()).ok_or_else(|| {
            PluginError::input(format!("`{name}` is not a device: choose auto, cpu, cuda or cuda:N"))
        })?,
    };
    if !Cuda::is_available() {
        return Err(PluginError::input(format!(
            "`{name}` was asked for, and libtorch finds no CUDA device that works: `lossnet doctor` says more"
        )));
    }
    let count = Cuda::device_count();
    if index as i64 >= count {
        return Err(PluginError::input(format!(
            "`{name}` was asked for, and this machine's CUDA devices are cuda:0 to cuda:{}",
            count - 1
        )));
    }
    Ok(Device::Cuda(index))
}

/// A device's name.
pub(crate) fn device_name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    }
}

fn weights(
    request: &BackboneRequest,
    graph: &Graph,
    caller: &Arc<Caller>,
) -> Result<Box<dyn ParameterSource>, PluginError> {
    if graph.parameters().next().is_none() {
        return Ok(Box::new(NoWeights));
    }
    let component = &request.backbone.component;
    let input = |error: &dyn std::error::Error| PluginError::input(error.to_string()).with_source(error);
    let plugin = registry::plugin(&component.plugin)?;
    let held = plugin
        .manifest()
        .components
        .iter()
        .find(|held| held.kind == Kind::Backbone && held.name == component.name);
    let entries = held.map(|held| held.details.weights.clone()).unwrap_or_default();
    let choice =
        WeightsChoice::parse(&request.weights, &component.name, &entries).map_err(|error| input(&error))?;
    let (file, key) = match choice {
        WeightsChoice::Random(seed) => return Ok(Box::new(RandomWeights::new(seed, graph))),
        WeightsChoice::File { path, key } => (path, key),
        WeightsChoice::Entry(entry) => {
            let command = format!("lossnet fetch {}:{}", component.name, entry.name);
            let options = services::fetch_options(request.files.offline, &command);
            let progress = |progress| caller.progress(progress);
            let file = locate(&entry, &request.files.weights, &options, &progress)
                .map_err(|error| PluginError::input(error.to_string()).with_source(&error))?;
            (file, None)
        }
    };
    let known = KnownNames::of(graph).map_err(PluginError::from)?;
    let opened = WeightsFile::open(&file)
        .and_then(|file| file.select(key.as_deref(), &|name| known.contains(name)))
        .map_err(|error| input(&error))?;
    if let Some(taken_off) = opened.unwrapped().filter(|taken_off| key.as_deref() != Some(taken_off)) {
        let others: Vec<String> =
            opened.alternatives().iter().map(|other| format!("{}#{other}", file.display())).collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("; others that fit are {}", others.join(", "))
        };
        caller.notice(format!("{}: the weights were taken out of `{taken_off}`{others}", file.display()));
    }
    Ok(Box::new(FileWeights::new(opened).map_err(|error| input(&error))?))
}
