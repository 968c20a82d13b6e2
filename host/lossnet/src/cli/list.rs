//! `lossnet list`

use std::fmt::Write as _;
use std::process::ExitCode;

use lossnet_plugin_protocol::Kind;
use serde_json::{Map, Value, json};

use super::args::{ListArguments, Listed};
use crate::context::{Context, sentence};
use crate::failure::Failure;
use crate::index::Index;
use crate::lpips;
use crate::terminal::output;
use lossnet_core::words::count;

/// Lists what there is.
pub(super) fn list(arguments: &ListArguments, context: &Context) -> Result<ExitCode, Failure> {
    if arguments.what == Some(Listed::Metrics) {
        return list_metrics(arguments.json);
    }
    let index = context.index()?;
    let (kinds, plugins) = match arguments.what {
        None => (Kind::ALL.to_vec(), true),
        Some(Listed::Plugins) => (Vec::new(), true),
        Some(what) => (vec![kind(what)], false),
    };
    if arguments.json {
        let mut document: Map<String, Value> =
            kinds.iter().map(|&kind| (plural(kind), components_json(index, kind))).collect();
        if arguments.what.is_none() {
            document.insert("metrics".to_owned(), metrics_json());
        }
        if plugins {
            document.insert("plugins".to_owned(), plugins_json(index));
        }
        output::print_json(&document)?;
    } else {
        let mut parts: Vec<String> = kinds.iter().filter_map(|&kind| components_text(index, kind)).collect();
        if arguments.what.is_none() {
            parts.push(metrics_text());
        }
        if plugins {
            parts.push(plugins_text(index));
        }
        output::print(&parts.join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Published metrics, which belong to no plugin.
fn list_metrics(json: bool) -> Result<ExitCode, Failure> {
    if json {
        output::print_json(&json!({ "metrics": metrics_json() }))?;
    } else {
        output::print(&metrics_text())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn metrics_text() -> String {
    let mut rows = vec![vec!["metrics".to_owned(), String::new()]];
    rows.extend(lpips::ALL.map(|metric| vec![format!("  {}", metric.name), metric.summary.to_owned()]));
    output::table(&rows)
}

fn metrics_json() -> Value {
    lpips::ALL.iter().map(|metric| json!({ "name": metric.name, "summary": metric.summary })).collect()
}

fn kind(what: Listed) -> Kind {
    match what {
        Listed::Backbones => Kind::Backbone,
        Listed::Comparisons => Kind::Comparison,
        Listed::Datasets => Kind::Dataset,
        Listed::Tasks => Kind::Task,
        Listed::Trackers | Listed::Metrics | Listed::Plugins => Kind::Tracker,
    }
}

fn plural(kind: Kind) -> String {
    format!("{kind}s")
}

fn components_text(index: &Index, kind: Kind) -> Option<String> {
    let mut rows: Vec<Vec<String>> = vec![vec![plural(kind), String::new()]];
    rows.extend(index.catalog.iter(kind).map(|held| vec![format!("  {}", held.name), held.summary.clone()]));
    (rows.len() > 1).then(|| output::table(&rows))
}

fn components_json(index: &Index, kind: Kind) -> Value {
    let plugin = |name: &str| index.catalog.plugin_of(kind, name);
    let components = index
        .catalog
        .iter(kind)
        .map(|held| json!({ "name": held.name, "summary": held.summary, "plugin": plugin(&held.name) }));
    components.collect()
}

fn plugins_text(index: &Index) -> String {
    let mut rows = vec![vec!["plugins".to_owned(), String::new(), String::new()]];
    for plugin in index.catalog.plugins() {
        let manifest = &plugin.manifest;
        let components = count(manifest.components.len(), "component");
        rows.push(vec![
            format!("  {} {}", manifest.name, manifest.version),
            components,
            plugin.path.display().to_string(),
        ]);
    }
    let mut text = output::table(&rows);
    for problem in &index.problems {
        let _ = writeln!(text, "  not usable: {}", sentence(problem));
    }
    text
}

fn plugins_json(index: &Index) -> Value {
    let usable = index.catalog.plugins().iter().map(|plugin| {
        let manifest = &plugin.manifest;
        let components: Vec<Value> = manifest
            .components
            .iter()
            .map(|held| json!({ "kind": held.kind, "name": held.name }))
            .collect();
        json!({ "name": manifest.name, "version": manifest.version, "path": plugin.path, "components": components })
    });
    let problems: Vec<String> = index.problems.iter().map(sentence).collect();
    json!({ "usable": usable.collect::<Vec<_>>(), "problems": problems })
}
