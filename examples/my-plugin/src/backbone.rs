//! A network to take features from: a description, no tensor in sight.

use lossnet_plugin_api::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `tiny_net`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TinySettings {
    /// Channels of the first convolution; the second has twice as many.
    #[schemars(range(min = 1, max = 512))]
    pub width: i64,
}

impl Default for TinySettings {
    fn default() -> Self {
        TinySettings { width: 8 }
    }
}

/// Two convolutions.
pub struct TinyNet;

impl Backbone for TinyNet {
    type Config = TinySettings;

    fn info(&self) -> Info {
        Info::new("tiny_net", "two convolutions with a ReLU each")
    }

    fn describe(&self, settings: &TinySettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        let x = net.conv("conv1", net.input(), Conv2d::new(settings.width, 3).padding(1));
        let x = net.relu("relu1", x);
        let x = net.max_pool("pool", x, Pool2d::new(2, 2));
        let x = net.conv("conv2", x, Conv2d::new(2 * settings.width, 3).padding(1));
        net.relu("relu2", x);
        net.layers(["relu1", "relu2"]);
        Ok(net.finish()?)
    }
}

submit! { Components::Backbones(|| vec![Box::new(TinyNet)]) }
