//! A loss network whose distances are learned.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, Run, torch_error};
use tch::nn::{ConvConfig, Path, VarStore};
use tch::{Device, Kind, Reduction, TchError, Tensor};

use super::mask::dropout_mask;
use super::{Logit, LogitNetwork, Protocol, Variant};
use crate::nn::{self, conv2d};

/// What a metric is built from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnedOptions {
    /// What is trained; not `baseline`.
    pub variant: Variant,
    /// With `published`, a frozen network is in training mode while the calibration is trained; weights of the calibration
    /// below 0 count in the loss and in evaluation, and are brought to 0 between a step's loss and its gradients; each
    /// comparison of a sum has a calibration of its own; the running statistics of a network that is trained have seen an image of
    /// noise; and `scratch` begins with the same weights whatever the seed is.
    pub protocol: Protocol,
    /// What predicts judgements in training.
    pub logit: Logit,
    /// Share of squared differences that are dropped in training.
    pub dropout: f64,
    /// Seed of the initial calibration, of the logit network and, for `scratch`, of the network.
    pub seed: u64,
}

/// A loss network with a calibration that is trained: one non-negative weight for each channel of each layer.
///
/// The weights begin as those of a `torch.nn.Conv2d` to one channel, evenly distributed within `1/sqrt(C)`, and are brought
/// to 0 or more before the first step as before every other, so half of them begin at 0. (LPIPS does it behind every step.)
pub struct LearnedMetric {
    network: Box<dyn LossNetwork>,
    mode: Mode,
    /// 1×C×1×1 for each layer of the network.
    calibration: Vec<(String, Tensor)>,
    logit: LogitNetwork,
    variables: VarStore,
    dropout: f64,
    protocol: Protocol,
    training: bool,
}

/// Side of the published code's image of noise.
const NOISE_SIDE: i64 = 64;

/// How the network takes part in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Not at all: it is always in evaluation mode.
    Frozen,
    /// Its parameters stay, but batch normalizations use and remember the batches' statistics (the published defect).
    Drifting,
    /// Its parameters are trained.
    Trained,
}

impl std::fmt::Debug for LearnedMetric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LearnedMetric")
            .field("mode", &self.mode)
            .field("layers", &self.network.layers())
            .field("dropout", &self.dropout)
            .finish_non_exhaustive()
    }
}

impl LearnedMetric {
    /// Builds the metric for the only cell of a run, ready to be trained, on the run's device.
    ///
    /// Fails if the run's network can't be built, or for the variant `baseline`, which has nothing to learn.
    pub fn new(run: &dyn Run, options: &LearnedOptions) -> Result<LearnedMetric, PluginError> {
        let (network, mode) = match (options.variant, options.protocol) {
            (Variant::Baseline, _) => {
                return Err(PluginError::run("the variant `baseline` has nothing to be trained"));
            }
            (Variant::Lin, Protocol::Corrected) => (run.loss_network()?, Mode::Frozen),
            (Variant::Lin, Protocol::Published) => (run.trainable_network(None)?, Mode::Drifting),
            (Variant::Tune, _) => (run.trainable_network(None)?, Mode::Trained),
            (Variant::Scratch, Protocol::Corrected) => {
                (run.trainable_network(Some(options.seed))?, Mode::Trained)
            }
            // The published code draws the weights of an architecture once and keeps them in a file for all repetitions.
            (Variant::Scratch, Protocol::Published) => (run.trainable_network(Some(0))?, Mode::Trained),
        };
        let comparisons = match options.protocol {
            Protocol::Corrected => 1,
            Protocol::Published => comparisons(run),
        };
        let channels = network.channels()?;
        let of_all = channels.iter().cycle().take(channels.len() * comparisons);
        // Drawn on the CPU, so that every device begins with the same numbers.
        tch::manual_seed((options.seed >> 1) as i64);
        let mut variables = VarStore::new(Device::Cpu);
        let mut calibration = Vec::new();
        for (layer, &channels) in of_all.enumerate() {
            let name = calibration_name(layer);
            let path = name.split('.').filter(|part| *part != "weight");
            let path = path.fold(variables.root(), |path: Path<'_>, part| path / part);
            let config = ConvConfig { bias: false, ..ConvConfig::default() };
            calibration.push((name, conv2d(&path, channels, 1, 1, config).ws));
        }
        let logit = LogitNetwork::new(&(variables.root() / "logit"), options.logit);
        // The same tensors, with their values moved.
        variables.set_device(nn::device(&run.context().device)?);
        let mut metric = LearnedMetric {
            network,
            mode,
            calibration,
            logit,
            variables,
            dropout: options.dropout,
            protocol: options.protocol,
            training: false,
        };
        if options.protocol == Protocol::Published && metric.mode == Mode::Trained {
            metric.see_noise()?;
        }
        metric.set_training(false)?;
        Ok(metric)
    }

    /// As the published code finds out how many channels there are: an image of noise goes through the network, which is in
    /// training mode if it is to be trained.
    fn see_noise(&mut self) -> Result<(), PluginError> {
        self.network.set_training(true)?;
        let noise = Tensor::f_rand([1, 3, NOISE_SIDE, NOISE_SIDE], (Kind::Float, Device::Cpu))
            .and_then(|noise| noise.f_to(self.device()))
            .map_err(torch_error)?;
        tch::no_grad(|| self.network.features(&noise)).map(drop)
    }

    /// What the optimizer changes, by name: `lin{i}.model.1.weight` of the calibration, `logit.…`, and `network.…` with the
    /// network's own names.
    pub fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        let mut parameters = nn::parameters(&self.variables);
        if self.mode == Mode::Trained {
            parameters.extend(prefixed(self.network.parameters()?));
        }
        Ok(parameters)
    }

    /// What else training changes: the running statistics of batch normalizations, by name.
    pub fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        match self.mode {
            Mode::Frozen => Ok(Vec::new()),
            Mode::Drifting | Mode::Trained => Ok(prefixed(self.network.buffers()?)),
        }
    }

    /// Sets whether squared differences are dropped and batch normalizations use the batch's statistics. For evaluation
    /// the calibration is brought to 0 or more, too, but in the published protocol: the last step may have left some of it below.
    pub fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.training = training;
        if !training && self.protocol == Protocol::Corrected {
            self.clamp()?;
        }
        match self.mode {
            Mode::Frozen => Ok(()),
            Mode::Drifting | Mode::Trained => self.network.set_training(training),
        }
    }

    /// Whether details are those of the published code.
    pub(super) fn is_published(&self) -> bool {
        self.protocol == Protocol::Published
    }

    /// Brings calibration weights below 0 to 0.
    pub fn clamp(&self) -> Result<(), PluginError> {
        let clamp = |(_, weights): &(String, Tensor)| weights.shallow_clone().f_clamp_min_(0.0).map(|_| ());
        tch::no_grad(|| self.calibration.iter().try_for_each(clamp)).map_err(torch_error)
    }

    /// The calibration by LPIPS's names, `lin{i}.model.1.weight`, 1×C×1×1 each, in the order of the layers.
    pub fn calibration(&self) -> &[(String, Tensor)] {
        &self.calibration
    }

    /// The network's parameters and running statistics under their published names, if training has changed any of them.
    pub fn network(&self) -> Result<Option<Vec<(String, Tensor)>>, PluginError> {
        if self.mode == Mode::Frozen {
            return Ok(None);
        }
        let mut tensors = self.network.parameters()?;
        tensors.extend(self.network.buffers()?);
        Ok(Some(tensors))
    }

    /// The features of a batch of images, N×3×H×W in [0, 1]; with a graph only where the network's parameters are being
    /// trained.
    pub fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        if self.training && self.mode == Mode::Trained {
            self.network.features(images)
        } else {
            tch::no_grad(|| self.network.features(images))
        }
    }

    /// The distances, N, of two batches of features. In training a share of the squared differences is dropped before they
    /// are weighed, and the others are scaled up, as `torch.nn.Dropout` does.
    pub fn compare(&self, a: &[Tensor], b: &[Tensor]) -> Result<Tensor, PluginError> {
        if !self.training {
            return self.network.compare(0, a, b, Some(&self.weights()));
        }
        let masks = self.masks(a).map_err(torch_error)?;
        if self.protocol == Protocol::Corrected {
            return self.weighed(a, b, &self.weights(), masks.as_deref());
        }
        // The published code changes the weights behind the loss and in front of its gradients: those of the features go
        // through the changed weights. A copy of the weights keeps the graph from what is written over them.
        let copies = |of: fn(&Tensor) -> Result<Tensor, TchError>| {
            let all = self.calibration.iter().map(|(_, weights)| of(weights));
            all.collect::<Result<Vec<_>, _>>().map_err(torch_error)
        };
        let free = copies(|weights| weights.f_mul_scalar(1.0))?;
        if self.mode != Mode::Trained {
            return self.weighed(a, b, &free, masks.as_deref());
        }
        let clamped = copies(|weights| weights.f_detach()?.f_clamp_min(0.0))?;
        let without_graph = |features: &[Tensor]| {
            features.iter().map(Tensor::f_detach).collect::<Result<Vec<_>, _>>().map_err(torch_error)
        };
        let of_features = self.weighed(a, b, &clamped, masks.as_deref())?;
        let of_weights = self.weighed(&without_graph(a)?, &without_graph(b)?, &free, masks.as_deref())?;
        // The value is that of the free weights; the other part adds its gradient alone.
        of_features
            .f_sub(&of_features.f_detach().map_err(torch_error)?)
            .and_then(|nothing| of_weights.f_add(&nothing))
            .map_err(torch_error)
    }

    /// What the dropout in front of each of the calibration's weights leaves, if any is dropped.
    fn masks(&self, features: &[Tensor]) -> Result<Option<Vec<Tensor>>, TchError> {
        if self.dropout == 0.0 {
            return Ok(None);
        }
        let mask = |features: &Tensor| dropout_mask(&positions(features)?, self.dropout);
        let of_all = features.iter().cycle().take(self.calibration.len());
        of_all.map(mask).collect::<Result<_, _>>().map(Some)
    }

    /// The distances with these weights of channels, one tensor for each layer, behind these masks.
    fn weighed(
        &self,
        a: &[Tensor],
        b: &[Tensor],
        weights: &[Tensor],
        masks: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        let Some(masks) = masks else {
            return self.network.compare(0, a, b, Some(weights));
        };
        let masked = masks.iter().zip(weights).map(|(mask, weights)| {
            // What is kept is scaled up with the weights, which are few.
            let kept = 1.0 - self.dropout;
            mask.f_mul(&if kept > 0.0 { weights.f_div_scalar(kept)? } else { weights.shallow_clone() })
        });
        let masked: Vec<Tensor> = masked.collect::<Result<_, TchError>>().map_err(torch_error)?;
        self.network.compare(0, a, b, Some(&masked))
    }

    /// As [`LossNetwork::map`], with the trained calibration.
    pub fn map(&self, a: &[Tensor], b: &[Tensor], size: (i64, i64)) -> Result<Option<Tensor>, PluginError> {
        self.network.map(0, a, b, size, Some(&self.weights()))
    }

    /// The calibration without its names.
    fn weights(&self) -> Vec<Tensor> {
        self.calibration.iter().map(|(_, weights)| weights.shallow_clone()).collect()
    }

    /// The prediction of a judgement, N in [0, 1], from two batches of distances.
    pub fn predict(&self, d0: &Tensor, d1: &Tensor) -> Result<Tensor, PluginError> {
        self.logit.predict(d0, d1)
    }

    /// For each triplet the binary cross-entropy, in nats, between the prediction from its distances and its judgement, without
    /// gradients. As in PyTorch none is above 100.
    pub fn losses(&self, d0: &Tensor, d1: &Tensor, judge: &Tensor) -> Result<Vec<f64>, PluginError> {
        tch::no_grad(|| {
            let on_device = |values: &Tensor| values.f_to(self.device())?.f_to_kind(Kind::Float);
            let attempt = || Ok((on_device(d0)?, on_device(d1)?, on_device(judge)?));
            let (d0, d1, judge) = attempt().map_err(torch_error)?;
            self.predict(&d0, &d1)?
                .f_binary_cross_entropy::<Tensor>(&judge, None, Reduction::None)
                .and_then(|losses| losses.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double))
                .and_then(|losses| Vec::<f64>::try_from(&losses))
                .map_err(torch_error)
        })
    }

    /// As [`LossNetwork::distances`], for one cell: 1 × pairs × N, without gradients.
    pub fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        tch::no_grad(|| {
            let features = images.iter().map(|batch| self.features(batch)).collect::<Result<Vec<_>, _>>()?;
            let distances = pairs
                .iter()
                .map(|&(a, b)| self.compare(&features[a], &features[b]))
                .collect::<Result<Vec<_>, _>>()?;
            Tensor::f_stack(&distances, 0)
                .and_then(|stack| stack.f_unsqueeze(0)?.f_to_device(Device::Cpu))
                .map_err(torch_error)
        })
    }

    /// Where its parameters lie.
    pub fn device(&self) -> Device {
        self.variables.device()
    }
}

/// How many comparisons the run's only cell adds up.
fn comparisons(run: &dyn Run) -> usize {
    let config = &run.context().cells[0].config;
    let comparison = config.get("loss_network").and_then(|section| section.get("comparison"));
    comparison.and_then(|comparison| comparison.as_str()).map_or(1, |names| names.split('+').count())
}

/// LPIPS's name of the calibration of a layer.
pub(super) fn calibration_name(layer: usize) -> String {
    format!("lin{layer}.model.1.weight")
}

fn prefixed(tensors: Vec<(String, Tensor)>) -> Vec<(String, Tensor)> {
    tensors.into_iter().map(|(name, tensor)| (format!("network.{name}"), tensor)).collect()
}

/// Features as N×C×H×W: N×C, as behind a flattening, has one position.
fn positions(features: &Tensor) -> Result<Tensor, TchError> {
    match features.size()[..] {
        [batch, channels] => features.f_view([batch, channels, 1, 1]),
        _ => Ok(features.shallow_clone()),
    }
}
