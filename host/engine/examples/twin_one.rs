//! One of two plugins that claim the same name, for the tests of the host.

use lossnet_plugin_api::prelude::*;

struct Twin(&'static str);

impl Backbone for Twin {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new(self.0, "one convolution")
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        net.conv("conv", net.input(), Conv2d::new(4, 3));
        net.layers(["conv"]);
        Ok(net.finish()?)
    }
}

submit! { Components::Backbones(|| vec![Box::new(Twin("twin")), Box::new(Twin("only_one"))]) }
export_plugin!();
