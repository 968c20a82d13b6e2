//! What becomes of batch normalizations: the published protocol lets those of a frozen network drift, training a network
//! moves them with it, and evaluation always uses the running statistics.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{self, Device, Kind, Tensor};
use lossnet_plugin_kit::metric::{
    LearnedMetric, LearnedOptions, Logit, MetricTrainee, Protocol, SyncLoss, TripletBatch, Variant,
};
use lossnet_plugin_kit::testing::{ConvLossNetwork, EpochBatches, MemoryRun, Wanted, formula_images};
use lossnet_plugin_kit::train::{Goal, TrainSettings, train};

/// The small convolutional loss network with a batch normalization of its last layer.
struct Normalized {
    inner: ConvLossNetwork,
    mean: Tensor,
    variance: Tensor,
    training: Cell<bool>,
    trainable: bool,
}

impl Normalized {
    fn new(trainable: bool) -> Normalized {
        Normalized {
            inner: ConvLossNetwork::new(0, trainable).unwrap(),
            mean: Tensor::zeros([6], (Kind::Float, Device::Cpu)),
            variance: Tensor::ones([6], (Kind::Float, Device::Cpu)),
            training: Cell::new(trainable),
            trainable,
        }
    }
}

impl LossNetwork for Normalized {
    fn distances(&self, _: &[Tensor], _: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        Err(PluginError::run("not needed"))
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let mut features = self.inner.features(images)?;
        let last = features.pop().unwrap();
        let none: Option<Tensor> = None;
        let normalized = last.batch_norm(
            none.as_ref(),
            none.as_ref(),
            Some(&self.mean),
            Some(&self.variance),
            self.training.get(),
            0.1,
            1e-5,
            false,
        );
        features.push(normalized);
        Ok(features)
    }

    fn layers(&self) -> Vec<String> {
        self.inner.layers()
    }

    fn channels(&self) -> Result<Vec<i64>, PluginError> {
        self.inner.channels()
    }

    fn compare(
        &self,
        cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        self.inner.compare(cell, a, b, calibration)
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        self.inner.parameters()
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        let named = [("bn.running_mean", &self.mean), ("bn.running_var", &self.variance)];
        Ok(named.map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone())).into())
    }

    fn set_training(&self, training: bool) -> Result<(), PluginError> {
        if training && !self.trainable {
            return Err(PluginError::run("a frozen network has no training mode"));
        }
        self.training.set(training);
        Ok(())
    }
}

/// A run with such networks.
fn normalized_run(folder: &Path) -> MemoryRun {
    let run = MemoryRun::new(folder).unwrap();
    run.with_networks(|wanted| Ok(Box::new(Normalized::new(wanted != Wanted::Frozen))))
}

fn images(name: &str) -> Tensor {
    formula_images(2, name, &[6, 3, 8, 8]).unwrap()
}

/// What is dropped is drawn from libtorch's generator, which is one for all tests of a process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The metric after three steps.
fn trained(variant: Variant, protocol: Protocol) -> LearnedMetric {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let run = normalized_run(folder.path());
    let options = LearnedOptions { variant, protocol, logit: Logit::Small, dropout: 0.0, seed: 1 };
    let metric = LearnedMetric::new(&run, &options).unwrap();
    let make = |epoch: u64| -> Result<TripletBatch, PluginError> {
        let images = ["ref", "p0", "p1"].map(|name| images(&format!("{name}/{epoch}")));
        Ok(TripletBatch { images, judge: formula_images(2, "judge", &[6])? })
    };
    let source = EpochBatches { examples: 6, make };
    let settings =
        TrainSettings { epochs: 3, batch_size: 6, learning_rate: 0.01, ..TrainSettings::default() };
    let mut trainee = MetricTrainee::new(metric, SyncLoss::Never, None);
    train("training", &mut trainee, &source, &settings, Goal::Last, &run).unwrap();
    trainee.into_metric()
}

fn tensor(metric: &LearnedMetric, name: &str) -> Tensor {
    let tensors = metric.network().unwrap().unwrap();
    tensors.into_iter().find(|(known, _)| known == name).unwrap().1
}

fn same(a: &Tensor, b: &Tensor) -> bool {
    tch::no_grad(|| (a - b).abs().max().double_value(&[])) < 1e-7
}

#[test]
fn a_frozen_network_drifts_in_the_published_protocol_only() {
    let fresh = Normalized::new(true);
    let first = &fresh.parameters().unwrap()[0].1;
    assert!(trained(Variant::Lin, Protocol::Corrected).network().unwrap().is_none());
    let drifted = trained(Variant::Lin, Protocol::Published);
    assert!(same(&tensor(&drifted, "conv1.weight"), first));
    // Three steps with four batches each, twice the references: twelve times a tenth of the way.
    let pass = |epoch: u64, name: &str| {
        let features = tch::no_grad(|| fresh.inner.features(&images(&format!("{name}/{epoch}"))).unwrap());
        features[1].mean_dim([0i64, 2, 3].as_slice(), false, Kind::Float)
    };
    let mut mean = Tensor::zeros([6], (Kind::Float, Device::Cpu));
    for epoch in 0..3 {
        for name in ["ref", "p0", "ref", "p1"] {
            mean = mean * 0.9 + pass(epoch, name) * 0.1;
        }
    }
    let found = tensor(&drifted, "bn.running_mean");
    assert!((&found - &mean).abs().max().double_value(&[]) < 1e-6, "{found} instead of {mean}");
    let tuned = trained(Variant::Tune, Protocol::Corrected);
    assert!(!same(&tensor(&tuned, "conv1.weight"), first));
    assert!(!same(&tensor(&tuned, "bn.running_var"), &Tensor::ones([6], (Kind::Float, Device::Cpu))));
}

#[test]
fn distances_do_not_depend_on_what_else_is_in_the_batch() {
    for (variant, protocol) in [(Variant::Lin, Protocol::Published), (Variant::Tune, Protocol::Corrected)] {
        let metric = trained(variant, protocol);
        let batch = [images("a"), images("b")];
        let all = metric.distances(&batch, &[(0, 1)]).unwrap();
        let one =
            metric.distances(&batch.each_ref().map(|images| images.narrow(0, 0, 1)), &[(0, 1)]).unwrap();
        assert_eq!((all.size(), one.size()), (vec![1, 1, 6], vec![1, 1, 1]));
        assert!((all.double_value(&[0, 0, 0]) - one.double_value(&[0, 0, 0])).abs() < 1e-6);
        // The same again: nothing is dropped, nothing drifts any more.
        assert!(same(&metric.distances(&batch, &[(0, 1)]).unwrap(), &all));
    }
}

#[test]
fn dropout_changes_no_distance_on_average() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let run = normalized_run(folder.path());
    let options = LearnedOptions {
        variant: Variant::Lin,
        protocol: Protocol::Corrected,
        logit: Logit::Small,
        dropout: 0.3,
        seed: 1,
    };
    let mut metric = LearnedMetric::new(&run, &options).unwrap();
    let (a, b) = (metric.features(&images("a")).unwrap(), metric.features(&images("b")).unwrap());
    metric.set_training(false).unwrap();
    let expected = metric.compare(&a, &b).unwrap();
    metric.set_training(true).unwrap();
    tch::manual_seed(1);
    let draws: Vec<Tensor> = (0..400).map(|_| tch::no_grad(|| metric.compare(&a, &b).unwrap())).collect();
    let draws = Tensor::stack(&draws, 0);
    let mean = draws.mean_dim(0, false, Kind::Float);
    // Within five standard errors of the mean, and not all the same.
    let error = draws.std_dim(0, true, false) / 400_f64.sqrt();
    assert!(error.min().double_value(&[]) > 0.0);
    assert!(((mean - expected).abs() / error).max().double_value(&[]) < 5.0);
}
