//! A loss network with few features.

use lossnet_plugin_api::prelude::*;

/// A loss network with two layers of pooled pixels, 3×8×8 and 3×4×4 for images of 64×64.
pub(crate) struct Pooled;

impl LossNetwork for Pooled {
    fn distances(&self, _: &[Tensor], _: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        Err(PluginError::run("not needed"))
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        if images.size()[2] > 200 {
            return Err(PluginError::input("the layer `first` takes no such images"));
        }
        let pool = |values: &Tensor, kernel: i64| {
            values.avg_pool2d([kernel; 2], [kernel; 2], [0; 2], false, true, None)
        };
        Ok(vec![pool(images, 8) * 40.0, pool(&images.square(), 16) * 60.0])
    }

    fn layers(&self) -> Vec<String> {
        ["first", "second"].map(str::to_owned).to_vec()
    }

    fn channels(&self) -> Result<Vec<i64>, PluginError> {
        Ok(vec![3, 3])
    }

    fn compare(
        &self,
        _: usize,
        a: &[Tensor],
        b: &[Tensor],
        _: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        let layer = |(a, b): (&Tensor, &Tensor)| (a - b).abs().flatten(1, -1).mean_dim(1, false, None);
        Ok(a.iter().zip(b).map(layer).sum())
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(Vec::new())
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(Vec::new())
    }

    fn set_training(&self, _: bool) -> Result<(), PluginError> {
        Ok(())
    }
}
