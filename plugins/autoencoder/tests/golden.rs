//! The networks, their losses and their training against PyTorch (`golden/generate.py`).
//!
//! Tolerances: 1e-9 of each list's largest value for single passes, which are in float64 here and there; 1e-3 of each loss
//! for 20 steps of Adam in float32, whose rounding grows from step to step.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{Device, Kind};
use lossnet_plugin_autoencoder::networks::{Autoencoder, Decoded, FeatureShapes, Form, Model, Predictor};
use lossnet_plugin_autoencoder::objective::Objective;
use lossnet_plugin_autoencoder::predictor_loss;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::PerceptualKind;
use lossnet_plugin_kit::testing::{ConvLossNetwork, EpochBatches, MemoryRun, formula_images, set_parameters};
use lossnet_plugin_kit::train::{At, Goal, Loss, TrainSettings, Trainee, Validation, train};
use serde::Deserialize;

use common::Pooled;

#[derive(Deserialize)]
struct Golden {
    passes: Vec<Expected>,
    curves: BTreeMap<String, Vec<f64>>,
}

/// One pass. Tensors are stood for by their norm and a few of their elements.
#[derive(Deserialize)]
struct Expected {
    model: Model,
    variational: bool,
    image: (i64, i64),
    gamma: f64,
    beta: f64,
    total: f64,
    reconstruction: f64,
    divergence: f64,
    sorted: f64,
    mean: Vec<f64>,
    output: Vec<f64>,
    gradients: BTreeMap<String, Vec<f64>>,
    statistics: BTreeMap<String, Vec<f64>>,
    evaluated_mean: Vec<f64>,
    evaluated_output: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/autoencoder.json")).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.detach().to_kind(Kind::Double).contiguous().flatten(0, -1).try_into().unwrap()
}

fn some(values: &[f64]) -> Vec<f64> {
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let picked = (0..4).map(|at: usize| values[(at * 2_654_435_761 + 12345) % values.len()]);
    std::iter::once(norm).chain(picked).collect()
}

fn close(actual: &[f64], expected: &[f64], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-12_f64, |most, value| most.max(value.abs()));
    for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let error = (actual - expected).abs();
        assert!(error <= 1e-9 * scale, "{what} at {at}: {actual} instead of {expected}");
    }
}

fn output(decoded: &Decoded) -> Vec<f64> {
    match decoded {
        Decoded::Images(images) => numbers(images),
        // PyTorch's output is N×P.
        Decoded::Features(layers) => {
            let flat: Vec<Tensor> = layers.iter().map(|layer| layer.flatten(1, -1)).collect();
            numbers(&Tensor::cat(&flat, 1))
        }
    }
}

#[test]
fn passes_gradients_and_statistics_equal_pytorchs() {
    let golden = golden();
    assert_eq!(golden.passes.len(), 11);
    for case in &golden.passes {
        let name = format!("{:?}, variational {}, {:?}", case.model, case.variational, case.image);
        let images = formula_images(0, "images", &[3, 3, case.image.0, case.image.1]).unwrap();
        let images = images.to_kind(Kind::Double);
        let form = Form {
            model: case.model,
            code: 5,
            variational: case.variational,
            image: case.image,
            features: FeatureShapes::of(&Pooled.features(&images).unwrap()),
        };
        let mut autoencoder = Autoencoder::new(form, Device::Cpu).unwrap();
        autoencoder.variables_mut().double();
        let tensors =
            [nn::parameters(autoencoder.variables()), nn::buffers(autoencoder.variables())].concat_all();
        set_parameters(&tensors, 11).unwrap();
        // From [0, 1] to [-2, 2].
        let noise = formula_images(0, "noise", &[3, 5]).unwrap().to_kind(Kind::Double) * 4.0 - 2.0;

        let objective = Objective::new(&Pooled, PerceptualKind::Mse, case.gamma, case.beta);
        let pass = objective.pass_with(&autoencoder, &images, Some(&noise)).unwrap();
        let value = |term: &Option<Tensor>| term.as_ref().map_or(0.0, |term| term.double_value(&[]));
        for (actual, expected, term) in [
            (pass.terms.total.double_value(&[]), case.total, "total"),
            (pass.terms.reconstruction.double_value(&[]), case.reconstruction, "reconstruction"),
            (value(&pass.terms.divergence), case.divergence, "divergence"),
            (value(&pass.terms.sorted), case.sorted, "sorted"),
        ] {
            close(&[actual], &[expected], &format!("{name}: {term}"));
        }
        close(&numbers(&pass.encoded.mean), &case.mean, &format!("{name}: mean"));
        close(&some(&output(&pass.decoded)), &case.output, &format!("{name}: output"));

        pass.terms.total.backward();
        let parameters = nn::parameters(autoencoder.variables());
        let names: Vec<&String> = parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(names, case.gradients.keys().collect::<Vec<_>>(), "{name}");
        // A convolution's bias before a batch normalization has a gradient of rounding errors: they are measured
        // against the largest of all.
        for (parameter, tensor) in &parameters {
            let (actual, expected) = (some(&numbers(&tensor.grad())), &case.gradients[parameter]);
            if expected[0] < 1e-9 * case.gradients["mu.weight"][0] {
                assert!(actual[0] < 1e-9 * case.gradients["mu.weight"][0], "{name}: {parameter}");
            } else {
                close(&actual, expected, &format!("{name}: gradient of {parameter}"));
            }
        }
        let statistics = nn::buffers(autoencoder.variables());
        assert_eq!(statistics.len(), case.statistics.len(), "{name}");
        for (buffer, tensor) in &statistics {
            close(&some(&numbers(tensor)), &case.statistics[buffer], &format!("{name}: {buffer}"));
        }

        autoencoder.set_training(false);
        let pass = objective.pass(&autoencoder, &images).unwrap();
        close(&numbers(&pass.encoded.mean), &case.evaluated_mean, &format!("{name}: evaluated mean"));
        let made = output(&pass.decoded);
        close(&some(&made), &case.evaluated_output, &format!("{name}: evaluated output"));
    }
}

/// Lists of named tensors, one after the other.
trait ConcatAll {
    fn concat_all(self) -> Vec<(String, Tensor)>;
}

impl ConcatAll for [Vec<(String, Tensor)>; 2] {
    fn concat_all(self) -> Vec<(String, Tensor)> {
        self.into_iter().flatten().collect()
    }
}

/// What is trained for a curve: parameters, buffers and a loss.
struct Pupil<B, L: FnMut(B) -> Tensor> {
    parameters: Vec<(String, Tensor)>,
    buffers: Vec<(String, Tensor)>,
    loss: L,
    batch: std::marker::PhantomData<B>,
}

fn copies(tensors: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}

impl<B, L: FnMut(B) -> Tensor> Trainee<B> for Pupil<B, L> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(copies(&self.parameters))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(copies(&self.buffers))
    }

    fn set_training(&mut self, _: bool) -> Result<(), PluginError> {
        Ok(())
    }

    fn loss(&mut self, batch: B, _: &At) -> Result<Loss, PluginError> {
        Ok((self.loss)(batch).into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        Ok(0.0.into())
    }
}

/// Losses of 20 steps, a batch of its own for each.
fn curve<B>(
    parameters: Vec<(String, Tensor)>,
    buffers: Vec<(String, Tensor)>,
    examples: usize,
    make: impl Fn(u64) -> Result<B, PluginError>,
    loss: impl FnMut(B) -> Tensor,
) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let settings =
        TrainSettings { epochs: 20, batch_size: examples, picture_epochs: 0, ..TrainSettings::default() };
    let mut pupil = Pupil { parameters, buffers, loss, batch: std::marker::PhantomData };
    let source = EpochBatches { examples, make };
    train("curve", &mut pupil, &source, &settings, Goal::Minimize, &run).unwrap();
    run.curve("curve/step_loss").into_iter().map(|(_, loss)| loss).collect()
}

fn follows(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), 20);
    let worst = actual.iter().zip(expected).map(|(a, b)| (a - b).abs() / b).fold(0.0_f64, f64::max);
    assert!(worst <= 1e-3, "{worst}: {actual:?} instead of {expected:?}");
}

#[test]
fn an_autoencoder_learns_as_in_pytorch() {
    let network = ConvLossNetwork::new(0, false).unwrap();
    let objective = Objective::new(&network, PerceptualKind::Mse, 0.0, 0.0);
    let form = Form {
        model: Model::FourLayerCvae,
        code: 8,
        variational: false,
        image: (64, 64),
        features: FeatureShapes::of(&[]),
    };
    let autoencoder = Autoencoder::new(form, Device::Cpu).unwrap();
    let (parameters, buffers) =
        (nn::parameters(autoencoder.variables()), nn::buffers(autoencoder.variables()));
    set_parameters(&parameters, 5).unwrap();
    set_parameters(&buffers, 5).unwrap();
    let make = |epoch| formula_images(epoch, "images", &[6, 3, 64, 64]);
    let loss = |images: Tensor| objective.pass(&autoencoder, &images).unwrap().terms.total;
    follows(&curve(parameters, buffers, 6, make, loss), &golden().curves["autoencoder"]);
}

#[test]
fn a_predictor_learns_as_in_pytorch() {
    let predictor = Predictor::new(8, &[32, 16], 10, Device::Cpu);
    let parameters = nn::parameters(predictor.variables());
    set_parameters(&parameters, 6).unwrap();
    let make = |epoch| {
        let codes = formula_images(epoch, "codes", &[12, 8])? * 2.0 - 1.0;
        let labels: Vec<i64> = (0..12).map(|at| (at * 7 + epoch as i64) % 10).collect();
        Ok((codes, Tensor::from_slice(&labels).one_hot(10).to_kind(Kind::Float)))
    };
    let loss = |(codes, targets): (Tensor, Tensor)| predictor_loss(&predictor, &codes, &targets).unwrap();
    follows(&curve(parameters, Vec::new(), 12, make, loss), &golden().curves["predictor"]);
}
