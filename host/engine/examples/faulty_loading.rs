//! A plugin that ends its process, or keeps it, while it is asked what it holds, for the tests of the host. Which of it an
//! environment variable says: without it all is well, but for two components.

use lossnet_plugin_api::prelude::*;

struct Loading;

/// Never returns, and needs more stack at each step.
#[expect(unconditional_recursion, reason = "it is to run over its stack")]
fn deeper(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    deeper(room[7] + 1) + room[3]
}

impl Backbone for Loading {
    type Config = NoSettings;

    fn info(&self) -> Info {
        match std::env::var("LOSSNET_TEST_LOADING").unwrap_or_default().as_str() {
            "abort" => std::process::abort(),
            "exit" => std::process::exit(0),
            "overflow" => drop(deeper(0)),
            "hang" => loop {
                std::thread::sleep(std::time::Duration::from_secs(1));
            },
            _ => {}
        }
        Info::new("loading", "a ReLU")
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        let nodes =
            if std::env::var("LOSSNET_TEST_LOADING").is_ok_and(|what| what == "many") { 50_000 } else { 1 };
        let image = net.input();
        (0..nodes).fold(image, |x, _| net.relu("relu", x));
        net.layers(["relu"]);
        Ok(net.finish()?)
    }
}

/// Fails to describe itself.
struct Speechless;

impl Backbone for Speechless {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("speechless", "panics when it is asked for its description")
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        panic!("no words today")
    }
}

/// Would leave the folder of results.
struct Escaping;

impl Backbone for Escaping {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("../../evil/x", "has a name that is a path")
    }

    fn describe(&self, config: &NoSettings) -> Result<Graph, PluginError> {
        Loading.describe(config)
    }
}

/// Has fewer channels than none.
struct Negative;

impl Backbone for Negative {
    type Config = NoSettings;

    fn info(&self) -> Info {
        Info::new("negative", "has fewer channels than none")
    }

    fn describe(&self, _: &NoSettings) -> Result<Graph, PluginError> {
        let mut net = GraphBuilder::new();
        let x = net.input();
        net.conv("conv", x, Conv2d::new(-8, 3));
        net.layers(["conv"]);
        Ok(net.finish()?)
    }
}

submit! {
    Components::Backbones(|| vec![Box::new(Loading), Box::new(Speechless), Box::new(Escaping), Box::new(Negative)])
}
export_plugin!();
