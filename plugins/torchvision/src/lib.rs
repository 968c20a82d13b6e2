//! torchvision's classification networks as loss networks.
//!
//! One module per family, with a table where a family is one. Names of nodes and parameters are those of torchvision's
//! own modules, so its weight files fit and any inner layer can be named as torchvision names it. What is published of
//! each network (files, accuracies, the layers of the paper's grid) is in `data/published.json`.

mod alexnet;
mod densenet;
mod efficientnet;
mod googlenet;
mod inception;
mod mnasnet;
mod mobilenet_v2;
mod mobilenet_v3;
mod parts;
mod published;
mod regnet;
mod resnet;
mod shufflenet;
mod squeezenet;
mod vgg;

use lossnet_plugin_api::prelude::*;

/// One architecture.
struct Architecture {
    name: &'static str,
    family: &'static Family,
    build: Box<dyn Fn(&mut GraphBuilder) + Send + Sync>,
}

/// What the architectures of a family have in common.
struct Family {
    summary: &'static str,
    paper: &'static str,
}

impl Family {
    fn network(
        &'static self,
        name: &'static str,
        build: impl Fn(&mut GraphBuilder) + Send + Sync + 'static,
    ) -> Architecture {
        Architecture { name, family: self, build: Box::new(build) }
    }
}

impl Backbone for Architecture {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new(self.name, self.family.summary).with_reference(self.family.paper)
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        (self.build)(&mut net);
        Ok(net.finish()?)
    }

    fn weights(&self) -> Vec<WeightsEntry> {
        published::of(self.name).map(|network| network.weights.clone()).unwrap_or_default()
    }

    fn paper_layers(&self) -> Vec<usize> {
        published::of(self.name).map(|network| network.paper_layers.clone()).unwrap_or_default()
    }
}

/// All architectures, family by family.
fn architectures() -> Vec<Architecture> {
    [
        alexnet::all(),
        vgg::all(),
        squeezenet::all(),
        resnet::all(),
        densenet::all(),
        googlenet::all(),
        inception::all(),
        mobilenet_v2::all(),
        mobilenet_v3::all(),
        mnasnet::all(),
        shufflenet::all(),
        efficientnet::all(),
        regnet::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// All architectures as an author's own code (a test, say) uses them; a host loads the plugin instead.
pub fn backbones() -> Vec<Box<dyn AnyBackbone>> {
    architectures().into_iter().map(|network| Box::new(network) as Box<dyn AnyBackbone>).collect()
}

submit! { Components::Backbones(backbones) }
export_plugin!();
