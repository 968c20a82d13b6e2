//! A training batch that does not fit into memory is told as such, and never made smaller.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{Run, torch_error};
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_kit::testing::MemoryRun;
use lossnet_plugin_kit::train::{At, Goal, Loss, TensorSource, TrainSettings, Trainee, Validation, train};
use tch::{Device, Kind, Tensor};

/// More than any address space holds.
const HUGE: [i64; 1] = [1 << 50];

/// Wants too much memory at its first step, in one of the two ways in which tch lets code do so.
struct Hungry {
    weight: Tensor,
    panics: bool,
}

impl Trainee<(Tensor, Tensor)> for Hungry {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(vec![("weight".to_owned(), self.weight.shallow_clone())])
    }

    fn set_training(&mut self, _: bool) -> Result<(), PluginError> {
        Ok(())
    }

    fn loss(&mut self, _: (Tensor, Tensor), _: &At) -> Result<Loss, PluginError> {
        let float = (Kind::Float, Device::Cpu);
        let huge = if self.panics {
            Tensor::zeros(HUGE, float)
        } else {
            Tensor::f_zeros(HUGE, float).map_err(torch_error)?
        };
        Ok(Loss::from(huge.sum(Kind::Float)))
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        Ok(Validation::none())
    }
}

#[test]
fn a_training_batch_that_does_not_fit_says_what_to_set() {
    for panics in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let run = MemoryRun::new(folder.path()).unwrap();
        let examples = Tensor::zeros([12, 1], (Kind::Float, Device::Cpu));
        let source = TensorSource { inputs: examples.shallow_clone(), targets: examples };
        let settings = TrainSettings { epochs: 1, batch_size: 8, ..TrainSettings::default() };
        let weight = Tensor::zeros([1], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let error =
            train("fit", &mut Hungry { weight, panics }, &source, &settings, Goal::Last, &run).unwrap_err();
        // Of another kind than where only an evaluation does not fit, which is tried again in smaller batches.
        assert_eq!(error.kind, ErrorKind::Run, "{error:?}");
        assert!(
            error.message.starts_with("fit: a training batch of 8 does not fit into memory: "),
            "{error}"
        );
        let help = error.help.unwrap_or_default();
        assert!(help.contains("smaller batch_size") && help.contains("grad_accumulation_steps"), "{help}");
    }
}
