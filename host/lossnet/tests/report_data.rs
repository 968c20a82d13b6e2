//! Results become what a report shows.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;
mod large_store;

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use large_store::Extent;
use lossnet_analysis::leaderboards::{About, Measured};
use lossnet_analysis::report::assemble::{Sources, assemble};
use lossnet_analysis::report::data::{ReportData, TableColumn};
use lossnet_analysis::report::page;
use lossnet_analysis::results::gather;
use lossnet_core::store::{CellFolder, ExperimentFolder, Store};

const EXTENT: Extent = Extent { cells: 40, samples: 30, points: 500, pictures: true };

fn experiments(root: &Path) -> Vec<ExperimentFolder> {
    Store::new(root).experiments().unwrap()
}

fn report(root: &Path) -> ReportData {
    let (experiments, problems) = Store::new(root).folders().unwrap();
    let catalog = config_fixture::catalog();
    let about = |cells: &[Measured]| About::new(&catalog, &|_| None, cells);
    assemble(Sources { experiments: &experiments, problems, title: None, claims: None }, &about).unwrap()
}

/// The value of a column in a row of the report's table, as text.
fn value(data: &ReportData, column: &str, row: usize) -> String {
    let found = data.table.columns.iter().find_map(|known| match known {
        TableColumn::Constant { name, value } if name == column => Some(value.clone()),
        TableColumn::Texts { name, texts, codes } if name == column => {
            Some(texts[codes[row] as usize].clone())
        }
        TableColumn::Numbers { name, values } if name == column => {
            Some(values[row].map(|number| number.to_string()).unwrap_or_default())
        }
        _ => None,
    });
    found.unwrap()
}

#[test]
fn a_report_has_all_that_is_there() {
    let root = tempfile::tempdir().unwrap();
    large_store::write(root.path(), EXTENT);
    let data = report(root.path());
    assert_eq!(data.title, "judged, trained");
    assert_eq!(data.experiments.iter().map(|one| one.cells["done"]).collect::<Vec<_>>(), [20, 20]);
    // The plans are larger than what was run.
    assert!(data.experiments.iter().all(|one| one.cells["to do"] > 0 && one.cells["failed"] == 0));
    assert!(!data.boards.is_empty() && !data.networks.is_empty() && !data.answer.is_empty());

    let rows = gather(&experiments(root.path())).rows;
    assert_eq!(data.table.rows, rows.len());
    for (position, row) in rows.iter().enumerate() {
        for column in ["experiment", "backbone", "layers", "metric", "split", "cell", "size", "task_settings"]
        {
            assert_eq!(value(&data, column, position), row.text(column), "{column}");
        }
        let shown: f64 = value(&data, "value", position).parse().unwrap();
        let exact = row.metric().value;
        assert!((shown - exact).abs() <= 5e-6 * exact.abs(), "{shown} {exact}");
    }

    // Two curves of each trained cell, thinned.
    assert_eq!(data.curves.len(), 40);
    for curve in &data.curves {
        assert!(curve.steps.len() <= 200 && curve.steps.len() > 100, "{}", curve.steps.len());
        assert_eq!(
            (curve.steps.len(), curve.steps[0], *curve.steps.last().unwrap()),
            (curve.values.len(), 1, 500)
        );
        assert!(curve.network < data.networks.len());
    }
    let cells: usize = data.provenance.iter().map(|one| one.cells).sum();
    assert_eq!(cells, 40);
    assert!(
        data.provenance.iter().all(|one| one.config.contains("[loss_network]") && !one.signature.is_empty())
    );
    assert!(page::html(&data).unwrap().contains("judged, trained"));
}

#[test]
fn pictures_stand_side_by_side_the_best_contenders_first() {
    let root = tempfile::tempdir().unwrap();
    large_store::write(root.path(), EXTENT);
    let data = report(root.path());
    let [panel] = &data.panels[..] else { panic!("{}", data.panels.len()) };
    assert_eq!((panel.task.as_str(), panel.title.as_str()), ("metric", "training, pairs"));
    let networks: Vec<usize> = panel.images.iter().map(|image| image.network).collect();
    let different: BTreeSet<usize> = networks.iter().copied().collect();
    assert_eq!(networks.len(), different.len(), "each contender once");
    let boards = data.boards.iter().filter(|board| board.main);
    let rank = |cell: &String| {
        boards
            .clone()
            .flat_map(|board| &board.entries)
            .find(|entry| entry.cells.contains(cell))
            .map(|entry| entry.rank)
    };
    let ranks: Vec<usize> = panel.images.iter().filter_map(|image| rank(&image.cell)).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    for image in &panel.images {
        // The very pixels that the task has written.
        let png = image.source.strip_prefix("data:image/png;base64,").unwrap();
        let shown =
            image::load_from_memory(&base64::engine::general_purpose::STANDARD.decode(png).unwrap()).unwrap();
        let path = root.path().join("trained").join(&image.cell).join("training-pairs.png");
        assert_eq!(shown, image::open(path).unwrap());
        assert_eq!(image.size, [shown.width(), shown.height()]);
        // What is said of all of them is said once.
        assert_eq!(image.caption, "");
    }
    assert_eq!(panel.caption, "Two pairs. Sorted by rank.");
}

#[test]
fn what_can_not_be_shown_is_told() {
    let root = tempfile::tempdir().unwrap();
    large_store::write(root.path(), EXTENT);
    let trained = root.path().join("trained");
    let cells = experiments(root.path())[1].cells().unwrap();
    // Of each contender the first repetition is shown.
    let is_first = |cell: &CellFolder| cell.result().unwrap().unwrap().cell.repetition == 0;
    let (shown, others): (Vec<_>, Vec<_>) =
        cells.iter().map(|(_, folder)| folder).partition(|cell| is_first(cell));
    assert_eq!((shown.len(), others.len()), (2, 18));
    // A picture that is torn, another one gone; a curve that is damaged; a result that is cut off.
    let picture = shown[0].path().join("training-pairs.png");
    let bytes = std::fs::read(&picture).unwrap();
    std::fs::write(&picture, &bytes[..bytes.len() / 2]).unwrap();
    std::fs::remove_file(shown[1].path().join("training-pairs.png")).unwrap();
    std::fs::write(others[0].path().join("metrics.jsonl"), "{\"report\":\"scalar\"}\n").unwrap();
    std::fs::write(others[1].path().join("result.json"), "{").unwrap();
    std::fs::create_dir(trained.join("mine")).unwrap();
    let data = report(root.path());
    assert!(data.panels.is_empty());
    let told = data.problems.join("\n");
    for part in [
        "training-pairs.png can't be read",
        "line 1: missing field",
        "result.json is damaged",
        "mine is not a cell's folder",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(told.contains("1 reported picture is not in its cell's folder any more"), "{told}");
    let counts = &data.experiments[1].cells;
    assert_eq!((counts["done"], counts["to do"]), (19, 541), "what is cut off is not done");
}

#[test]
fn large_pictures_are_made_smaller() {
    let root = tempfile::tempdir().unwrap();
    large_store::write(root.path(), Extent { cells: 4, ..EXTENT });
    let cells = experiments(root.path())[1].cells().unwrap();
    for (_, folder) in &cells {
        // Noise does not compress.
        let mut state = 1u32;
        let noise = image::RgbImage::from_fn(600, 400, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        noise.save(folder.path().join("training-pairs.png")).unwrap();
    }
    let data = report(root.path());
    let image = &data.panels[0].images[0];
    assert!(image.source.len() < 300_000, "{}", image.source.len());
    assert!(image.size[0] < 600 && image.size[0] * 2 == image.size[1] * 3, "{:?}", image.size);
    assert!(image.caption.ends_with("times smaller)"), "{}", image.caption);
}
