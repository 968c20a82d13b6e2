//! The backbone `pixels`: no network at all. Its only layer is the (normalized) image, so that a loss over its features is
//! a pixel loss, with the same normalization, comparisons and reports as any loss network.

use lossnet_plugin_api::prelude::*;

struct Pixels;

impl Backbone for Pixels {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("pixels", "the image itself as the only layer, for pixel losses; it has no weights")
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        let image = net.input();
        net.apply("image", Op::Identity, &[image]);
        net.layers(["image"]);
        Ok(net.finish()?)
    }
}

/// The backbone, for a program that links it; a host loads the plugin instead.
pub fn backbone() -> Box<dyn AnyBackbone> {
    Box::new(Pixels)
}

submit! { Components::Backbones(|| vec![backbone()]) }
export_plugin!();
