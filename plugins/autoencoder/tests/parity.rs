//! The published protocol against the published classes, run by scripts/published/generate.py.
//!
//! The loss network has a batch normalization: losses of 20 steps within 1e-4, its running statistics and the validation loss
//! by them within 1e-5 and 1e-4.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{self, Device};
use lossnet_plugin_autoencoder::Protocol;
use lossnet_plugin_autoencoder::networks::{Autoencoder, FeatureShapes, Form, Model};
use lossnet_plugin_autoencoder::objective::Objective;
use lossnet_plugin_kit::in_training::FrozenNetwork;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::PerceptualKind;
use lossnet_plugin_kit::testing::{
    EpochBatches, MemoryRun, NormalizedLossNetwork, Wanted, formula_images, set_parameters,
};
use lossnet_plugin_kit::train::{At, Goal, Loss, TrainSettings, Trainee, Validation, train};
use serde::Deserialize;

#[derive(Deserialize)]
struct Published {
    model: Model,
    beta: f64,
    losses: Vec<f64>,
    validation: f64,
    statistics: Vec<f64>,
}

fn images(seed: u64) -> Result<Tensor, PluginError> {
    Ok(formula_images(seed, "images", &[4, 3, 64, 64])? * 6.0)
}

struct Pupil<'a> {
    autoencoder: Autoencoder,
    network: &'a FrozenNetwork,
    objective: Objective<'a>,
    validation: f64,
}

impl Trainee<Tensor> for Pupil<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.autoencoder.variables()))
    }

    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.autoencoder.set_training(training);
        self.network.set_training(training)
    }

    fn loss(&mut self, images: Tensor, _: &At) -> Result<Loss, PluginError> {
        Ok(self.objective.pass(&self.autoencoder, &images)?.terms.total.into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        self.validation = self.objective.pass(&self.autoencoder, &images(99)?)?.terms.total.double_value(&[]);
        Ok(0.0.into())
    }
}

#[test]
fn loss_networks_drift_as_in_the_published_classes() {
    let cases: Vec<Published> = serde_json::from_str(include_str!("golden/published.json")).unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let name = format!("{:?}, beta {}", case.model, case.beta);
        let folder = tempfile::tempdir().unwrap();
        let run = MemoryRun::new(folder.path())
            .unwrap()
            .with_networks(|wanted| Ok(Box::new(NormalizedLossNetwork::new(0, wanted != Wanted::Frozen)?)));
        let network = FrozenNetwork::drifting(&run).unwrap();
        let objective = Objective::new(network.network(), PerceptualKind::Mse, 0.0, case.beta)
            .with_protocol(Protocol::Published);
        let features = tch::no_grad(|| objective.features(&images(0).unwrap()).unwrap());
        let form = Form {
            model: case.model,
            code: 8,
            variational: false,
            image: (64, 64),
            features: FeatureShapes::of(&features),
        };
        let autoencoder = Autoencoder::new(form, Device::Cpu).unwrap();
        set_parameters(&nn::parameters(autoencoder.variables()), 5).unwrap();
        set_parameters(&nn::buffers(autoencoder.variables()), 5).unwrap();
        let mut pupil = Pupil { autoencoder, network: &network, objective, validation: 0.0 };
        let source = EpochBatches { examples: 4, make: images };
        let settings = TrainSettings {
            epochs: 20,
            batch_size: 4,
            learning_rate: 1e-5,
            picture_epochs: 0,
            ..TrainSettings::default()
        };
        train("curve", &mut pupil, &source, &settings, Goal::Last, &run).unwrap();
        let losses: Vec<f64> = run.curve("curve/step_loss").into_iter().map(|(_, loss)| loss).collect();
        close(&losses, &case.losses, 1e-4, &name);
        let statistics: Vec<f64> = network
            .buffers()
            .unwrap()
            .iter()
            .flat_map(|(_, tensor)| Vec::<f64>::try_from(tensor).unwrap())
            .collect();
        close(&statistics, &case.statistics, 1e-5, &format!("{name}: statistics"));
        close(&[pupil.validation], &[case.validation], 1e-4, &format!("{name}: validation"));
    }
}

fn close(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let error = (actual - expected).abs() / expected.abs().max(0.1);
        assert!(error <= tolerance, "{what} at {at}: {actual} instead of {expected}");
    }
}
