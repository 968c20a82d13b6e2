//! Names, shapes and parameters of every architecture equal torchvision's (`structure/generate.py`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lossnet_plugin_protocol::graph::Graph;
use sha2::{Digest as _, Sha256};

/// What torchvision says of one network.
struct Expected {
    parameters: usize,
    parameters_digest: String,
    modules_digest: String,
    nodes_digest: String,
    paper_layers: String,
    /// Name, class, shape.
    layers: Vec<[String; 3]>,
}

fn expected() -> BTreeMap<String, Expected> {
    let mut networks: Vec<(String, Expected)> = Vec::new();
    for line in include_str!("structure/structure.txt").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["network", name, parameters, parameters_digest, modules_digest, nodes_digest, paper_layers] => {
                networks.push((
                    name.to_owned(),
                    Expected {
                        parameters: parameters.parse().unwrap(),
                        parameters_digest: parameters_digest.to_owned(),
                        modules_digest: modules_digest.to_owned(),
                        nodes_digest: nodes_digest.to_owned(),
                        paper_layers: paper_layers.to_owned(),
                        layers: Vec::new(),
                    },
                ));
            }
            ["layer", index, name, class, shape] => {
                let layers = &mut networks.last_mut().unwrap().1.layers;
                assert_eq!(index.parse::<usize>().unwrap(), layers.len());
                layers.push([name, class, shape].map(str::to_owned));
            }
            _ => panic!("not a line of the fixture: {line}"),
        }
    }
    networks.into_iter().collect()
}

fn graphs() -> BTreeMap<String, Graph> {
    lossnet_plugin_torchvision::backbones()
        .iter()
        .map(|backbone| {
            let graph =
                backbone.describe_json("{}").unwrap_or_else(|error| panic!("{}: {error}", backbone.name()));
            (backbone.name(), graph)
        })
        .collect()
}

fn digest(lines: &[String]) -> String {
    let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// To be compared with `generate.py --dump NAME` where a digest differs.
fn dump(name: &str, lines: &[String]) -> String {
    let path = std::env::temp_dir().join(format!("lossnet-structure-{name}.txt"));
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.display().to_string()
}

#[test]
fn all_architectures_of_the_reference_are_there() {
    let names: Vec<String> = graphs().into_keys().collect();
    assert_eq!(names, expected().into_keys().collect::<Vec<_>>());
    assert_eq!(names.len(), 57);
}

#[test]
fn indexed_layers_have_torchvision_s_names_classes_and_shapes() {
    let graphs = graphs();
    for (name, expected) in expected() {
        let graph = &graphs[&name];
        let shapes = graph.shapes(96, 96);
        // Some heads need larger images than 96 pixels; the layers do not.
        let wanted: Vec<_> = graph.layers.iter().map(|layer| graph.find(layer).unwrap()).collect();
        let needed = graph.needed_by(&wanted);
        let shapes: Vec<_> = match shapes {
            Ok(shapes) => shapes.into_iter().map(Some).collect(),
            Err(_) => graph.shapes_of(&needed, 96, 96).unwrap(),
        };
        let ours: Vec<[String; 3]> = graph
            .layers
            .iter()
            .zip(&wanted)
            .map(|(layer, id)| {
                let shape = shapes[id.0].as_ref().unwrap().to_string().replace('×', "x");
                [layer.clone(), graph.class_of(layer).unwrap_or_default().to_owned(), shape]
            })
            .collect();
        assert_eq!(ours, expected.layers, "{name}");
    }
}

#[test]
fn parameters_are_torchvision_s() {
    let graphs = graphs();
    for (name, expected) in expected() {
        let mut lines: Vec<String> = graphs[&name]
            .parameters()
            .filter(|(parameter, _, _)| !parameter.ends_with("num_batches_tracked"))
            .map(|(parameter, _, described)| {
                let shape: Vec<String> = described.shape.iter().map(ToString::to_string).collect();
                format!("{parameter} {}", shape.join("x"))
            })
            .collect();
        lines.sort();
        let same = lines.len() == expected.parameters && digest(&lines) == expected.parameters_digest;
        assert!(same, "{name}: {} parameters, see {}", lines.len(), dump(&name, &lines));
    }
}

#[test]
fn every_module_that_torchvision_runs_can_be_named() {
    let graphs = graphs();
    for (name, expected) in expected() {
        let graph = &graphs[&name];
        let nodes = graph.nodes.iter().filter_map(|node| node.module.clone());
        let mut lines: Vec<String> =
            nodes.chain(graph.modules.iter().map(|module| module.name.clone())).collect();
        lines.sort();
        lines.dedup();
        assert_eq!(digest(&lines), expected.modules_digest, "{name}: see {}", dump(&name, &lines));
        for line in &lines {
            assert!(graph.find(line).is_some(), "{name}: {line} can't be found");
        }
    }
}

#[test]
fn nodes_have_the_names_of_torchvision_s_feature_extraction_in_its_order() {
    let graphs = graphs();
    for (name, expected) in expected() {
        let lines: Vec<String> = graphs[&name].nodes.iter().skip(1).map(|node| node.name.clone()).collect();
        assert_eq!(digest(&lines), expected.nodes_digest, "{name}: see {}", dump(&name, &lines));
    }
}

#[test]
fn paper_layers_are_those_of_the_reference() {
    let expected = expected();
    for backbone in lossnet_plugin_torchvision::backbones() {
        let layers = backbone.manifest().unwrap().details.paper_layers;
        let layers: Vec<String> = layers.iter().map(ToString::to_string).collect();
        let layers = if layers.is_empty() { "-".to_owned() } else { layers.join(",") };
        assert_eq!(layers, expected[&backbone.name()].paper_layers, "{}", backbone.name());
    }
    assert_eq!(expected.values().filter(|network| network.paper_layers != "-").count(), 14);
}

#[test]
fn published_weights_are_named_and_summed() {
    for backbone in lossnet_plugin_torchvision::backbones() {
        let details = backbone.manifest().unwrap().details;
        assert_eq!(details.weights[0].name, "IMAGENET1K_V1", "{}", backbone.name());
        for entry in &details.weights {
            let file = entry.url.rsplit('/').next().unwrap();
            let sum = file.trim_end_matches(".pth").rsplit('-').next().unwrap();
            assert!(sum.len() >= 8 && sum.bytes().all(|digit| digit.is_ascii_hexdigit()), "{}", entry.url);
        }
        for index in details.paper_layers {
            assert!(index < details.layers.len());
        }
    }
}
