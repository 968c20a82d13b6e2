//! Results become one table that ranks, filters, and is written as CSV, JSON and Parquet.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::path::Path;

use config_fixture::{COMPLETE, plan};
use lossnet::results::{COLUMNS, Condition, Gathered, Order, Row, csv, gather, to_json, write_parquet};
use lossnet::store::Store;
use lossnet_plugin_protocol::report::{Metric, Report};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;

/// A value for each of the layers 1, 2, … of AlexNet, as metrics of which a larger value is better, or a smaller one.
fn store(root: &Path, name: &str, values: &[f64], higher_is_better: bool, protocol_version: u32) {
    let layers: Vec<String> = (1..=values.len()).map(|layer| layer.to_string()).collect();
    let sweep =
        format!("[experiment]\nname = \"{name}\"\n[sweep]\nloss_network.layers = [{}]", layers.join(","));
    let plan = plan(&format!("{COMPLETE}{sweep}")).unwrap();
    let experiment = Store::new(root).experiment(name);
    for (cell, &value) in plan.cells.iter().zip(values) {
        let mut cell = cell.clone();
        cell.protocol_version = protocol_version;
        let mut writer = experiment.cell(&cell.id).begin(name, &cell).unwrap().unwrap();
        let (name, split, unit) = ("score".to_owned(), "val/mean".to_owned(), "share".to_owned());
        let metric = Metric { name, split, value, unit, higher_is_better, samples: 240, from_samples: None };
        writer.report(&Report::Metric(metric)).unwrap();
        writer.finish(|result| result.signature = format!("sig, \"{}\"", result.cell.name)).unwrap();
    }
}

fn gathered(root: &Path) -> Gathered {
    gather(&Store::new(root).experiments().unwrap()).unwrap()
}

fn column(rows: &[Row], name: &str) -> Vec<String> {
    rows.iter().map(|row| row.text(name)).collect()
}

#[test]
fn the_best_comes_first_whichever_way_is_better() {
    for (higher_is_better, order) in [(true, ["3", "1", "4", "2"]), (false, ["4", "1", "3", "2"])] {
        let root = tempfile::tempdir().unwrap();
        store(root.path(), "test", &[0.5, f64::NAN, 0.75, -1.0], higher_is_better, 1);
        let rows = gathered(root.path()).rows;
        assert_eq!(column(&rows, "layers"), order, "what is no number comes last");
        assert_eq!(rows[3].text("value"), "NaN");
    }
}

#[test]
fn conditions_and_orders_select_rows() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "test", &[0.5, 0.25, 0.75, 0.1], true, 1);
    let rows = gathered(root.path()).rows;
    let cases: [(&[&str], &[&str]); 8] = [
        (&["layers=1"], &["1"]),
        (&["value>=0.5"], &["3", "1"]),
        (&["value<0.50"], &["2", "4"]),
        (&["layers!=3", "value>0.2"], &["1", "2"]),
        (&["backbone=alexnet", "split=val/mean", "layers<=1"], &["1"]),
        (&["backbone=vgg16"], &[]),
        (&["calibration="], &["3", "1", "2", "4"]),
        (&["signature=sig, \"alexnet · 4 · spatial\""], &["4"]),
    ];
    for (conditions, layers) in cases {
        let conditions: Vec<Condition> = conditions.iter().map(|text| text.parse().unwrap()).collect();
        let kept: Vec<Row> =
            rows.iter().filter(|row| conditions.iter().all(|c| c.holds(row))).cloned().collect();
        assert_eq!(column(&kept, "layers"), layers, "{conditions:?}");
    }
    for (order, layers) in [
        ("value", ["4", "2", "1", "3"]),
        ("value:desc", ["3", "1", "2", "4"]),
        ("layers", ["1", "2", "3", "4"]),
    ] {
        let mut sorted = rows.clone();
        order.parse::<Order>().unwrap().sort(&mut sorted);
        assert_eq!(column(&sorted, "layers"), layers, "{order}");
    }
    assert_eq!(
        "layers".parse::<Condition>().unwrap_err().to_string(),
        "`layers` is no condition: write column=value, with =, !=, <, <=, > or >="
    );
    let unknown = "layer=1".parse::<Condition>().unwrap_err().to_string();
    assert!(unknown.starts_with("the table has no column `layer`: did you mean `layers`?"), "{unknown}");
}

#[test]
fn every_row_says_all_that_its_cell_is() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "test", &[0.5], true, 1);
    let rows = gathered(root.path()).rows;
    assert_eq!(rows[0].values().len(), COLUMNS.len());
    for (name, value) in [
        ("experiment", "test"),
        ("task", "metric"),
        ("dataset", "bapps"),
        ("dataset_settings", "{\"triplets\":40}"),
        ("splits", "train,val,jnd"),
        ("limit", ""),
        ("backbone_settings", "{\"width\":1.0}"),
        ("weights", "imagenet"),
        ("comparison_settings", "{\"channel_norm\":true,\"epsilon\":\"f-normalize\"}"),
        ("precision", "fp32"),
        ("deterministic", "false"),
        ("samples", "240"),
        ("unit", "share"),
    ] {
        assert_eq!(rows[0].text(name), value, "{name}");
    }
}

#[test]
fn protocol_versions_are_told_apart() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "one", &[0.5, 0.6], true, 1);
    assert_eq!(gathered(root.path()).mixed_protocols, Vec::<String>::new());
    store(root.path(), "two", &[0.5], true, 2);
    let both = gathered(root.path());
    assert_eq!(both.mixed_protocols, ["metric version 1", "metric version 2"]);
    assert_eq!(column(&both.rows, "protocol_version"), ["1", "1", "2"]);
}

#[test]
fn files_hold_the_whole_table() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "test", &[0.1, f64::NAN, 0.75], true, 1);
    let rows = gathered(root.path()).rows;

    let text = csv(&rows).unwrap();
    let mut reader = csv_reader(&text);
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
    let records: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let wanted: Vec<Vec<String>> =
        rows.iter().map(|row| COLUMNS.map(|name| row.text(name)).to_vec()).collect();
    assert_eq!(records, wanted);

    let json = to_json(&rows);
    assert_eq!(json[0]["value"], 0.75);
    assert_eq!(json[2]["value"], "NaN");

    let path = root.path().join("results.parquet");
    write_parquet(&rows, &path).unwrap();
    let file = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let read: Vec<parquet::record::Row> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(read.len(), 3);
    for (read, row) in read.iter().zip(&rows) {
        let at = |name: &str| COLUMNS.iter().position(|column| *column == name).unwrap();
        assert_eq!(read.get_string(at("layers")).unwrap(), &row.text("layers"));
        assert_eq!(read.get_string(at("signature")).unwrap(), &row.text("signature"));
        assert_eq!(read.get_long(at("samples")).unwrap(), 240);
        assert!(read.get_bool(at("higher_is_better")).unwrap());
        assert_eq!(read.get_double(at("value")).unwrap().to_string(), row.text("value"));
    }
    write_parquet(&[], &root.path().join("empty.parquet")).unwrap();
}

fn csv_reader(text: &[u8]) -> csv::Reader<&[u8]> {
    csv::Reader::from_reader(text)
}
