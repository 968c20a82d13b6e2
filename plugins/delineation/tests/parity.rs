//! Training under the published protocol against the published classes, run by scripts/published/generate.py: losses of 20
//! steps with a loss network that has a batch normalization within 1e-4, its running statistics within 1e-5.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_delineation::{Batch, UNet, predict, training_loss};
use lossnet_plugin_kit::in_training::FrozenNetwork;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::{PerceptualKind, PerceptualLoss, Reduction};
use lossnet_plugin_kit::testing::{
    EpochBatches, MemoryRun, NormalizedLossNetwork, Wanted, formula_images, set_parameters,
};
use lossnet_plugin_kit::train::{At, Goal, Loss, TrainSettings, Trainee, Validation, train};
use serde_json::Value;
use tch::{Device, Kind};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn batch(seed: u64) -> Result<Batch, PluginError> {
    let maps = formula_images(seed, "maps", &[3, 1, 32, 32])?.gt(0.7).to_kind(Kind::Float);
    Ok(Batch { images: formula_images(seed, "images", &[3, 3, 32, 32])?, maps })
}

struct Curve<'a> {
    unet: UNet,
    network: &'a FrozenNetwork,
    steps: usize,
}

impl Trainee<Batch> for Curve<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.unet.variables()))
    }

    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.network.set_training(training)
    }

    fn loss(&mut self, batch: Batch, _: &At) -> Result<Loss, PluginError> {
        let loss = PerceptualLoss::new(self.network.network(), PerceptualKind::Mse, Reduction::Layers);
        Ok(training_loss(&self.unet, &batch, self.steps, Some((&loss, 0.5)))?.loss.into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        Ok(0.0.into())
    }
}

#[test]
fn loss_networks_drift_as_in_the_published_classes() {
    let golden: Value = serde_json::from_str(include_str!("golden/published.json")).unwrap();
    for case in golden["curves"].as_array().unwrap() {
        let steps = case["refinements"].as_u64().unwrap() as usize;
        let folder = tempfile::tempdir().unwrap();
        let run = MemoryRun::new(folder.path())
            .unwrap()
            .with_networks(|wanted| Ok(Box::new(NormalizedLossNetwork::new(0, wanted != Wanted::Frozen)?)));
        let network = FrozenNetwork::drifting(&run).unwrap();
        let unet = UNet::new(3, Device::Cpu);
        set_parameters(&nn::parameters(unet.variables()), 4).unwrap();
        set_parameters(&nn::buffers(unet.variables()), 4).unwrap();
        let mut curve = Curve { unet, network: &network, steps };
        let source = EpochBatches { examples: 3, make: batch };
        let settings = TrainSettings {
            epochs: 20,
            batch_size: 3,
            learning_rate: 1e-4,
            picture_epochs: 0,
            ..TrainSettings::default()
        };
        train("curve", &mut curve, &source, &settings, Goal::Last, &run).unwrap();
        let losses: Vec<f64> = run.curve("curve/step_loss").into_iter().map(|(_, loss)| loss).collect();
        close(&losses, &numbers(&case["losses"]), 1e-4, &format!("losses of {steps} refinements"));
        let buffers = network.buffers().unwrap();
        let statistics: Vec<f64> =
            buffers.iter().flat_map(|(_, tensor)| Vec::<f64>::try_from(tensor).unwrap()).collect();
        close(&statistics, &numbers(&case["statistics"]), 1e-5, "statistics");
        let last = batch(19).unwrap();
        let prediction = predict(&curve.unet, &last.images, steps, false).unwrap().pop().unwrap();
        let bce = prediction.binary_cross_entropy::<Tensor>(&last.maps, None, tch::Reduction::Mean);
        close(&[bce.double_value(&[])], &[case["validation"].as_f64().unwrap()], 1e-4, "validation");
    }
}

fn close(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let error = (actual - expected).abs() / expected.abs().max(0.1);
        assert!(error <= tolerance, "{what} at {at}: {actual} instead of {expected}");
    }
}
