//! A way to compare features: one minus the cosine of the angle between channel vectors.

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::prelude::*;

/// The component.
pub struct Cosine;

impl Comparison for Cosine {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("cosine", "one minus the cosine of the angle between channel vectors")
    }

    fn build(&self, _: NoSettings) -> Result<Box<dyn Compare>, PluginError> {
        Ok(Box::new(Cosine))
    }
}

impl Compare for Cosine {
    // Once per image: channel vectors of length 1.
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        let length = features.f_norm_scalaropt_dim(2, [1i64].as_slice(), true).map_err(torch_error)?;
        length.f_clamp_min(1e-12).and_then(|length| features.f_div(&length)).map_err(torch_error)
    }

    // Once per pair: N×1×H×W. The distance is its mean, unless `distance` is written, too.
    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        if calibration.is_some() {
            return Err(PluginError::input("`cosine` knows no calibration").with_help("leave it out"));
        }
        let product = a.f_mul(b).map_err(torch_error)?;
        let cosine = product.f_sum_dim_intlist([1i64].as_slice(), true, None).map_err(torch_error)?;
        cosine.f_neg().and_then(|x| x.f_add_scalar(1.0)).map_err(torch_error)
    }
}

submit! { Components::Comparisons(|| vec![Box::new(Cosine)]) }
