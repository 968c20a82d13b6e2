//! The training of predictors, and what they make of codes.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{self, Device, Kind, Reduction};
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::train::{
    At, Goal, Loss, TensorSource, TrainSettings, Trainee, Validation, stage_seed, train,
};
use serde_json::Value;

use crate::codes::Codes;
use crate::networks::Predictor;
use crate::settings::Protocol;

/// The name of a predictor and of its training: `predictor-64x32`, or `predictor-linear` without hidden layers.
pub fn predictor_name(hidden: &[u32]) -> String {
    if hidden.is_empty() {
        return "predictor-linear".to_owned();
    }
    let sizes: Vec<String> = hidden.iter().map(u32::to_string).collect();
    format!("predictor-{}", sizes.join("x"))
}

/// The loss of a predictor: the mean squared error of its outputs against 1 for the class and 0 for all others.
pub fn predictor_loss(
    predictor: &Predictor,
    codes: &Tensor,
    targets: &Tensor,
) -> Result<Tensor, PluginError> {
    predictor.forward(codes)?.f_mse_loss(targets, Reduction::Mean).map_err(torch_error)
}

/// A trained predictor.
pub(crate) struct TrainedPredictor {
    pub(crate) name: String,
    /// With its best weights.
    predictor: Predictor,
    /// The weights after its last epoch, where the protocol needs them.
    last: Option<Vec<f32>>,
}

/// A predictor at school. A batch is codes and targets.
struct Pupil<'a> {
    predictor: &'a Predictor,
    /// The validation part's codes and targets.
    validation: (&'a Tensor, &'a Tensor),
    protocol: Protocol,
    /// The weights after the last epoch so far, if the protocol is the published one.
    last: Option<Vec<f32>>,
}

/// How predictors are trained and tested.
pub(crate) struct Prediction<'a> {
    pub(crate) training: &'a Codes,
    pub(crate) validation: &'a Codes,
    pub(crate) classes: u32,
    pub(crate) protocol: Protocol,
    pub(crate) settings: &'a TrainSettings,
    pub(crate) run: &'a dyn Run,
}

impl Prediction<'_> {
    /// Trains a predictor with hidden layers of these sizes, or loads it where that is done. Its steps are so small that the
    /// CPU is the right place for them.
    pub(crate) fn train(&self, hidden: &[u32]) -> Result<TrainedPredictor, PluginError> {
        let name = predictor_name(hidden);
        tch::manual_seed((stage_seed(self.run, &name) >> 1) as i64);
        let code = self.training.values.size()[1];
        let predictor = Predictor::new(code, hidden, i64::from(self.classes), Device::Cpu);
        let source = TensorSource {
            inputs: self.training.values.shallow_clone(),
            targets: self.training.targets(self.classes)?,
        };
        let targets = self.validation.targets(self.classes)?;
        let mut pupil = Pupil {
            predictor: &predictor,
            validation: (&self.validation.values, &targets),
            protocol: self.protocol,
            last: None,
        };
        train(&name, &mut pupil, &source, self.settings, Goal::Minimize, self.run)?;
        let last = pupil.last;
        Ok(TrainedPredictor { name, predictor, last })
    }
}

impl Trainee<(Tensor, Tensor)> for Pupil<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.predictor.variables()))
    }

    /// Nothing in it behaves otherwise in training.
    fn set_training(&mut self, _: bool) -> Result<(), PluginError> {
        Ok(())
    }

    /// There are hundreds of thousands of them.
    fn records_steps(&self) -> bool {
        false
    }

    fn loss(&mut self, (codes, targets): (Tensor, Tensor), _: &At) -> Result<Loss, PluginError> {
        Ok(predictor_loss(self.predictor, &codes, &targets)?.into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        if self.protocol == Protocol::Published {
            self.last = Some(flat_weights(self.predictor)?);
        }
        let (codes, targets) = self.validation;
        let loss = predictor_loss(self.predictor, codes, targets)?;
        Ok(loss.f_double_value(&[]).map_err(torch_error)?.into())
    }

    /// The best weights are in the checkpoints anyway, and the last ones are not where training has ended.
    fn state(&self) -> Value {
        match &self.last {
            Some(weights) => weights.iter().map(|&weight| f64::from(weight)).collect(),
            None => Value::Null,
        }
    }

    fn restore(&mut self, state: &Value) -> Result<(), PluginError> {
        if let Some(weights) = state.as_array() {
            // Every float32 is a float64, which JSON gives back as it was.
            let weights = weights.iter().map(|weight| weight.as_f64().map(|weight| weight as f32));
            self.last = weights.collect();
        }
        Ok(())
    }
}

/// What a predictor makes of a split, sample by sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// Mean over classes of the squared error.
    pub loss: Vec<f64>,
    /// Sum over classes of the absolute error.
    pub l1: Vec<f64>,
    /// Root of the sum over classes of the squared error.
    pub l2: Vec<f64>,
    /// 1 where the class with the largest output is the right one, else 0.
    pub correct: Vec<f64>,
}

impl TrainedPredictor {
    /// What the best weights make of a split.
    pub(crate) fn validate(&self, codes: &Codes) -> Result<Scores, PluginError> {
        Scores::of(&self.predictor, &codes.values, &codes.labels)
    }

    /// What is reported of test splits: with the best weights, or with the last ones where those were kept because the
    /// protocol wants it.
    pub(crate) fn test(&self, codes: &Codes) -> Result<Scores, PluginError> {
        let Some(last) = &self.last else { return self.validate(codes) };
        let best = flat_weights(&self.predictor)?;
        fill_weights(&self.predictor, last)?;
        let scores = self.validate(codes);
        fill_weights(&self.predictor, &best)?;
        scores
    }
}

impl Scores {
    /// A predictor's scores on codes (N×z) with labels (N, whole numbers).
    pub fn of(predictor: &Predictor, codes: &Tensor, labels: &Tensor) -> Result<Scores, PluginError> {
        tch::no_grad(|| {
            let outputs = predictor.forward(codes)?;
            let numbers = |tensor: Tensor| Vec::<f64>::try_from(tensor.f_to_kind(Kind::Double)?);
            let scores = || {
                let targets = labels.f_one_hot(outputs.size()[1])?;
                let errors = outputs.f_to_kind(Kind::Double)?.f_sub(&targets)?;
                let squared = errors.f_square()?;
                let per_sample = [1i64];
                Ok(Scores {
                    loss: numbers(squared.f_mean_dim(per_sample.as_slice(), false, None)?)?,
                    l1: numbers(errors.f_abs()?.f_sum_dim_intlist(per_sample.as_slice(), false, None)?)?,
                    l2: numbers(squared.f_sum_dim_intlist(per_sample.as_slice(), false, None)?.f_sqrt()?)?,
                    correct: numbers(outputs.f_argmax(1, false)?.f_eq_tensor(labels)?)?,
                })
            };
            scores().map_err(torch_error)
        })
    }
}

/// All weights, one tensor after the other in the order of their names.
fn flat_weights(predictor: &Predictor) -> Result<Vec<f32>, PluginError> {
    let mut weights = Vec::new();
    for (_, tensor) in nn::parameters(predictor.variables()) {
        let values =
            tensor.f_detach().and_then(|tensor| tensor.f_flatten(0, -1)).and_then(Vec::<f32>::try_from);
        weights.extend(values.map_err(torch_error)?);
    }
    Ok(weights)
}

fn fill_weights(predictor: &Predictor, mut weights: &[f32]) -> Result<(), PluginError> {
    tch::no_grad(|| {
        for (name, mut tensor) in nn::parameters(predictor.variables()) {
            let Some((values, rest)) = weights.split_at_checked(tensor.numel()) else {
                return Err(PluginError::run(format!("the last weights of a predictor end before `{name}`")));
            };
            let values = Tensor::f_from_slice(values).and_then(|values| values.f_view_as(&tensor));
            values.and_then(|values| tensor.f_copy_(&values)).map_err(torch_error)?;
            weights = rest;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn scores_are_means_of_errors_against_the_class_s_one() {
        let predictor = Predictor::new(2, &[], 3, Device::Cpu);
        // The outputs are the codes and 0.25.
        fill_weights(&predictor, &[0.0, 0.0, 0.25, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]).unwrap();
        let codes = Tensor::from_slice(&[0.5_f32, 0.0, 0.0, 1.0]).reshape([2, 2]);
        let scores = Scores::of(&predictor, &codes, &Tensor::from_slice(&[0i64, 2])).unwrap();
        // Errors: -0.5, 0, 0.25 and 0, 1, -0.75.
        assert_eq!(scores.correct, [1.0, 0.0]);
        assert_eq!(scores.l1, [0.75, 1.75]);
        assert_eq!(scores.loss, [0.3125 / 3.0, 1.5625 / 3.0]);
        assert_eq!(scores.l2, [0.3125_f64.sqrt(), 1.25]);
    }

    #[test]
    fn weights_survive_being_written_down() {
        tch::manual_seed(1);
        let predictor = Predictor::new(4, &[3], 2, Device::Cpu);
        let weights = flat_weights(&predictor).unwrap();
        let text = weights.iter().map(|&weight| f64::from(weight)).collect::<Value>().to_string();
        let codes = Tensor::zeros([1, 4], (Kind::Float, Device::Cpu));
        let mut pupil = Pupil {
            predictor: &predictor,
            validation: (&codes, &codes),
            protocol: Protocol::Published,
            last: None,
        };
        pupil.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(pupil.last.as_deref(), Some(weights.as_slice()));
        assert!(fill_weights(&predictor, &weights[1..]).is_err());
    }

    #[test]
    fn predictors_are_named_by_their_hidden_layers() {
        assert_eq!(predictor_name(&[]), "predictor-linear");
        assert_eq!(predictor_name(&[64, 32]), "predictor-64x32");
    }
}
