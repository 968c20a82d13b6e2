//! Networks, losses, training curves and scores against PyTorch and SciPy (see golden/generate.py).

#![allow(clippy::unwrap_used)]

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::formula::uniform;
use lossnet_plugin_delineation::{Batch, Mask, Shares, UNet, predict, training_loss};
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::{PerceptualKind, PerceptualLoss, Reduction};
use lossnet_plugin_kit::testing::{ConvLossNetwork, EpochBatches, MemoryRun, formula_images, set_parameters};
use lossnet_plugin_kit::train::{At, Goal, Loss, TrainSettings, Trainee, Validation, train};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

const NETWORK: &str = include_str!("golden/network.json");
const CURVES: &str = include_str!("golden/curves.json");
const SCORES: &str = include_str!("golden/scores.json");

fn cases(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap_or_else(|| panic!("{name} in {case}"))
}

fn network(channels: i64, seed: u64) -> UNet {
    let network = UNet::new(channels, Device::Cpu);
    let variables = network.variables();
    set_parameters(&nn::parameters(variables), seed).unwrap();
    set_parameters(&nn::buffers(variables), seed).unwrap();
    network
}

/// One number that depends on all elements, as the generator computes it.
fn direction(name: &str, tensor: &Tensor) -> f64 {
    let values = Vec::<f32>::try_from(tensor.detach().flatten(0, -1)).unwrap();
    let along = uniform(9, name, values.len());
    values.iter().zip(along).map(|(&value, along)| f64::from(value) * f64::from(along)).sum()
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let allowed = tolerance * expected.abs().max(1.0);
    assert!((found - expected).abs() <= allowed, "{what}: {found}, and PyTorch has {expected}");
}

#[test]
fn the_network_and_its_gradients_are_those_of_pytorch() {
    for case in cases(NETWORK) {
        let (channels, height, width) =
            (number(&case, "channels") as i64, number(&case, "height") as i64, number(&case, "width") as i64);
        let unet = network(channels, 3);
        let images = formula_images(1, "images", &[2, channels, height, width]).unwrap();
        let previous = formula_images(1, "previous", &[2, 1, height, width]).unwrap().set_requires_grad(true);

        let evaluated = unet.forward(&images, Some(&previous), false).unwrap();
        let first = Vec::<f32>::try_from(evaluated.detach().select(0, 0).flatten(0, -1)).unwrap();
        let expected = case["evaluated"].as_array().unwrap();
        assert_eq!(first.len(), expected.len());
        for (place, (found, expected)) in first.iter().zip(expected).enumerate() {
            close(&format!("pixel {place}"), f64::from(*found), expected.as_f64().unwrap(), 1e-5);
        }
        close("evaluated", direction("evaluated", &evaluated), number(&case, "evaluated_sum"), 1e-4);
        // Without a previous prediction nothing is concatenated, which must make no difference.
        let without = unet.forward(&images, None, false).unwrap();
        close("first", direction("first", &without), number(&case, "first_sum"), 1e-4);

        let trained = unet.forward(&images, Some(&previous), true).unwrap();
        close("trained", direction("trained", &trained), number(&case, "trained_sum"), 1e-4);
        let weights: Vec<f32> = uniform(2, "loss", trained.numel()).collect();
        let loss = (&trained * Tensor::from_slice(&weights).view_as(&trained)).mean(Kind::Float);
        close("loss", loss.double_value(&[]), number(&case, "loss"), 1e-6);
        loss.backward();
        close(
            "the gradient of the previous prediction",
            direction("previous", &previous.grad()),
            number(&case, "previous_gradient"),
            1e-5,
        );
        let parameters = nn::parameters(unet.variables());
        let gradients = case["gradients"].as_object().unwrap();
        assert_eq!(parameters.len(), gradients.len());
        for (name, parameter) in parameters {
            let expected = gradients.get(&name).unwrap_or_else(|| panic!("PyTorch has no {name}"));
            let (norm, along) = (expected[0].as_f64().unwrap(), expected[1].as_f64().unwrap());
            let gradient = parameter.grad();
            let found = gradient.norm().double_value(&[]);
            assert!((found - norm).abs() <= 1e-3 * norm, "gradient of {name}: norm {found}, not {norm}");
            let found = direction(&name, &gradient);
            assert!(
                (found - along).abs() <= 1e-3 * norm.max(along.abs()),
                "gradient of {name}: {found}, not {along}"
            );
        }
        let buffers = case["buffers"].as_object().unwrap();
        let found = nn::buffers(unet.variables());
        assert_eq!(found.len(), buffers.len());
        for (name, buffer) in found {
            close(&name, direction(&name, &buffer), buffers[&name].as_f64().unwrap(), 1e-4);
        }
    }
}

/// A network trained as the task trains it, with the parts of its losses kept.
struct Curve<'a> {
    network: UNet,
    steps: usize,
    perceptual: Option<(PerceptualLoss<'a>, f64)>,
    losses: Vec<[f64; 3]>,
}

impl Trainee<Batch> for Curve<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.network.variables()))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::buffers(self.network.variables()))
    }

    fn set_training(&mut self, _: bool) -> Result<(), PluginError> {
        Ok(())
    }

    fn loss(&mut self, batch: Batch, _: &At) -> Result<Loss, PluginError> {
        let perceptual = self.perceptual.as_ref().map(|(loss, mu)| (loss, *mu));
        let step = training_loss(&self.network, &batch, self.steps, perceptual)?;
        let perceptual = step.perceptual.map_or(f64::NAN, |part| part.double_value(&[]));
        self.losses.push([step.loss.double_value(&[]), step.bce.double_value(&[]), perceptual]);
        Ok(step.loss.into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        Ok(0.0.into())
    }
}

#[test]
fn one_refinement_in_training_leaves_the_weights_of_the_previous_prediction_as_they_began() {
    let unet = network(3, 4);
    let first = || nn::parameters(unet.variables()).swap_remove(0).1;
    let batch = Batch {
        images: formula_images(0, "images", &[2, 3, 32, 32]).unwrap(),
        maps: formula_images(0, "maps", &[2, 1, 32, 32]).unwrap(),
    };
    let gradient = |steps| {
        first().zero_grad();
        training_loss(&unet, &batch, steps, None).unwrap().loss.backward();
        first().grad().narrow(1, 3, 1).abs().max().double_value(&[])
    };
    assert_eq!(first().size(), [8, 4, 4, 4]);
    assert_eq!(gradient(1), 0.0);
    assert!(gradient(2) > 0.0);
}

#[test]
fn twenty_training_steps_have_the_losses_of_pytorch() {
    // The images are too small for several threads to be of use.
    tch::set_num_threads(1);
    let loss_network = ConvLossNetwork::new(0, false).unwrap();
    for case in cases(CURVES) {
        let (steps, mu) = (number(&case, "steps") as usize, number(&case, "mu"));
        let perceptual = PerceptualLoss::new(&loss_network, PerceptualKind::Mse, Reduction::Layers);
        let mut curve = Curve {
            network: network(3, 4),
            steps,
            perceptual: (mu > 0.0).then_some((perceptual, mu)),
            losses: Vec::new(),
        };
        let make = |epoch| {
            let maps = formula_images(epoch, "maps", &[4, 1, 32, 32])?;
            let images = formula_images(epoch, "images", &[4, 3, 32, 32])?;
            Ok(Batch { images, maps: maps.gt(0.7).to_kind(Kind::Float) })
        };
        let settings =
            TrainSettings { epochs: 20, batch_size: 4, learning_rate: 1e-3, ..TrainSettings::default() };
        let folder = tempfile::tempdir().unwrap();
        let run = MemoryRun::new(folder.path()).unwrap();
        let source = EpochBatches { examples: 4, make };
        train("curve", &mut curve, &source, &settings, Goal::Minimize, &run).unwrap();

        let (losses, parts) = (case["losses"].as_array().unwrap(), case["parts"].as_array().unwrap());
        assert_eq!(curve.losses.len(), losses.len());
        for (step, (found, (loss, parts))) in curve.losses.iter().zip(losses.iter().zip(parts)).enumerate() {
            let expected = [loss, &parts[0], &parts[1]].map(|value| value.as_f64().unwrap());
            let compared = if mu > 0.0 { 3 } else { 2 };
            for (found, expected) in found.iter().zip(expected).take(compared) {
                let off = (found - expected).abs() / expected;
                assert!(off < 1e-3, "K = {steps}, step {step}: {found}, and PyTorch has {expected}");
            }
        }
    }
}

#[test]
fn scores_are_those_of_an_exact_distance_transform() {
    for case in cases(SCORES) {
        let (height, width) = (number(&case, "height") as usize, number(&case, "width") as usize);
        let (density, seed) = (number(&case, "density"), number(&case, "seed") as u64);
        let mask = |name: &str| {
            let above = uniform(seed, name, height * width)
                .map(|value| f64::from(f32::midpoint(value, 1.0)) > density);
            Mask::new(width, above.collect())
        };
        let (predicted, truth, tolerance) = (mask("predicted"), mask("truth"), number(&case, "tolerance"));
        let shares = Shares::new(&predicted, &truth, tolerance);
        close("completeness", shares.completeness, number(&case, "completeness"), 1e-12);
        close("correctness", shares.correctness, number(&case, "correctness"), 1e-12);
        close("quality", shares.quality, number(&case, "quality"), 1e-12);
        let everything = Mask::new(width, vec![true; height * width]);
        let constant = Shares::new(&everything, &truth, tolerance).quality;
        close("constant_quality", constant, number(&case, "constant_quality"), 1e-12);
    }
}

#[test]
fn predictions_have_the_size_of_the_images_and_do_not_depend_on_the_padding_where_there_is_none() {
    let unet = network(1, 5);
    let images = formula_images(2, "images", &[2, 1, 32, 48]).unwrap();
    let steps = predict(&unet, &images, 2, false).unwrap();
    let first = unet.forward(&images, None, false).unwrap();
    let second = unet.forward(&images, Some(&first), false).unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0], first.detach());
    assert_eq!(steps[1], second.detach());
    assert!(!steps[1].requires_grad());

    // Reflected to 48×32 and cut again.
    let odd = images.narrow(2, 0, 17).narrow(3, 0, 31);
    let predicted = predict(&unet, &odd, 1, false).unwrap().remove(0);
    assert_eq!(predicted.size(), [2, 1, 17, 31]);
    let reflected = odd.pad([0, 1, 0, 15], "reflect", None);
    let expected = unet.forward(&reflected, None, false).unwrap().narrow(2, 0, 17).narrow(3, 0, 31);
    assert_eq!(predicted, expected.detach());

    let error = predict(&unet, &images.narrow(3, 0, 15), 1, false).unwrap_err().to_string();
    assert_eq!(error, "an image of 15×32 pixels is too small for the network: sides must be at least 16");
    let error = unet.forward(&odd, None, false).unwrap_err().to_string();
    assert!(error.contains("[2, 1, 17, 31]") && error.contains("multiples of 16"), "{error}");
}
