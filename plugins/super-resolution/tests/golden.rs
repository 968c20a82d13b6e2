//! The network and its training against PyTorch (`golden/generate.py`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use lossnet_plugin_api::tch::{Device, Kind, Tensor};
use lossnet_plugin_kit::nn::{buffers, parameters};
use lossnet_plugin_kit::perceptual::{PerceptualKind, PerceptualLoss, Reduction};
use lossnet_plugin_kit::testing::{ConvLossNetwork, EpochBatches, MemoryRun, formula_images, set_parameters};
use lossnet_plugin_kit::train::{Goal, TrainSettings, train};
use lossnet_plugin_super_resolution::{
    Batch, Pair, Protocol, Training, TransformNetwork, batch_loss, feature_loss,
};
use serde::Deserialize;

/// Seed of all that the generator draws.
const SEED: u64 = 11;

/// The network with the generator's parameters, in float64.
fn network(factor: u32) -> TransformNetwork {
    let mut network = TransformNetwork::new(factor, 0, Device::Cpu);
    let mut tensors = parameters(network.variables());
    tensors.extend(buffers(network.variables()));
    set_parameters(&tensors, SEED).unwrap();
    network.variables_mut().double();
    network
}

fn double(name: &str, shape: &[i64]) -> Tensor {
    formula_images(SEED, name, shape).unwrap().to_kind(Kind::Double)
}

struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    fn read() -> Golden {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/network.safetensors");
        Golden(Tensor::read_safetensors(path).unwrap().into_iter().collect())
    }

    /// Within a millionth of the largest expected value, or of `scale`: what was stored is rounded to float32.
    fn check(&self, name: &str, actual: &Tensor, scale: f64) {
        let expected = self.0.get(name).unwrap_or_else(|| panic!("no {name}")).to_kind(Kind::Double);
        assert_eq!(actual.size(), expected.size(), "{name}");
        let largest = expected.abs().max().double_value(&[]).max(scale);
        let difference = (actual - &expected).abs().max().double_value(&[]);
        assert!(difference <= 1e-6 * largest, "{name}: {difference} of {largest}");
    }
}

#[test]
fn outputs_gradients_and_running_statistics_are_pytorchs() {
    let golden = Golden::read();
    for (factor, shape) in [(4, [2, 3, 6, 5]), (8, [1, 3, 5, 6])] {
        let network = network(factor);
        let input = double(&format!("input{factor}"), &shape).set_requires_grad(true);
        let evaluated = network.forward(&input, false).unwrap();
        golden.check(&format!("{factor}.evaluation"), &evaluated, 0.0);
        let output = network.forward(&input, true).unwrap();
        golden.check(&format!("{factor}.training"), &output, 0.0);
        let weights = double(&format!("weights{factor}"), &output.size());
        (output * weights).sum(Kind::Double).backward();
        golden.check(&format!("{factor}.gradient"), &input.grad(), 0.0);
        let trained = parameters(network.variables());
        // 8 layers of residual blocks, 2 or 3 of upsampling, the first and the last; two tensors each for the convolution
        // and the normalization.
        assert_eq!(trained.len(), 4 * (10 + factor.ilog2() as usize));
        for (name, parameter) in trained {
            let gradient = parameter.grad();
            let probe = double(&format!("probe.{name}"), &gradient.size());
            let numbers = [(&gradient * probe).sum(Kind::Double), gradient.norm()];
            // Normalizations take out what these add to a whole channel: their gradients are rounding alone.
            let cancelled =
                name.ends_with("conv.bias") || name.ends_with(".1.norm.bias") && name.starts_with("residual");
            let scale = if cancelled { 1.0 } else { 0.0 };
            golden.check(&format!("{factor}.parameter.{name}"), &Tensor::stack(&numbers, 0), scale);
        }
        for (name, buffer) in buffers(network.variables()) {
            golden.check(&format!("{factor}.buffer.{name}"), &buffer.norm().reshape([1]), 0.0);
        }
    }
}

#[derive(Deserialize)]
struct Curve {
    losses: Vec<f64>,
}

/// The targets and inputs of a step: noise, enlarged smoothly, and the same made small by averaging.
fn batch(step: u64) -> Batch {
    let noise = formula_images(SEED, &format!("image.{step}"), &[4, 3, 12, 12]).unwrap();
    let target = noise.upsample_bilinear2d([48, 48], false, None, None);
    let input = target.avg_pool2d([4, 4], [4, 4], [0, 0], false, true, None);
    Batch { input, target }
}

#[test]
fn twenty_steps_have_pytorchs_losses() {
    let curve: Curve = serde_json::from_str(include_str!("golden/training.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let network = TransformNetwork::new(4, 0, Device::Cpu);
    let mut tensors = parameters(network.variables());
    tensors.extend(buffers(network.variables()));
    set_parameters(&tensors, SEED).unwrap();
    let loss_network = ConvLossNetwork::new(0, false).unwrap();
    let loss = PerceptualLoss::new(&loss_network, PerceptualKind::Mse, Reduction::Layers);
    let level =
        |side: usize| lossnet_plugin_kit::image::Image::rgb(side, side, vec![9; side * side * 3]).unwrap();
    let validation = vec![Pair { input: level(5), target: level(20) }];
    let mut training = Training::new(network, loss, Protocol::Corrected, validation, 4);
    let source = EpochBatches { examples: 4, make: |epoch| Ok(batch(epoch)) };
    let settings = TrainSettings {
        epochs: curve.losses.len() as u64,
        batch_size: 4,
        learning_rate: 1e-3,
        picture_epochs: 0,
        ..TrainSettings::default()
    };
    train("training", &mut training, &source, &settings, Goal::Maximize, &run).unwrap();
    let steps = run.curve("training/step_loss");
    assert_eq!(steps.len(), curve.losses.len());
    for ((step, loss), expected) in steps.into_iter().zip(curve.losses) {
        assert!((loss / expected - 1.0).abs() < 1e-3, "step {step}: {loss} in place of {expected}");
    }
}

#[test]
fn the_feature_loss_of_a_test_image_is_that_of_a_training_step_in_evaluation_mode() {
    let loss_network = ConvLossNetwork::new(0, false).unwrap();
    let loss = PerceptualLoss::new(&loss_network, PerceptualKind::Mse, Reduction::Layers);
    let image = |name: &str, side: i64| {
        let values = formula_images(SEED, name, &[3, side, side]).unwrap();
        lossnet_plugin_kit::image::Image::from_tensor(&values).unwrap()
    };
    let (input, target) = (image("small", 5), image("large", 20));
    let network = TransformNetwork::new(4, 0, Device::Cpu);
    let found = feature_loss(&network, &loss, &input, &target).unwrap();
    let batch = Batch::of(&[Pair { input, target }]).unwrap();
    // By hand: mean squared errors of the layers' features, averaged over layers; nothing is rounded to 8 bits.
    let output = network.forward(&batch.input, false).unwrap();
    let features = [&output, &batch.target].map(|images| loss.features(images).unwrap());
    let [a, b] = &features;
    let layers: Vec<f64> =
        a.iter().zip(b).map(|(a, b)| (a - b).square().mean(Kind::Double).double_value(&[])).collect();
    let expected = layers.iter().sum::<f64>() / layers.len() as f64;
    assert!((found / expected - 1.0).abs() < 1e-5, "{found} instead of {expected}");
    // In training mode normalizations use the batch's own statistics.
    let training = batch_loss(&network, &loss, &batch).unwrap().double_value(&[]);
    assert!((training / expected - 1.0).abs() > 1e-3, "{training}");
}
