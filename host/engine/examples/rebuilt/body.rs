//! A plugin that is built twice, for the tests of the host: what it computes has changed in between.

use lossnet_plugin_api::prelude::*;

/// What a build computes.
pub(crate) struct Build {
    /// What distances are multiplied by.
    pub(crate) factor: f64,
    /// The version that the comparison `told` has.
    pub(crate) version: u32,
    /// The channels of the backbone's only layer.
    pub(crate) channels: i64,
}

struct Net;

impl Backbone for Net {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("rebuilt_net", "one convolution")
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        net.conv("conv", net.input(), Conv2d::new(crate::BUILD.channels, 3));
        net.layers(["conv"]);
        Ok(net.finish()?)
    }
}

struct Scaled {
    name: &'static str,
    version: u32,
}

impl Comparison for Scaled {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new(self.name, "scaled squares of differences")
    }

    fn build(&self, _: NoSettings) -> Result<Box<dyn Compare>, PluginError> {
        Ok(Box::new(Squares))
    }

    fn protocol_version(&self) -> u32 {
        self.version
    }
}

struct Squares;

impl Compare for Squares {
    fn map(&self, a: &Tensor, b: &Tensor, _: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let squares = a.f_sub(b).and_then(|difference| difference.f_square()).map_err(torch_error)?;
        let sums = squares.f_sum_dim_intlist([1i64].as_slice(), true, None).map_err(torch_error)?;
        sums.f_mul_scalar(crate::BUILD.factor).map_err(torch_error)
    }
}

submit! { Components::Backbones(|| vec![Box::new(Net)]) }
submit! {
    Components::Comparisons(|| {
        vec![
            Box::new(Scaled { name: "told", version: crate::BUILD.version }),
            Box::new(Scaled { name: "untold", version: 1 }),
        ]
    })
}
export_plugin!();
