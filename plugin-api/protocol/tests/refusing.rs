//! Descriptions and manifests that say what can't be: refused by name, quickly, and without an overflow.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use lossnet_plugin_protocol::graph::{BatchNorm2d, Conv2d, Graph, GraphBuilder, NodeId, Op, Pool2d};
use lossnet_plugin_protocol::{ComponentManifest, Details, Kind, PluginManifest};
use serde_json::json;

fn built(build: impl FnOnce(&mut GraphBuilder, NodeId) -> NodeId) -> Result<Graph, String> {
    let mut net = GraphBuilder::new();
    let image = net.input();
    build(&mut net, image);
    net.finish().map_err(|error| error.to_string())
}

#[test]
fn sizes_that_no_network_has_are_refused() {
    built(|net, x| net.conv("c", x, Conv2d::new(8, 3))).unwrap();
    for channels in [-8, 0, i64::MAX / 2, i64::MIN] {
        let error = built(|net, x| net.conv("c", x, Conv2d::new(channels, 3))).unwrap_err();
        assert!(error.contains("`c`") && error.contains(&channels.to_string()), "{error}");
    }
    for conv in
        [Conv2d::new(8, i64::MAX), Conv2d::new(8, 3).padding(i64::MAX), Conv2d::new(8, 3).dilation(1 << 40)]
    {
        built(|net, x| net.conv("c", x, conv)).unwrap_err();
    }
    built(|net, x| net.max_pool("p", x, Pool2d::new(i64::MAX, 1))).unwrap_err();
    built(|net, x| net.apply("a", Op::AdaptiveAvgPool2d { output: [-3, 0] }, &[x])).unwrap_err();
    built(|net, x| net.apply("d", Op::Dropout { p: f64::NAN }, &[x])).unwrap_err();
    for eps in [f64::NAN, f64::INFINITY, -1.0] {
        let error = built(|net, x| net.batch_norm("n", x, BatchNorm2d { eps, ..BatchNorm2d::default() }))
            .unwrap_err();
        assert!(error.contains("`n`") && error.contains("eps"), "{error}");
    }
}

#[test]
fn many_nodes_take_no_longer_than_they_must() {
    let start = Instant::now();
    let graph = built(|net, x| {
        let last = (0..50_000).fold(x, |x, _| net.relu("relu", x));
        let names: Vec<String> = (1..50_000).map(|count| format!("relu_{count}")).collect();
        net.layers(names);
        last
    })
    .unwrap();
    assert_eq!(graph.classes().get("relu_49999"), Some(&"ReLU"));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_faulty_component_leaves_the_others() {
    let component = |name: &str, details: Details| ComponentManifest {
        kind: Kind::Backbone,
        name: name.to_owned(),
        summary: String::new(),
        config_schema: json!({}),
        details,
    };
    let beyond = Details { paper_layers: vec![7], ..Details::default() };
    let mut manifest = PluginManifest {
        name: "p".to_owned(),
        version: "1.0.0".to_owned(),
        components: vec![
            component("good", Details::default()),
            component("../../evil/x", Details::default()),
            component("", Details::default()),
            component("a+b", Details::default()),
            component("beyond", beyond),
        ],
        refused: Vec::new(),
    };
    manifest.refuse_faulty();
    assert_eq!(manifest.components.len(), 1);
    let told: Vec<String> = manifest.refused.iter().map(|refused| refused.error.to_string()).collect();
    assert_eq!(told.len(), 4);
    assert!(told[0].starts_with("in backbone `../../evil/x` of p 1.0.0: its name is not one"), "{}", told[0]);
    assert!(told[3].contains("names layer 7 as one of the paper's, and it has 0 layers"), "{}", told[3]);
}
