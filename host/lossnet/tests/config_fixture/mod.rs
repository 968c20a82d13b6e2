//! Hand-made plugins to check configs against, and configs written to a folder of their own.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::path::PathBuf;

use lossnet_core::model::Plan;
use lossnet_plan::catalog::{Catalog, CataloguedPlugin, Descriptions};
use lossnet_plan::config::{ConfigErrors, RawConfig};
use lossnet_plan::planner::plan_cells;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::manifest::{
    ComponentManifest, Details, Kind, LayerName, PluginManifest, SharedAxes, WeightsEntry,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// The paper's backbones with their number of indexed layers and the four layers.
pub const PAPER: [(&str, usize, [usize; 4]); 14] = [
    ("alexnet", 13, [1, 4, 7, 11]),
    ("densenet121", 12, [2, 4, 6, 10]),
    ("efficientnet_b0", 9, [0, 1, 4, 7]),
    ("efficientnet_b7", 9, [0, 1, 4, 7]),
    ("googlenet", 16, [0, 5, 8, 15]),
    ("inception_v3", 15, [2, 7, 9, 14]),
    ("resnet18", 9, [2, 4, 5, 7]),
    ("resnet50", 9, [2, 4, 5, 7]),
    ("resnext50_32x4d", 9, [2, 4, 5, 7]),
    ("squeezenet1_1", 13, [1, 3, 7, 12]),
    ("vgg11", 21, [1, 4, 9, 19]),
    ("vgg16", 31, [3, 8, 15, 29]),
    ("vgg16_bn", 44, [5, 12, 22, 42]),
    ("vgg19", 37, [3, 8, 17, 35]),
];

fn component(kind: Kind, name: &str, schema: Value, details: Details) -> ComponentManifest {
    ComponentManifest { kind, name: name.to_owned(), summary: String::new(), config_schema: schema, details }
}

fn backbone(name: &str, layers: usize, paper: &[usize]) -> ComponentManifest {
    let layers = (0..layers).map(|i| LayerName {
        name: format!("features.{i}"),
        class: "Conv2d".to_owned(),
        aliases: Vec::new(),
    });
    let entry = |name: &str| WeightsEntry { name: name.to_owned(), ..WeightsEntry::default() };
    let details = Details {
        layers: layers.collect(),
        paper_layers: paper.to_vec(),
        weights: vec![entry("IMAGENET1K_V1"), entry("IMAGENET1K_V2")],
        ..Details::default()
    };
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": { "width": { "type": "number", "exclusiveMinimum": 0.0, "maximum": 4.0, "default": 1.0 } },
    });
    component(Kind::Backbone, name, schema, details)
}

fn comparison(name: &str) -> ComponentManifest {
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "channel_norm": { "type": "boolean", "default": true },
            "epsilon": { "$ref": "#/$defs/Epsilon", "default": "f-normalize" },
        },
        "$defs": { "Epsilon": { "oneOf": [
            { "type": "string", "const": "f-normalize", "description": "max(norm, 1e-12)" },
            { "type": "string", "const": "lpips", "description": "norm + 1e-10" },
        ] } },
    });
    component(Kind::Comparison, name, schema, Details::default())
}

fn metric() -> ComponentManifest {
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "variant": { "type": "string", "enum": ["baseline", "lin", "tune", "scratch"], "default": "baseline" },
            "dropout": { "type": "number", "minimum": 0.0, "maximum": 1.0, "default": 0.5 },
            "epochs": { "type": "integer", "format": "uint32", "minimum": 0, "default": 10 },
            "optimizer": {
                "type": "object", "additionalProperties": false, "default": { "rate": 0.001, "betas": [0.5, 0.999], "report_every": 5 },
                "properties": {
                    "rate": { "type": "number", "default": 0.001 },
                    "betas": {
                        "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2, "default": [0.5, 0.999],
                    },
                    "report_every": { "type": "integer", "default": 5, "multipleOf": 5, "x-incidental": true },
                },
            },
            "note": { "type": ["string", "null"], "default": null },
        },
    });
    let when = [("task.variant".to_owned(), json!("baseline"))].into_iter().collect();
    let details = Details {
        shared_axes: vec![SharedAxes { when, axes: vec!["layers".to_owned(), "comparison".to_owned()] }],
        protocol_version: Some(1),
        deterministic: Some([("task.dropout".to_owned(), json!(0.0))].into_iter().collect()),
        needs: ["ref", "p0", "p1", "judge"].map(str::to_owned).to_vec(),
        measure_settings: vec!["dropout".to_owned()],
        ..Details::default()
    };
    component(Kind::Task, "metric", schema, details)
}

/// A task with defaults of its own for lossnet's settings.
fn trained() -> ComponentManifest {
    let schema = json!({ "type": "object", "additionalProperties": false, "properties": {} });
    let defaults = [("loss_network.normalize", json!("none")), ("data.splits", json!(["test"]))];
    let details = Details {
        config_defaults: defaults.map(|(key, value)| (key.to_owned(), value)).into_iter().collect(),
        needs: vec!["image".to_owned()],
        ..Details::default()
    };
    component(Kind::Task, "trained", schema, details)
}

fn dataset(name: &str, splits: &[&str], fields: &[&str]) -> ComponentManifest {
    let schema = json!({
        "type": "object",
        "properties": {
            "triplets": { "type": "integer", "minimum": 1, "default": 40 },
            "packed": { "type": "boolean", "default": true, "x-incidental": true },
        },
    });
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let details = Details { splits: owned(splits), fields: owned(fields), ..Details::default() };
    component(Kind::Dataset, name, schema, details)
}

fn diary() -> ComponentManifest {
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "folder": { "type": "string", "default": "diary", "x-path": "directory" },
            "every": { "type": "integer", "minimum": 1, "default": 10 },
        },
    });
    component(Kind::Tracker, "diary", schema, Details::default())
}

pub fn catalog() -> Catalog {
    let mut components: Vec<ComponentManifest> =
        PAPER.iter().map(|(name, layers, paper)| backbone(name, *layers, paper)).collect();
    components.push(backbone("squeezenet1_0", 13, &[]));
    components.push(backbone("pixels", 1, &[]));
    components.extend(["spatial", "mean", "sort"].map(comparison));
    components.push(metric());
    components.push(trained());
    components.push(diary());
    let bapps = ["train", "train/cnn", "val", "val/cnn", "val/color", "jnd", "jnd/cnn", "jnd/traditional"];
    components.push(dataset("bapps", &bapps, &["ref", "p0", "p1", "judge", "same"]));
    components.push(dataset("photos", &["views", "val", "jnd"], &["ref", "p0", "p1", "judge", "same"]));
    components.push(dataset("digits", &["train", "test"], &["image", "label"]));
    components.push(dataset("everything", &["train", "test"], &["image", "ref", "p0", "p1", "judge"]));
    components.push(dataset("pictures", &["val"], &["image"]));
    let mut drawn = dataset("drawn", &["val"], &["ref", "p0", "p1", "judge"]);
    drawn.details.without_folder = true;
    components.push(drawn);
    let manifest = PluginManifest {
        name: "fixture".to_owned(),
        version: "1.0.0".to_owned(),
        components,
        refused: Vec::new(),
    };
    let plugin = CataloguedPlugin { path: PathBuf::from("plugins/libfixture.so"), manifest };
    let (catalog, problems) = Catalog::new(vec![plugin], vec![PathBuf::from("plugins")]);
    assert_eq!(problems, []);
    catalog
}

/// Knows the nodes inside AlexNet only.
pub struct Nodes;

impl Descriptions for Nodes {
    fn node_names(&self, backbone: &str) -> Option<Vec<String>> {
        (backbone == "alexnet").then(|| vec!["features.0".to_owned(), "features.0.inner".to_owned()])
    }

    fn described(&self, _: &str, _: &Map<String, Value>) -> Result<Option<Graph>, PluginError> {
        Ok(None)
    }
}

/// A folder with config files.
pub struct Configs(pub TempDir);

impl Configs {
    pub fn new(files: &[(&str, &str)]) -> Configs {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Configs(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The plan of a file with these environment variables and `-s` settings. Paths in errors are made short.
    pub fn plan(&self, name: &str, env: &[(&str, &str)], set: &[&str]) -> Result<Plan, String> {
        let environment = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let set: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
        let plan: Result<Plan, ConfigErrors> = RawConfig::load(&[self.path(name)], environment, &set)
            .and_then(|raw| plan_cells(&raw, &catalog(), &Nodes, &()));
        plan.map_err(|errors| {
            let real = self.0.path().canonicalize().unwrap();
            let text = errors.to_string().replace(&format!("{}/", self.0.path().display()), "");
            text.replace(&format!("{}/", real.display()), "")
        })
    }
}

/// The plan of a config text.
pub fn plan(text: &str) -> Result<Plan, String> {
    Configs::new(&[("test.toml", text)]).plan("test.toml", &[], &[])
}

/// [`COMPLETE`] with this after it, and without the keys of its own that this sweeps: their lines are empty.
pub fn swept(sweep: &str) -> String {
    let own = [("backbone", "loss_network.backbone"), ("layers", "loss_network.layers")];
    let lines = COMPLETE.lines().map(|line| {
        let is_swept = |(name, key): &(&str, &str)| line.starts_with(name) && sweep.contains(key);
        if own.iter().any(is_swept) { "" } else { line }
    });
    let mut text = lines.collect::<Vec<_>>().join("\n") + "\n";
    if sweep.contains("data.name") {
        text = text.replace("name = \"bapps\"", "");
    }
    text + sweep
}

/// A config that lacks nothing.
pub const COMPLETE: &str = r#"
[task]
name = "metric"
[loss_network]
backbone = "alexnet"
layers = [1]
[data]
name = "bapps"
"#;
