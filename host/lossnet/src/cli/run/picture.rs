//! Score against layer, a picture for each metric of an experiment that varies layers.

use std::collections::{BTreeMap, BTreeSet};

use lossnet_plugin_protocol::Kind;

use crate::cli::results::differing_identity;
use crate::context::Context;
use crate::draw::{Point, Series, score_by_layer};
use crate::failure::Failure;
use lossnet_analysis::results::Row;
use lossnet_core::model::Plan;
use lossnet_core::store::ExperimentFolder;
use lossnet_plan::catalog;

/// Writes the pictures. There are none where every network has one layer only, nor of what is the same whichever loss network there
/// is: baselines, and counts of the data.
pub(super) fn write(
    plan: &Plan,
    experiment: &ExperimentFolder,
    rows: &[Row],
    context: &Context,
) -> Result<(), Failure> {
    let is_reference = |row: &&Row| {
        let task = context.manifest(Kind::Task, &row.config().task.name);
        task.is_ok_and(|task| task.details.reference_metrics.contains(&row.metric().name))
    };
    let metrics: BTreeSet<(String, String)> = rows
        .iter()
        .filter(|row| !is_reference(row))
        .map(|row| (row.text("metric"), row.text("split")))
        .filter(|(_, split)| !split.contains('/') || split.ends_with("/mean") || split.ends_with("/all"))
        .collect();
    // A backbone has the same colour in all pictures.
    let backbones: BTreeSet<String> = rows.iter().map(|row| row.text("backbone")).collect();
    for (metric, split) in metrics {
        let of_metric: Vec<&Row> =
            rows.iter().filter(|row| row.text("metric") == metric && row.text("split") == split).collect();
        let comparisons: BTreeSet<String> = of_metric.iter().map(|row| row.text("comparison")).collect();
        for comparison in &comparisons {
            let of_comparison = of_metric.iter().filter(|row| row.text("comparison") == *comparison);
            let shown: Vec<Row> = of_comparison.map(|row| (*row).clone()).collect();
            let series = series(&shown, &backbones, context)?;
            if series.iter().all(|series| series.points.len() < 2) {
                continue;
            }
            let unit = shown.first().map(|row| row.text("unit")).unwrap_or_default();
            let higher = shown.first().is_none_or(|row| row.text("higher_is_better") == "true");
            let title = format!("{}: {metric} on {split}, compared by {comparison}", plan.experiment);
            let picture = score_by_layer(&title, &metric, &unit, higher, &series);
            let path = experiment.path().join(file_name([&metric, &split, comparison]));
            lossnet_core::atomic::write_if_changed(&path, picture.as_bytes())?;
        }
    }
    Ok(())
}

/// A picture's file name. Not all file systems take what names of splits have in them, such as the `:` after a test set.
fn file_name(parts: [&str; 3]) -> String {
    let keep =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+') { c } else { '-' };
    let parts = parts.map(|part| part.chars().map(keep).collect::<String>());
    format!("score-by-layer.{}.svg", parts.join("."))
}

/// What is not a part of a line's name: what varies along it, what is averaged, and what the name begins with.
const NOT_NAMED: [&str; 3] = ["layers", "repetition", "backbone"];

/// A line for each backbone and for whatever else but the layer was varied; repetitions are averaged.
fn series(rows: &[Row], backbones: &BTreeSet<String>, context: &Context) -> Result<Vec<Series>, Failure> {
    let mut varied = differing_identity(rows);
    varied.retain(|(column, values)| {
        // Backbones of other plugins are told apart by their own names.
        let says_nothing = column == "plugins" && follows_backbone(rows, values);
        !says_nothing && !NOT_NAMED.contains(&column.as_str())
    });
    let mut lines: BTreeMap<(String, String), BTreeMap<String, Vec<f64>>> = BTreeMap::new();
    for (position, row) in rows.iter().enumerate() {
        let others = varied.iter().map(|(column, values)| match column.as_str() {
            "weights" => values[position].clone(),
            _ => format!("{column}={}", values[position]),
        });
        let name = (row.text("backbone"), others.collect::<Vec<_>>().join(", "));
        let value = row.metric().value;
        lines.entry(name).or_default().entry(row.text("layers")).or_default().push(value);
    }
    let mut variants: BTreeMap<&String, usize> = BTreeMap::new();
    let mut series = Vec::new();
    for ((backbone, others), layers) in &lines {
        let place = backbones.iter().position(|known| known == backbone).unwrap_or_default();
        let variant = variants.entry(backbone).and_modify(|seen| *seen += 1).or_default();
        let mut points: Vec<Point> = Vec::new();
        for (layer, values) in layers {
            let value = values.iter().sum::<f64>() / values.len() as f64;
            points.push(Point { layer: layer.clone(), depth: depth(backbone, layer, context)?, value });
        }
        points.sort_by(|a, b| a.depth.total_cmp(&b.depth));
        let name = if others.is_empty() { backbone.clone() } else { format!("{backbone} ({others})") };
        series.push(Series { name, backbone: place, variant: *variant, points });
    }
    Ok(series)
}

/// Whether rows of one backbone have one value.
fn follows_backbone(rows: &[Row], values: &[String]) -> bool {
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    rows.iter().zip(values).all(|(row, value)| *known.entry(row.text("backbone")).or_insert(value) == value)
}

/// Where the deepest of a cell's layers lies in its network, from 0 to 1.
fn depth(backbone: &str, layers: &str, context: &Context) -> Result<f64, Failure> {
    let index = context.index()?;
    let manifest = context.manifest(Kind::Backbone, backbone)?;
    let graph = std::cell::OnceCell::new();
    let graph = || graph.get_or_init(|| index.graph(backbone)).as_ref();
    Ok(catalog::depth(&manifest.details, layers.split(','), graph).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_pictures_have_names_that_every_file_system_takes() {
        let name = file_name(["psnr", "photos:val/mean", "spatial+sort"]);
        assert_eq!(name, "score-by-layer.psnr.photos-val-mean.spatial+sort.svg");
    }
}
