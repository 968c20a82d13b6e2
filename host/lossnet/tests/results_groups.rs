//! Results are averaged only where they could be on one leaderboard.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::path::Path;

use config_fixture::{plan, swept};
use lossnet_analysis::leaderboards::About;
use lossnet_analysis::results::{
    best_groups_first, find_columns, gather, group, group_columns, kept_apart, to_json,
};
use lossnet_core::store::Store;
use lossnet_plugin_protocol::report::{FromSamples, Metric, Report};
use serde_json::Value as Json;

/// Cells of an experiment of two backbones with this in their config, each with the mean over these groups of samples.
fn measured(root: &Path, name: &str, [data, sweep]: [&str; 2], groups: &[&str]) {
    let backbones = "[sweep]\nloss_network.backbone = [\"alexnet\", \"vgg16\"]";
    let text = format!("{data}\n[experiment]\nname = \"{name}\"\n{backbones}\n{sweep}");
    let experiment = Store::new(root).experiment(name);
    for cell in &plan(&swept(&text)).unwrap().cells {
        let mut writer = experiment.cell(&cell.id).begin(name, cell).unwrap().unwrap();
        let from = FromSamples::mean_of_groups("score", groups.iter().map(|group| ("val", *group)));
        let metric = Metric::new("score", "val/mean", 0.5, "share", true, 40);
        writer.report(&Report::Metric(Metric { from_samples: Some(from), ..metric })).unwrap();
        writer.finish(|_| {}).unwrap();
    }
}

#[test]
fn what_can_not_be_on_one_leaderboard_is_never_averaged() {
    let root = tempfile::tempdir().unwrap();
    let both = ["cnn", "deblur"];
    measured(root.path(), "whole", ["", ""], &both);
    measured(root.path(), "short", ["limit = 3", ""], &both);
    measured(root.path(), "fewer", ["triplets = 7", ""], &both);
    measured(root.path(), "moved", ["folder = \"elsewhere\"", ""], &both);
    measured(root.path(), "parts", ["splits = [\"val\"]", ""], &both[..1]);
    measured(root.path(), "task", ["", "task.dropout = [0.1]"], &both);
    // Neither other settings of the task nor what else was evaluated changes what is measured.
    measured(root.path(), "epochs", ["splits = [\"val\"]", "task.epochs = [3]"], &both);
    let rows = gather(&Store::new(root.path()).experiments().unwrap()).rows;
    let by = find_columns(&["backbone".to_owned()]).unwrap();
    let about = About::tasks(&config_fixture::catalog(), ["metric"]);
    let mut groups = group(&rows, &by, &about);
    best_groups_first(&mut groups);
    assert_eq!(groups.len(), 2 * 6);
    let repeated: Vec<&str> = groups
        .iter()
        .filter(|group| group.rows().len() > 1)
        .flat_map(|group| group.rows().iter().map(|row| row.cell().experiment.as_str()))
        .collect();
    assert_eq!(repeated, ["epochs", "whole", "epochs", "whole"]);
    let shown = kept_apart(&groups, &by);
    let heads: Vec<&str> = shown.iter().map(|(head, _)| head.as_str()).collect();
    assert_eq!(heads, ["data_folder", "limit", "data.triplets", "task.dropout", "splits"]);
    let json = to_json(&groups, &group_columns(&by));
    let count = |column: &str, wanted: &dyn Fn(&Json) -> bool| {
        json.as_array().unwrap().iter().filter(|row| wanted(&row[column])).count()
    };
    assert_eq!(count("limit", &|limit| *limit == 3), 2);
    let is_elsewhere = |folder: &Json| folder.as_str().is_some_and(|folder| folder.ends_with("elsewhere"));
    assert_eq!(count("data_folder", &is_elsewhere), 2);
}
