//! Adam with its state in plain tensors, which libtorch's own optimizer does not give out.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use tch::{TchError, Tensor};

use super::TrainSettings;

/// Adam (Kingma and Ba, arXiv 1412.6980) as `torch.optim.Adam` computes it, but for rounding.
pub(super) struct Adam {
    parameters: Vec<Moments>,
    settings: TrainSettings,
}

/// A parameter and what is remembered of its gradients.
struct Moments {
    name: String,
    parameter: Tensor,
    /// Summed over the batches of a step; none where the loss does not depend on the parameter.
    gradient: Option<Tensor>,
    mean: Tensor,
    square: Tensor,
}

impl Adam {
    pub(super) fn new(
        parameters: Vec<(String, Tensor)>,
        settings: &TrainSettings,
    ) -> Result<Adam, PluginError> {
        let parameters = parameters.into_iter().map(|(name, parameter)| {
            let (mean, square) = (parameter.f_zeros_like()?, parameter.f_zeros_like()?);
            // Moments of tensors that require gradients must not require any.
            Ok(Moments {
                name,
                mean: mean.f_detach()?,
                square: square.f_detach()?,
                parameter,
                gradient: None,
            })
        });
        let parameters = parameters.collect::<Result<_, TchError>>().map_err(torch_error)?;
        Ok(Adam { parameters, settings: settings.clone() })
    }

    /// All that a checkpoint has to keep, by name.
    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        let tensors = self.parameters.iter().flat_map(|of| {
            [
                (format!("mean/{}", of.name), of.mean.shallow_clone()),
                (format!("square/{}", of.name), of.square.shallow_clone()),
            ]
        });
        tensors.collect()
    }

    /// Forgets the gradients.
    pub(super) fn zero_grad(&mut self) {
        self.parameters.iter_mut().for_each(|of| of.gradient = None);
    }

    /// Adds the gradients of a loss. They are taken from libtorch as they come, not collected in the parameters: that
    /// saves filling them with zeros and adding to those.
    pub(super) fn backward(&mut self, loss: &Tensor) -> Result<(), PluginError> {
        let wanted: Vec<&mut Moments> =
            self.parameters.iter_mut().filter(|of| of.parameter.requires_grad()).collect();
        let inputs: Vec<&Tensor> = wanted.iter().map(|of| &of.parameter).collect();
        let found = Tensor::f_run_backward(&[loss], &inputs, false, false).map_err(torch_error)?;
        for (of, gradient) in wanted.into_iter().zip(found).filter(|(_, gradient)| gradient.defined()) {
            of.gradient = Some(match of.gradient.take() {
                Some(sum) => sum.f_add(&gradient).map_err(torch_error)?,
                None => gradient,
            });
        }
        Ok(())
    }

    /// The norm of each gradient that is there, by the parameter's name.
    pub(super) fn gradient_norms(&self) -> Result<Vec<(&str, f64)>, PluginError> {
        let with_gradient = self.parameters.iter().filter_map(|of| Some((of, of.gradient.as_ref()?)));
        let norms = with_gradient
            .map(|(of, gradient)| Ok((of.name.as_str(), gradient.f_norm()?.f_double_value(&[])?)));
        norms.collect::<Result<_, TchError>>().map_err(torch_error)
    }

    /// The norm of all gradients together.
    pub(super) fn gradient_norm(&self) -> Result<f64, PluginError> {
        Ok(self.gradient_norms()?.iter().map(|(_, norm)| norm.powi(2)).sum::<f64>().sqrt())
    }

    /// Step number `step`, from 1. Gradients are taken as they are, but for clipping.
    pub(super) fn step(&mut self, step: u64, learning_rate: f64) -> Result<(), PluginError> {
        let clip = self.settings.max_grad_norm;
        // As `clip_grad_norm_` does.
        let scale = if clip > 0.0 { (clip / (self.gradient_norm()? + 1e-6)).min(1.0) } else { 1.0 };
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let corrections =
            (1.0 - self.settings.beta1.powi(power), (1.0 - self.settings.beta2.powi(power)).sqrt());
        tch::no_grad(|| {
            self.parameters
                .iter_mut()
                .try_for_each(|of| of.step(&self.settings, scale, learning_rate, corrections))
        })
        .map_err(torch_error)
    }
}

impl Moments {
    fn step(
        &mut self,
        settings: &TrainSettings,
        scale: f64,
        learning_rate: f64,
        (first, second): (f64, f64),
    ) -> Result<(), TchError> {
        let Some(mut gradient) = self.gradient.take() else { return Ok(()) };
        if scale != 1.0 {
            gradient = gradient.f_mul_scalar(scale)?;
        }
        if settings.weight_decay != 0.0 {
            gradient = gradient.f_add(&self.parameter.f_mul_scalar(settings.weight_decay)?)?;
        }
        let _ = self.mean.f_lerp_(&gradient, 1.0 - settings.beta1)?;
        // Each line is one pass over memory, which is what an optimizer's time goes into.
        let scaled = gradient.f_mul_scalar((1.0 - settings.beta2).sqrt())?;
        let mut square = self.square.f_mul_scalar_(settings.beta2)?;
        let _ = square.f_addcmul_(&scaled, &scaled)?;
        if learning_rate == 0.0 {
            return Ok(());
        }
        // -(rate / first) · mean / (√square / second + ε) with all factors in the divisor.
        let mut divisor = self.square.f_sqrt()?;
        let mut divisor = divisor.f_add_scalar_(settings.epsilon * second)?;
        let divisor = divisor.f_mul_scalar_(-first / (learning_rate * second))?;
        let _ = self.parameter.f_addcdiv_(&self.mean, &divisor)?;
        Ok(())
    }
}
