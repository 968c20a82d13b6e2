//! The training of predictors, and what they make of codes.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{self, Device, Kind, Reduction};
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::train::{
    At, Goal, Loss, TensorSource, TrainSettings, Trainee, Validation, stage_seed, train,
};

use crate::codes::Codes;
use crate::networks::Predictor;

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
    /// With its best weights, by which both protocols validate and test.
    predictor: Predictor,
}

/// A predictor at school. A batch is codes and targets.
struct Pupil<'a> {
    predictor: &'a Predictor,
    /// The validation part's codes and targets.
    validation: (&'a Tensor, &'a Tensor),
}

/// How predictors are trained and tested.
pub(crate) struct Prediction<'a> {
    pub(crate) training: &'a Codes,
    pub(crate) validation: &'a Codes,
    pub(crate) classes: u32,
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
        let mut pupil = Pupil { predictor: &predictor, validation: (&self.validation.values, &targets) };
        train(&name, &mut pupil, &source, self.settings, Goal::Minimize, self.run)?;
        Ok(TrainedPredictor { name, predictor })
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
        let (codes, targets) = self.validation;
        let loss = predictor_loss(self.predictor, codes, targets)?;
        Ok(loss.f_double_value(&[]).map_err(torch_error)?.into())
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
    /// What it makes of a split.
    pub(crate) fn scores(&self, codes: &Codes) -> Result<Scores, PluginError> {
        Scores::of(&self.predictor, &codes.values, &codes.labels)
    }
}

impl Scores {
    /// A predictor's scores on codes (N×z) with labels (N, whole numbers).
    pub fn of(predictor: &Predictor, codes: &Tensor, labels: &Tensor) -> Result<Scores, PluginError> {
        tch::no_grad(|| Scores::of_outputs(&predictor.forward(codes)?, labels))
    }

    /// Those of who gives every image the frequencies of the classes in training: what codes are to be better than.
    pub(crate) fn of_frequencies(
        training: &Codes,
        labels: &Tensor,
        classes: u32,
    ) -> Result<Scores, PluginError> {
        tch::no_grad(|| {
            let frequencies = training.targets(classes)?.f_mean_dim([0i64].as_slice(), true, None);
            let outputs = frequencies.and_then(|outputs| outputs.f_expand([labels.size()[0], -1], false));
            Scores::of_outputs(&outputs.map_err(torch_error)?, labels)
        })
    }

    fn of_outputs(outputs: &Tensor, labels: &Tensor) -> Result<Scores, PluginError> {
        tch::no_grad(|| {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn scores_are_means_of_errors_against_the_class_s_one() {
        let predictor = Predictor::new(2, &[], 3, Device::Cpu);
        // The outputs are the codes and 0.25.
        let given =
            [Tensor::from_slice(&[0.0_f32, 0.0, 0.25]), Tensor::eye_m(3, 2, (Kind::Float, Device::Cpu))];
        for ((_, mut tensor), values) in nn::parameters(predictor.variables()).into_iter().zip(given) {
            tch::no_grad(|| tensor.copy_(&values));
        }
        let codes = Tensor::from_slice(&[0.5_f32, 0.0, 0.0, 1.0]).reshape([2, 2]);
        let scores = Scores::of(&predictor, &codes, &Tensor::from_slice(&[0i64, 2])).unwrap();
        // Errors: -0.5, 0, 0.25 and 0, 1, -0.75.
        assert_eq!(scores.correct, [1.0, 0.0]);
        assert_eq!(scores.l1, [0.75, 1.75]);
        assert_eq!(scores.loss, [0.3125 / 3.0, 1.5625 / 3.0]);
        assert_eq!(scores.l2, [0.3125_f64.sqrt(), 1.25]);
    }

    #[test]
    fn frequencies_are_those_of_training() {
        let codes = |labels: &[i64]| Codes {
            split: "train".to_owned(),
            ids: Vec::new(),
            groups: Vec::new(),
            values: Tensor::zeros([labels.len() as i64, 1], (Kind::Float, Device::Cpu)),
            labels: Tensor::from_slice(labels),
        };
        let labels = Tensor::from_slice(&[1i64, 0]);
        let scores = Scores::of_frequencies(&codes(&[1, 1, 1, 0]), &labels, 2).unwrap();
        // Outputs are 0.25 and 0.75.
        assert_eq!(scores.correct, [1.0, 0.0]);
        assert_eq!((scores.l1, scores.loss), (vec![0.5, 1.5], vec![0.0625, 0.5625]));
    }

    #[test]
    fn predictors_are_named_by_their_hidden_layers() {
        assert_eq!(predictor_name(&[]), "predictor-linear");
        assert_eq!(predictor_name(&[64, 32]), "predictor-64x32");
    }
}
