//! The published defect: p0 and p1 are normalized as the loss network wants it, and the reference image is not.

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::protocol::normalization::{Normalization, NormalizationError};
use lossnet_plugin_api::tch::{Kind, TchError, Tensor};

/// What undoes a loss network's input normalization beforehand: `x · deviation + mean`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unnormalized {
    mean: [f64; 3],
    deviation: [f64; 3],
}

impl Unnormalized {
    /// For the loss networks of a run, from their setting `normalize`. None where images are taken as they are.
    pub(crate) fn of(run: &dyn Run) -> Result<Option<Unnormalized>, PluginError> {
        let config = &run.context().cells[0].config;
        let normalize = config.get("loss_network").and_then(|section| section.get("normalize"));
        match normalize.and_then(serde_json::Value::as_str) {
            Some(text) => Unnormalized::parse(text),
            None => Err(PluginError::run("the run's config does not say loss_network.normalize")),
        }
    }

    fn parse(text: &str) -> Result<Option<Unnormalized>, PluginError> {
        let normalization: Normalization =
            text.parse().map_err(|error: NormalizationError| PluginError::run(error.to_string()))?;
        Ok(normalization.constants().map(|(mean, deviation)| Unnormalized { mean, deviation }))
    }

    /// The images that the loss network's normalization turns into `images`.
    pub(crate) fn apply(&self, images: &Tensor) -> Result<Tensor, PluginError> {
        let channels = |values: [f64; 3]| -> Result<Tensor, TchError> {
            Tensor::f_from_slice(&values)?.f_to_kind(Kind::Float)?.f_view([1, 3, 1, 1])?.f_to(images.device())
        };
        images
            .f_mul(&channels(self.deviation).map_err(torch_error)?)
            .and_then(|scaled| scaled.f_add(&channels(self.mean)?))
            .map_err(torch_error)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_loss_network_s_normalization_gives_the_image_back() {
        let images = Tensor::rand([2, 3, 4, 4], (Kind::Float, lossnet_plugin_api::tch::Device::Cpu));
        for text in ["imagenet", "published-lpips", "0.5, 0.4, 0.3/0.25,0.5,1"] {
            let unnormalized = Unnormalized::parse(text).unwrap().unwrap();
            let channels =
                |values: [f64; 3]| Tensor::from_slice(&values).to_kind(Kind::Float).view([1, 3, 1, 1]);
            let given = unnormalized.apply(&images).unwrap();
            let seen = (given - channels(unnormalized.mean)) / channels(unnormalized.deviation);
            assert!((seen - &images).abs().max().double_value(&[]) < 1e-6, "{text}");
        }
        assert_eq!(Unnormalized::parse("none").unwrap(), None);
        assert!(Unnormalized::parse("1,2/3").unwrap_err().to_string().contains("1,2/3"));
    }
}
