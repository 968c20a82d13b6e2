//! `lossnet show`

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use lossnet_plugin_protocol::graph::{Graph, NodeId};
use lossnet_plugin_protocol::{ComponentManifest, Kind};
use serde_json::{Map, Value, json};

use super::args::{ShowArguments, Shown};
use super::outputs::{Content, Outputs};
use crate::context::Context;
use crate::draw;
use crate::engine::Request;
use crate::failure::Failure;
use crate::lpips;
use crate::terminal::output;
use lossnet_plan::config::setting_texts;

/// Side of a backbone's input, unless the user names another.
const SIZE: i64 = 224;

/// The column of layers' other names.
const ALSO: usize = 3;

/// Characters up to which a cell widens its column of the table of settings.
const WIDEST_CELL: usize = 36;

/// Shows one component.
pub(super) fn show(arguments: &ShowArguments, context: &Context) -> Result<ExitCode, Failure> {
    let Some(kind) = kind(arguments.kind) else {
        return show_metric(arguments);
    };
    let for_backbones = [
        (arguments.draw.is_some(), "--draw"),
        (arguments.nodes, "--nodes"),
        (arguments.size.is_some(), "--size"),
    ];
    if let Some((_, option)) = for_backbones.iter().find(|(given, _)| *given && kind != Kind::Backbone) {
        return Err(Failure::usage(format!("{option} is for backbones, and {} is a {kind}", arguments.name)));
    }
    let size = arguments.size.unwrap_or(SIZE);
    context.component(kind, &arguments.name)?;
    let manifest = context.manifest(kind, &arguments.name)?;
    let layers = if kind == Kind::Backbone {
        let graph = graph(context, &arguments.name)?;
        if let Some(file) = &arguments.draw {
            Outputs::default().add("--draw", file, Content::Svg)?;
            draw_network(&graph, manifest, size, file)?;
            context.display.say(&format!("drew {} into {}", arguments.name, file.display()));
        }
        Some(Rows::of(&graph, arguments)?)
    } else {
        None
    };
    if arguments.json {
        let mut document = serde_json::to_value(manifest).map_err(|error| Failure::run(&error))?;
        if let (Some(rows), Value::Object(document)) = (&layers, &mut document) {
            document.insert("input".to_owned(), json!([3, size, size]));
            document.insert("nodes".to_owned(), rows.json());
        }
        output::print_json(&document)?;
    } else {
        output::print(&text(manifest, layers.as_ref(), size))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A published metric, which belongs to no plugin.
fn show_metric(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let Some(metric) = lpips::ALL.iter().find(|metric| metric.name == arguments.name) else {
        let names: Vec<String> = lpips::ALL.iter().map(|metric| format!("`{}`", metric.name)).collect();
        return Err(Failure::usage(format!(
            "no metric is named `{}`: there are {}",
            arguments.name,
            names.join(", ")
        )));
    };
    let layers: Vec<String> = metric.layers.iter().map(ToString::to_string).collect();
    if arguments.json {
        output::print_json(&json!({
            "name": metric.name, "summary": metric.summary, "backbone": metric.backbone, "layers": layers,
            "comparison": "spatial", "epsilon": "lpips", "normalize": "imagenet",
            "calibration": { "url": metric.url, "sha256": metric.sha256 },
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = [
        ("backbone", metric.backbone.to_owned()),
        ("layers", layers.join(",")),
        ("weights", "imagenet".to_owned()),
        ("normalize", "imagenet".to_owned()),
        ("comparison", "spatial, with epsilon = \"lpips\"".to_owned()),
        ("calibration", metric.url.to_owned()),
        ("  SHA-256", metric.sha256.to_owned()),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect();
    output::print(&format!(
        "{}: {}\n\n{}",
        metric.name,
        metric.summary,
        output::table_with_overflow(&rows, 80)
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn kind(shown: Shown) -> Option<Kind> {
    Some(match shown {
        Shown::Metric => return None,
        Shown::Backbone => Kind::Backbone,
        Shown::Comparison => Kind::Comparison,
        Shown::Dataset => Kind::Dataset,
        Shown::Task => Kind::Task,
        Shown::Tracker => Kind::Tracker,
    })
}

/// From the cache, or from the plugin.
fn graph(context: &Context, backbone: &str) -> Result<Graph, Failure> {
    if let Some(graph) = context.index()?.graph(backbone) {
        return Ok(graph);
    }
    let request =
        Request::Describe { backbone: context.component(Kind::Backbone, backbone)?, config: json!({}) };
    let answer = context.call(context.engine_for("cpu", "fp32")?, &request)?;
    serde_json::from_value(answer).map_err(|error| Failure::run(&error))
}

fn draw_network(graph: &Graph, manifest: &ComponentManifest, size: i64, file: &Path) -> Result<(), Failure> {
    let picture = draw::network(&manifest.name, graph, size).map_err(|error| Failure::input(&error))?;
    lossnet_core::atomic::write(file, picture.as_bytes()).map_err(|error| {
        Failure::usage(format!("the drawing can't be written to {}: {error}", file.display()))
    })
}

/// The layers of a network, or all its nodes.
struct Rows(Vec<Row>);

struct Row {
    index: Option<usize>,
    name: String,
    /// Other names, of an indexed layer.
    aliases: Vec<String>,
    class: String,
    shape: String,
    parameters: i64,
    macs: i64,
    receptive_field: String,
}

impl Rows {
    fn of(graph: &Graph, arguments: &ShowArguments) -> Result<Rows, Failure> {
        let size = arguments.size.unwrap_or(SIZE);
        let all: Vec<bool> = vec![true; graph.nodes.len()];
        let too_small = |error| {
            Failure::input(&error).with_hint(format!("for an input of {size}×{size} pixels; choose --size"))
        };
        let costs = graph.costs(&all, size, size).map_err(too_small)?;
        let indexed: Vec<(usize, &String, NodeId)> = graph
            .layers
            .iter()
            .enumerate()
            .filter_map(|(index, name)| Some((index, name, graph.find(name)?)))
            .collect();
        let row = |index, name: &str, id: NodeId| {
            let cost = costs.get(id.0)?.as_ref()?;
            // A layer is a module: its cost is that of all nodes after the layer before it.
            Some(Row {
                index,
                name: name.to_owned(),
                aliases: graph
                    .aliases
                    .iter()
                    .filter(|(_, of)| *of == name)
                    .map(|(alias, _)| alias.clone())
                    .collect(),
                class: graph.class_of(name).unwrap_or_default().to_owned(),
                shape: cost.shape.to_string(),
                parameters: cost.parameters,
                macs: cost.macs,
                receptive_field: cost.receptive_field.to_string(),
            })
        };
        if arguments.nodes {
            let nodes = graph.nodes.iter().enumerate().map(|(position, node)| {
                let index = indexed.iter().find(|(_, _, id)| id.0 == position).map(|(index, _, _)| *index);
                row(index, &node.name, NodeId(position))
            });
            return Ok(Rows(nodes.flatten().collect()));
        }
        let mut rows = Vec::new();
        let mut before = 0;
        for (index, name, id) in indexed {
            let Some(mut layer) = row(Some(index), name, id) else { continue };
            let inside = costs.get(before..=id.0).unwrap_or_default().iter().flatten();
            (layer.parameters, layer.macs) = inside
                .fold((0, 0), |(parameters, macs), cost| (parameters + cost.parameters, macs + cost.macs));
            before = before.max(id.0 + 1);
            rows.push(layer);
        }
        Ok(Rows(rows))
    }

    fn json(&self) -> Value {
        self.0
            .iter()
            .map(|row| {
                json!({
                    "index": row.index, "name": row.name, "aliases": row.aliases, "class": row.class, "shape": row.shape,
                    "parameters": row.parameters, "macs": row.macs, "flops": 2 * row.macs, "receptive_field": row.receptive_field,
                })
            })
            .collect()
    }

    fn text(&self, paper: &[usize]) -> String {
        let header =
            ["", "layer", "name", "also", "class", "shape", "parameters", "MMACs", "receptive field"];
        // Few networks have other names for their layers.
        let aliased = self.0.iter().any(|row| !row.aliases.is_empty());
        let shown = |cells: Vec<String>| -> Vec<String> {
            let cells = cells.into_iter().enumerate();
            cells.filter(|(column, _)| aliased || *column != ALSO).map(|(_, cell)| cell).collect()
        };
        let mut rows: Vec<Vec<String>> = vec![shown(header.map(str::to_owned).to_vec())];
        for row in &self.0 {
            let paper = row.index.is_some_and(|index| paper.contains(&index));
            rows.push(shown(vec![
                if paper { "*" } else { "" }.to_owned(),
                row.index.map(|index| index.to_string()).unwrap_or_default(),
                row.name.clone(),
                row.aliases.join(" "),
                row.class.clone(),
                row.shape.clone(),
                row.parameters.to_string(),
                format!("{:.1}", row.macs as f64 / 1e6),
                row.receptive_field.clone(),
            ]));
        }
        output::table(&rows)
    }
}

fn text(manifest: &ComponentManifest, layers: Option<&Rows>, size: i64) -> String {
    let details = &manifest.details;
    let mut text = format!("{} {}: {}\n", manifest.kind, manifest.name, manifest.summary);
    if let Some(reference) = &details.reference {
        let _ = writeln!(text, "published in {reference}");
    }
    for (label, values) in
        [("needs", &details.needs), ("splits", &details.splits), ("sample fields", &details.fields)]
    {
        if !values.is_empty() {
            let _ = writeln!(text, "{label}: {}", values.join(", "));
        }
    }
    if let Some(version) = details.protocol_version {
        let _ = writeln!(text, "protocol version {version}");
    }
    if let Some(rows) = layers {
        let _ = write!(text, "\nlayers for an input of 3×{size}×{size}");
        text.push_str(if details.paper_layers.is_empty() { "\n" } else { " (* used by the paper)\n" });
        text.push_str(&rows.text(&details.paper_layers));
    }
    if !details.weights.is_empty() {
        let mut rows = vec![["weights", "ImageNet top-1", "top-5", "MB", "file"].map(str::to_owned).to_vec()];
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for entry in &details.weights {
            let cells =
                [entry.name.clone(), number(entry.acc1), number(entry.acc5), number(entry.file_size_mb)];
            rows.push(cells.into_iter().chain([entry.url.clone()]).collect());
        }
        let _ = write!(text, "\n{}", output::table(&rows));
    }
    let _ = write!(text, "\n{}", settings(&manifest.config_schema));
    text.push_str(&foreign_defaults(&details.config_defaults));
    text
}

/// The settings of a JSON Schema: each with its default and what it takes, and below that what it means.
fn settings(schema: &Value) -> String {
    let texts = setting_texts(schema);
    if texts.is_empty() {
        return "no settings\n".to_owned();
    }
    let mut rows = vec![["setting", "default", "takes"].map(str::to_owned).to_vec()];
    rows.extend(
        texts
            .iter()
            .map(|text| vec![text.key.clone(), text.default.clone().unwrap_or_default(), text.takes.clone()]),
    );
    let table = output::table_with_overflow(&rows, WIDEST_CELL);
    let mut lines = table.lines();
    let mut shown = format!("{}\n", lines.next().unwrap_or_default());
    for (text, line) in texts.iter().zip(lines) {
        let _ = writeln!(shown, "{line}");
        shown.push_str(&output::wrapped(&text.meaning, "    "));
        for (choice, meaning) in &text.choices {
            shown.push_str(&output::wrapped(&format!("{choice}: {meaning}"), "      "));
        }
    }
    shown
}

/// The defaults that a task has for settings that are not its own.
fn foreign_defaults(defaults: &Map<String, Value>) -> String {
    if defaults.is_empty() {
        return String::new();
    }
    let mut text = "\nits defaults for other settings\n".to_owned();
    for (key, value) in defaults {
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}
