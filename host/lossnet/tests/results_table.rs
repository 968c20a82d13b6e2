//! Results become one table that ranks, filters, and is written as CSV, JSON and Parquet.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::path::Path;

use config_fixture::{plan, swept};
use lossnet_analysis::leaderboards::About;
use lossnet_analysis::results::{
    COLUMNS, Column, Condition, Gathered, Order, Record as _, Row, best_groups_first, contender_columns, csv,
    find_columns, gather, group, group_columns, to_json, write_parquet,
};
use lossnet_core::model::Cell;
use lossnet_core::store::{CellResult, Store};
use lossnet_plugin_protocol::report::{Metric, Report};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;

/// A value for each of the layers 1, 2, … of AlexNet, as metrics of which a larger value is better, or a smaller one.
fn store(root: &Path, name: &str, values: &[f64], higher_is_better: bool, protocol_version: u32) {
    let layers: Vec<String> = (1..=values.len()).map(|layer| layer.to_string()).collect();
    let sweep =
        format!("[experiment]\nname = \"{name}\"\n[sweep]\nloss_network.layers = [{}]", layers.join(","));
    let plan = plan(&swept(&sweep)).unwrap();
    let experiment = Store::new(root).experiment(name);
    for (cell, &value) in plan.cells.iter().zip(values) {
        let mut cell = cell.clone();
        cell.protocol_version = protocol_version;
        let mut writer = experiment.cell(&cell.id).begin(name, &cell).unwrap().unwrap();
        let metric = Metric::new("score", "val/mean", value, "share", higher_is_better, 240);
        writer.report(&Report::Metric(metric)).unwrap();
        writer.finish(|result| result.signature = format!("sig, \"{}\"", result.cell.name)).unwrap();
    }
}

fn gathered(root: &Path) -> Gathered {
    gather(&Store::new(root).experiments().unwrap())
}

fn all_columns() -> Vec<&'static Column> {
    COLUMNS.iter().collect()
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
        assert_eq!(column(&rows, "layers"), order, "what is not a number comes last");
        assert_eq!(rows[3].text("value"), "NaN");
    }
}

#[test]
fn conditions_and_orders_select_rows() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "test", &[0.5, 0.25, 0.75, 0.1], true, 1);
    let rows = gathered(root.path()).rows;
    let cases: [(&[&str], &[&str]); 18] = [
        (&["layers=1"], &["1"]),
        (&["value>=0.5"], &["3", "1"]),
        (&["value<0.50"], &["2", "4"]),
        (&["layers!=3", "value>0.2"], &["1", "2"]),
        (&["backbone=alexnet", "split=val/mean", "layers<=1"], &["1"]),
        (&["backbone=vgg16"], &[]),
        (&["calibration="], &["3", "1", "2", "4"]),
        (&["signature=sig, \"alexnet · 4 · spatial\""], &["4"]),
        // What is missing is neither more nor less than anything.
        (&["size>=0"], &[]),
        (&["size!=64", "spread<1"], &[]),
        (&["size="], &["3", "1", "2", "4"]),
        (&["value!=NaN", "deterministic=false", "value>0.6"], &["3"]),
        // Settings of the config, lists of values, too.
        (&["loss_network.layers=[1, 3]", "value<0.6"], &["1"]),
        (&["run.precision=fp16"], &[]),
        // Short names of settings that are not columns; settings that a cell could have and none has.
        (&["variant=baseline", "layers>2"], &["3", "4"]),
        (&["variant=lin"], &[]),
        (&["data.limit=3"], &[]),
        (&["backbone=vgg16", "task.dropout=0.5"], &[]),
    ];
    for (conditions, layers) in cases {
        let conditions: Vec<Condition> = conditions.iter().map(|text| text.parse().unwrap()).collect();
        let kept = Condition::select(&conditions, &rows).unwrap();
        assert_eq!(column(&kept, "layers"), layers, "{conditions:?}");
    }
    let unknown: Condition = "task.varian=lin".parse().unwrap();
    let unknown = ["backbone=vgg16".parse().unwrap(), unknown];
    let error = Condition::select(&unknown, &rows).unwrap_err();
    assert_eq!(error.to_string(), "no result matches: no cell has a setting `task.varian`");
    assert_eq!(error.help.unwrap(), "did you mean `task.variant`?");
    assert!(Condition::select(&unknown, &[]).unwrap().is_empty(), "there is nothing to know settings from");
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
        "`layers` is not a condition: write column=value, with =, !=, <, <=, > or >="
    );
    let unknown = "layer=1".parse::<Condition>().unwrap_err().to_string();
    assert_eq!(unknown, "the table has no column `layer`: did you mean `layers`?");
    let unknown = "perceptron".parse::<Order>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("the table has no column `perceptron`; its columns are experiment, task,"),
        "{unknown}"
    );
    assert_eq!(
        "value>much".parse::<Condition>().unwrap_err().to_string(),
        "`value>much` holds for no row: the column `value` has numbers"
    );
}

#[test]
fn layers_are_numbers_and_several_are_lists_of_numbers() {
    let root = tempfile::tempdir().unwrap();
    let sweep = "[experiment]\nname = \"test\"\n[sweep]\n\
                 loss_network.layers = [2, 10, [1, 4], [1, 10], 9, \"features.0\", \"features.0.inner\"]";
    let experiment = Store::new(root.path()).experiment("test");
    for cell in &plan(&swept(sweep)).unwrap().cells {
        let mut writer = experiment.cell(&cell.id).begin("test", cell).unwrap().unwrap();
        writer.report(&Report::Metric(Metric::new("score", "val", 0.5, "share", true, 9))).unwrap();
        writer.finish(|_| {}).unwrap();
    }
    let mut rows = gathered(root.path()).rows;
    "layers".parse::<Order>().unwrap().sort(&mut rows);
    let order = ["1,4", "1,10", "2", "9", "10", "features.0", "features.0.inner"];
    assert_eq!(column(&rows, "layers"), order);
    "layers:desc".parse::<Order>().unwrap().sort(&mut rows);
    assert_eq!(column(&rows, "layers"), order.into_iter().rev().collect::<Vec<_>>());
    "layers".parse::<Order>().unwrap().sort(&mut rows);
    for (condition, layers) in [
        ("layers>=9", &order[3..5]),
        ("layers<2", &order[..2]),
        ("layers=1, 10", &order[1..2]),
        ("layers>features.0", &order[6..]),
        ("layers!=10", &["1,4", "1,10", "2", "9", "features.0", "features.0.inner"]),
    ] {
        let condition: Condition = condition.parse().unwrap();
        let kept = Condition::select(std::slice::from_ref(&condition), &rows).unwrap();
        assert_eq!(column(&kept, "layers"), layers, "{condition:?}");
    }
}

#[test]
fn every_row_says_all_that_its_cell_is() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "test", &[0.5], true, 1);
    let rows = gathered(root.path()).rows;
    for (name, value) in [
        ("experiment", "test"),
        ("task", "metric"),
        ("dataset", "bapps"),
        ("dataset_settings", "{\"triplets\":40,\"packed\":true}"),
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

    let text = csv(&rows, &all_columns()).unwrap();
    let mut reader = csv_reader(&text);
    assert_eq!(
        reader.headers().unwrap().iter().collect::<Vec<_>>(),
        COLUMNS.each_ref().map(|column| column.name)
    );
    let records: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let wanted: Vec<Vec<String>> =
        rows.iter().map(|row| COLUMNS.iter().map(|column| row.text(column.name)).collect()).collect();
    assert_eq!(records, wanted);

    let json = to_json(&rows, &all_columns());
    assert_eq!(json[0]["value"], 0.75);
    assert_eq!(json[2]["value"], "NaN");

    let path = root.path().join("results.parquet");
    write_parquet(&rows, &all_columns(), &path).unwrap();
    let file = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let read: Vec<parquet::record::Row> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(read.len(), 3);
    for (read, row) in read.iter().zip(&rows) {
        let at = |name: &str| COLUMNS.iter().position(|column| column.name == name).unwrap();
        assert_eq!(read.get_string(at("layers")).unwrap(), &row.text("layers"));
        assert_eq!(read.get_string(at("signature")).unwrap(), &row.text("signature"));
        assert_eq!(read.get_long(at("samples")).unwrap(), 240);
        assert!(read.get_bool(at("higher_is_better")).unwrap());
        assert_eq!(read.get_double(at("value")).unwrap().to_string(), row.text("value"));
        assert!(read.get_int(at("size")).is_err(), "what is missing is null");
    }
    write_parquet(&Vec::<Row>::new(), &all_columns(), &root.path().join("empty.parquet")).unwrap();
}

fn csv_reader(text: &[u8]) -> csv::Reader<&[u8]> {
    csv::Reader::from_reader(text)
}

/// Two layers with three repetitions each, on two parts and their mean.
fn repeated(root: &Path, name: &str) -> Vec<Cell> {
    let cells = plan(&swept(&format!(
        "[experiment]\nname = \"{name}\"\nrepetitions = 3\n[sweep]\nloss_network.layers = [1, 2]"
    )))
    .unwrap()
    .cells;
    let experiment = Store::new(root).experiment(name);
    for cell in &cells {
        let mut writer = experiment.cell(&cell.id).begin(name, cell).unwrap().unwrap();
        let layer: f64 = cell.config.loss_network.layers[0].parse().unwrap();
        let value = layer / 10.0 + f64::from(cell.repetition) / 100.0;
        for (split, value, nan) in
            [("val/a", value + 0.1, 0), ("val/mean", value, u64::from(cell.repetition))]
        {
            let samples = 240 - u64::from(cell.repetition);
            let metric = Metric::new("score", split, value, "share", true, samples).with_counts(0, nan);
            writer.report(&Report::Metric(metric)).unwrap();
        }
        let repetition = f64::from(cell.repetition);
        let cost = |result: &mut CellResult| {
            result.seconds = 2.0 + repetition;
            result.cpu_seconds = (repetition > 0.0).then_some(repetition);
            result.peak_memory = Some(1000 * u64::from(cell.repetition));
        };
        writer.finish(cost).unwrap();
    }
    cells
}

#[test]
fn rows_know_how_results_vary_over_repetitions() {
    let root = tempfile::tempdir().unwrap();
    repeated(root.path(), "test");
    let gathered = gathered(root.path());
    assert_eq!((gathered.cells.len(), gathered.rows.len()), (6, 12));
    for row in &gathered.rows {
        // The deviation of 0.00, 0.01, 0.02 as a sample is 0.01.
        let repetitions = row.repetitions();
        assert_eq!(repetitions.count, 3);
        assert!((repetitions.spread.unwrap() - 0.01).abs() < 1e-12, "{repetitions:?}");
    }
    let alone = tempfile::tempdir().unwrap();
    store(alone.path(), "test", &[0.5], true, 1);
    let row = &self::gathered(alone.path()).rows[0];
    assert_eq!(
        (row.text("spread"), row.text("repetitions"), row.text("nan")),
        (String::new(), "1".into(), String::new())
    );
}

#[test]
fn groups_average_what_agrees() {
    let root = tempfile::tempdir().unwrap();
    repeated(root.path(), "test");
    let rows = gathered(root.path()).rows;
    let texts = |by: &[&'static Column], columns: &[&str]| -> Vec<Vec<String>> {
        let mut groups = group(&rows, by, &About::default());
        best_groups_first(&mut groups);
        let names: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let columns = find_columns(&names).unwrap();
        groups
            .iter()
            .map(|group| columns.iter().map(|column| group.get(column).text().into_owned()).collect())
            .collect()
    };
    let shown = ["layers", "split", "value", "repetitions", "samples", "failed", "nan", "repetition"];
    let rounded = |mut rows: Vec<Vec<String>>| {
        for row in &mut rows {
            row[2] = format!("{:.3}", row[2].parse::<f64>().unwrap());
        }
        rows
    };
    // Contenders: repetitions are averaged, and what differs between them is shown as nothing.
    assert_eq!(
        rounded(texts(&contender_columns(), &shown)),
        [
            ["2", "val/a", "0.310", "3", "238", "0", "0", ""],
            ["1", "val/a", "0.210", "3", "238", "0", "0", ""],
            ["2", "val/mean", "0.210", "3", "238", "0", "3", ""],
            ["1", "val/mean", "0.110", "3", "238", "0", "3", ""],
        ]
    );
    // What they cost: means of what is known, and the most memory.
    let cost = ["layers", "split", "seconds", "cpu_seconds", "peak_memory"];
    assert_eq!(texts(&contender_columns(), &cost)[0], ["2", "val/a", "3", "1.5", "2000"]);
    // Splits and metrics are never averaged.
    assert_eq!(
        rounded(texts(&find_columns(&["backbone".to_owned()]).unwrap(), &shown)),
        [
            ["", "val/a", "0.260", "3", "238", "0", "0", ""],
            ["", "val/mean", "0.160", "3", "238", "0", "6", ""]
        ]
    );
    // Two layers with three repetitions each: six rows, which are not six repetitions.
    let averaged = ["split", "averaged", "deviation", "spread"];
    let of_backbone = texts(&find_columns(&["backbone".to_owned()]).unwrap(), &averaged);
    assert_eq!((of_backbone[0][1].as_str(), of_backbone[0][3].as_str()), ("6", ""), "{of_backbone:?}");
    assert!(of_backbone[0][2].parse::<f64>().unwrap() > 0.05, "{of_backbone:?}");
    let of_contender = texts(&contender_columns(), &averaged);
    assert_eq!(
        (of_contender[0][1].as_str(), &of_contender[0][2]),
        ("3", &of_contender[0][3]),
        "{of_contender:?}"
    );
    assert_eq!(texts(&find_columns(&["cell".to_owned()]).unwrap(), &shown).len(), 12);

    let by = find_columns(&["layers".to_owned()]).unwrap();
    let groups = group(&rows, &by, &About::default());
    let json = to_json(&groups, &group_columns(&by));
    let names: Vec<&String> = json[0].as_object().unwrap().keys().collect();
    for name in ["task", "layers", "metric", "split", "value", "spread", "repetitions", "nan"] {
        assert!(names.iter().any(|known| *known == name), "{names:?}");
    }
    assert!(!names.iter().any(|name| *name == "seed"), "{names:?}");
    // 0.11 with the deviation 0.01.
    let first =
        json.as_array().unwrap().iter().find(|row| row["layers"] == "1" && row["split"] == "val/mean");
    assert!((first.unwrap()["spread"].as_f64().unwrap() - 0.01).abs() < 1e-12);
}

#[test]
fn a_cell_of_two_experiments_counts_once() {
    let root = tempfile::tempdir().unwrap();
    repeated(root.path(), "one");
    let cells = repeated(root.path(), "two");
    let gathered = gathered(root.path());
    assert_eq!(gathered.rows.len(), 24);
    let shared = gathered.problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let smallest = cells.iter().map(|cell| &cell.id).min().unwrap();
    assert_eq!(
        shared,
        [format!(
            "the experiments `one` and `two` have 6 cells in common, such as {smallest}: where both are averaged, each counts \
             once"
        )]
    );
    let by = find_columns(&["layers".to_owned()]).unwrap();
    let groups = group(&gathered.rows, &by, &About::default());
    assert!(groups.iter().all(|group| group.rows().len() == 3));
    let contenders = group(&gathered.rows, &contender_columns(), &About::default());
    assert_eq!(contenders.len(), 8, "experiments are told apart unless asked otherwise");
}

/// The sentences about what does not belong, with the folder's path left out.
fn problems(root: &Path) -> Vec<String> {
    let (experiments, others) = Store::new(root).folders().unwrap();
    let found = others.into_iter().chain(gather(&experiments).problems);
    found.map(|problem| problem.to_string().replace(&format!("{}/", root.display()), "")).collect()
}

#[test]
fn what_is_damaged_or_does_not_belong_is_named() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    let mut ids: Vec<String> = repeated(root.path(), "a").into_iter().map(|cell| cell.id).collect();
    ids.sort();
    assert_eq!(problems(root.path()), Vec::<String>::new());

    // Files that were cut off, written by a later version, or can't be read.
    let whole = std::fs::read_to_string(at(&format!("a/{}/result.json", ids[0]))).unwrap();
    std::fs::write(at(&format!("a/{}/result.json", ids[0])), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(at(&format!("a/{}/result.json", ids[1])), "{\"format\": 2, \"cells\": []}").unwrap();
    std::fs::remove_file(at(&format!("a/{}/result.json", ids[2]))).unwrap();
    std::fs::create_dir(at(&format!("a/{}/result.json", ids[2]))).unwrap();
    // Folders that are not cells, or another's.
    std::fs::create_dir(at("a/old results")).unwrap();
    std::fs::create_dir(at("a/.hidden")).unwrap();
    std::fs::write(at("a/notes.txt"), "mine").unwrap();
    copy(&at(&format!("a/{}", ids[3])), &at("a/0123456789abcdef"));
    // Files where folders would be.
    std::fs::write(at("a/fedcba9876543210"), "").unwrap();
    // Folders beside experiments, and a file, which is nobody's result.
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::write(at("README.md"), "").unwrap();
    let expected = [
        "empty is not an experiment directory: it has neither a plan nor a cell".to_owned(),
        "a/fedcba9876543210 is a file, and not counted: a cell's result is in a folder named by the cell's 16 hex digits"
            .to_owned(),
        "a/old results is not a cell's folder, and nothing in it is counted: a cell's folder is named by the cell's 16 hex \
         digits"
            .to_owned(),
        format!("a/{}/result.json is damaged: ", ids[0]),
        format!(
            "a/{}/result.json has format 2, and this lossnet reads up to 1: use the newer lossnet that wrote it",
            ids[1]
        ),
        format!("results can't be read: failed to read from file `a/{}/result.json`", ids[2]),
        format!(
            "a/0123456789abcdef holds the result of the cell {}, so it is not counted: it was copied or renamed; move it \
             away",
            ids[3]
        ),
    ];
    let found = problems(root.path());
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.starts_with(expected.as_str()), "{found}\n{expected}");
    }
    // The rest is there.
    assert_eq!(gathered(root.path()).cells.len(), 3);
}

#[test]
fn one_is_said_of_one() {
    let root = tempfile::tempdir().unwrap();
    store(root.path(), "a", &[0.5], true, 1);
    store(root.path(), "b", &[0.5], true, 1);
    assert!(
        problems(root.path())[0].starts_with("the experiments `a` and `b` have 1 cell in common, such as")
    );
    std::fs::remove_dir_all(root.path().join("b")).unwrap();
    copy(&root.path().join("a"), &root.path().join("b"));
    assert!(problems(root.path())[0].starts_with("b holds copies of 1 result of the experiment `a`, "));
    std::fs::remove_dir_all(root.path().join("a")).unwrap();
    let renamed = "b holds 1 result of the experiment `a`: it is counted under the folder's name";
    assert_eq!(problems(root.path()), [renamed]);
}

#[test]
fn copied_and_renamed_experiments_are_named() {
    let root = tempfile::tempdir().unwrap();
    repeated(root.path(), "a");
    copy(&root.path().join("a"), &root.path().join("b"));
    assert_eq!(
        problems(root.path()),
        [
            "b holds copies of 6 results of the experiment `a`, which is there, too: the copies are not counted"
        ]
    );
    assert_eq!(gathered(root.path()).cells.len(), 6);
    std::fs::remove_dir_all(root.path().join("a")).unwrap();
    assert_eq!(
        problems(root.path()),
        ["b holds 6 results of the experiment `a`: they are counted under the folder's name"]
    );
    assert_eq!(column(&gathered(root.path()).rows, "experiment"), ["b"; 12]);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
