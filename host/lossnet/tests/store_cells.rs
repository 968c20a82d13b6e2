//! Whatever happens to a run, what it has stored is there, and the next run goes on from it.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::error::Error as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use config_fixture::{COMPLETE, plan};
use lossnet_core::model::{Cell, CellState};
use lossnet_core::store::{CellWriter, ExperimentFolder, Store};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::{Column, Metric, Report, SampleRows, Scalar};
use proptest::prelude::*;

fn cell() -> Cell {
    plan(COMPLETE).unwrap().cells.remove(0)
}

fn experiment(root: &Path) -> ExperimentFolder {
    Store::new(root).experiment("test")
}

fn begin(root: &Path) -> CellWriter {
    let cell = cell();
    experiment(root).cell(&cell.id).begin("test", &cell).unwrap().unwrap()
}

/// Rows `from..to` of a split: awkward ids, numbers that a text must keep to the last bit.
fn rows(split: &str, from: usize, to: usize) -> SampleRows {
    let number = |row: usize| match row % 5 {
        3 => f64::NAN,
        4 => f64::NEG_INFINITY,
        _ => 1.0 / (row as f64 + 3.0),
    };
    SampleRows {
        split: split.to_owned(),
        groups: (from..to).map(|row| format!("g{}", row % 2)).collect(),
        ids: (from..to).map(|row| format!("a,\"b\"\n{row:06}")).collect(),
        columns: vec![
            Column { name: "d0".to_owned(), values: (from..to).map(number).collect() },
            Column { name: "judge".to_owned(), values: (from..to).map(|row| row as f64).collect() },
        ],
    }
}

fn assert_same(found: &SampleRows, wanted: &SampleRows) {
    // Texts tell NaN from other numbers, and 0 from -0.
    assert_eq!(serde_json::to_string(found).unwrap(), serde_json::to_string(wanted).unwrap());
}

fn metric(value: f64) -> Report {
    Report::Metric(Metric::new("2afc_score", "val", value, "share", true, 7))
}

#[test]
fn a_cell_goes_from_to_do_to_done() {
    let root = tempfile::tempdir().unwrap();
    let (cell, experiment) = (cell(), experiment(root.path()));
    let folder = experiment.cell(&cell.id);
    assert_eq!(folder.state(), CellState::ToDo);
    let mut writer = begin(root.path());
    assert_eq!(folder.state(), CellState::Running);
    assert!(folder.begin("test", &cell).unwrap().is_none(), "it is locked");
    writer.report(&Report::Samples(rows("val", 0, 7))).unwrap();
    writer.report(&Report::Scalar(Scalar { name: "loss".to_owned(), step: 1, value: 0.5 })).unwrap();
    writer.report(&metric(0.75)).unwrap();
    writer.report(&metric(f64::NAN)).unwrap();
    assert_eq!(folder.result().unwrap(), None, "the result comes last");
    writer.finish(|result| result.signature = "a signature".to_owned()).unwrap();

    assert_eq!(folder.state(), CellState::Done);
    assert!(folder.begin("test", &cell).unwrap().is_none(), "it is complete");
    let result = folder.result().unwrap().unwrap();
    assert_eq!((result.cell, result.signature.as_str(), result.format), (cell, "a signature", 1));
    assert_eq!(result.metrics[0].value.to_bits(), 0.75f64.to_bits());
    assert!(result.metrics[1].value.is_nan(), "a score that is not a number is stored as that");
    assert_same(&folder.samples("val", 0, 99).unwrap(), &rows("val", 0, 7));
    let lines = std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let again = &plan(&config).unwrap().cells[0];
    assert!(folder.path().ends_with(&again.id), "its config gives the same cell");
}

#[test]
fn a_failure_is_kept_until_the_next_attempt_and_so_are_the_scores() {
    let root = tempfile::tempdir().unwrap();
    let folder = experiment(root.path()).cell(&cell().id);
    let mut writer = begin(root.path());
    writer.report(&Report::Samples(rows("val", 0, 3))).unwrap();
    writer.fail(&PluginError::run("the device is gone").with_help("plug it in")).unwrap();
    assert_eq!(folder.state(), CellState::Failed);
    let failure = folder.failure().unwrap().unwrap();
    assert_eq!(
        (failure.error.message.as_str(), failure.name.as_str()),
        ("the device is gone", "alexnet · 1 · spatial")
    );

    let mut again = begin(root.path());
    assert_eq!(folder.failure().unwrap(), None);
    assert_eq!(again.recorded("val").unwrap(), 3);
    again.report(&Report::Samples(rows("val", 3, 5))).unwrap();
    again.interrupt().unwrap();
    assert_eq!(folder.state(), CellState::ToDo);
    assert_same(&folder.samples("val", 0, 99).unwrap(), &rows("val", 0, 5));
}

#[test]
fn recorded_rows_are_read_piece_by_piece_in_any_order() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = begin(root.path());
    for start in (0..100).step_by(10) {
        writer.report(&Report::Samples(rows("val", start, start + 10))).unwrap();
    }
    assert_eq!(writer.recorded("val").unwrap(), 100);
    for (first, count, end) in
        [(0, 30, 30), (30, 30, 60), (70, 10, 80), (10, 5, 15), (95, 50, 100), (100, 5, 100), (99, 1, 100)]
    {
        let found = writer.read("val", first, count).unwrap();
        assert_same(&found, &rows("val", first as usize, end));
        if first == 30 {
            writer.report(&Report::Samples(rows("jnd", 0, 1))).unwrap();
        }
    }
}

#[test]
fn looking_for_scores_makes_no_file_for_them() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = begin(root.path());
    assert_eq!(writer.recorded("more:test").unwrap(), 0);
    let entries = std::fs::read_dir(writer.folder()).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.starts_with("samples.")), "{names:?}");
    writer.report(&Report::Samples(rows("more:test", 0, 3))).unwrap();
    assert_eq!(writer.recorded("more:test").unwrap(), 3);
}

#[test]
fn splits_have_files_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = begin(root.path());
    let splits = ["val/cnn", "val-cnn", "val%2Dcnn", "val", "../val", "größe"];
    for (number, split) in splits.into_iter().enumerate() {
        writer.report(&Report::Samples(rows(split, number, number + 1))).unwrap();
    }
    for (number, split) in splits.into_iter().enumerate() {
        assert_same(&writer.read(split, 0, 9).unwrap(), &rows(split, number, number + 1));
    }
    assert!(writer.folder().join("samples.val-cnn.csv").is_file());
}

#[test]
fn rows_that_do_not_fit_are_refused_and_change_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = begin(root.path());
    writer.report(&Report::Samples(rows("val", 0, 2))).unwrap();
    let mut other = rows("val", 2, 3);
    other.columns[0].name = "d1".to_owned();
    let mut short = rows("val", 2, 4);
    short.columns[1].values.pop();
    let mut named = rows("jnd", 0, 1);
    named.columns[0].name = "a,b".to_owned();
    for (wrong, sentence) in [
        (other, "it has the columns group,id,d0,judge, and rows with group,id,d1,judge were to be added"),
        (short, "2 samples were reported with 1 values or groups"),
        (named, "a column can't be named `a,b`"),
    ] {
        let error = writer.report(&Report::Samples(wrong)).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
        let is_plugins = !sentence.starts_with("it has the columns");
        assert_eq!(error.ends_with("; this is a mistake of the task's plugin"), is_plugins, "{error}");
    }
    writer.report(&Report::Samples(rows("val", 2, 3))).unwrap();
    assert_same(&writer.read("val", 0, 9).unwrap(), &rows("val", 0, 3));
}

#[test]
fn damaged_and_newer_files_are_named() {
    let root = tempfile::tempdir().unwrap();
    let folder = experiment(root.path()).cell(&cell().id);
    std::fs::create_dir_all(folder.path()).unwrap();
    let path = folder.path().join("result.json");
    let error = |text: &str| {
        std::fs::write(&path, text).unwrap();
        folder.result().unwrap_err().to_string()
    };
    let damaged = error("{\"format\": 1, \"exp");
    assert!(damaged.starts_with(&format!("{} is damaged: ", path.display())), "{damaged}");
    assert!(damaged.ends_with("; move it away to compute it again"), "{damaged}");
    assert_eq!(
        error("{\"format\": 2, \"new\": true}"),
        format!(
            "{} has format 2, and this lossnet reads up to 1: use the newer lossnet that wrote it",
            path.display()
        )
    );
    let gathered = lossnet_analysis::results::gather(&[experiment(root.path())]);
    assert_eq!((gathered.rows.len(), gathered.problems.len()), (0, 1));

    std::fs::remove_file(&path).unwrap();
    let samples = folder.path().join("samples.val.csv");
    std::fs::write(&samples, "group,id,d0\ng,1,0.5\ng,2\ng,3,0.5\n").unwrap();
    let error = begin(root.path()).recorded("val").unwrap_err().to_string();
    assert!(error.contains("samples.val.csv is damaged: row 2 has 2 values"), "{error}");
    assert!(error.ends_with("; move the cell's folder away to compute the cell again"), "{error}");
    let plan = experiment(root.path()).path().join("plan.json");
    std::fs::write(&plan, "{\"cells\":").unwrap();
    let planned = experiment(root.path()).planned_cells().unwrap_err().to_string();
    assert!(planned.starts_with(&format!("{} is damaged: ", plan.display())), "{planned}");
    assert!(planned.ends_with("; move it away; the next run writes it anew"), "{planned}");
    std::fs::write(&samples, "group,id,d0\ng,1,0.5\ng,2,half\n").unwrap();
    let error = folder.samples("val", 1, 1).unwrap_err().to_string();
    assert!(error.contains("`half` in row 2 is not a number"), "{error}");
}

#[test]
fn experiments_are_found_and_plans_kept() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(Store::new(&root.path().join("none")).experiments().unwrap().len(), 0);
    let plan = plan(COMPLETE).unwrap();
    experiment(root.path()).write_plan(&plan).unwrap();
    std::fs::create_dir(root.path().join("other")).unwrap();
    let found = Store::new(root.path()).experiments().unwrap();
    assert_eq!(found.iter().map(ExperimentFolder::name).collect::<Vec<_>>(), ["test"]);
    assert_eq!(found[0].read_plan().unwrap(), Some(plan));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A crash leaves any beginning of the file, perhaps with zeros after it, as file systems do.
    #[test]
    fn a_torn_file_goes_on_from_its_last_whole_row(share in 0.0f64..1.0, zeros in 0usize..9) {
        let root = tempfile::tempdir().unwrap();
        let mut writer = begin(root.path());
        writer.report(&Report::Samples(rows("val", 0, 9))).unwrap();
        let path = writer.folder().join("samples.val.csv");
        writer.interrupt().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate((bytes.len() as f64 * share) as usize);
        bytes.extend(vec![0; zeros]);
        std::fs::write(&path, bytes).unwrap();

        let mut writer = begin(root.path());
        let kept = writer.recorded("val").unwrap() as usize;
        prop_assert!(kept as f64 >= 9.0 * share - 2.0, "{kept} rows are left of {share}");
        writer.report(&Report::Samples(rows("val", kept, 12))).unwrap();
        assert_same(&writer.read("val", 0, 99).unwrap(), &rows("val", 0, 12));
    }
}

/// Runs one of the tests below in a process of its own.
fn child(test: &str, root: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{before} exec \"$0\" --exact {test} --ignored --nocapture"));
    command.arg(std::env::current_exe().unwrap()).env("LOSSNET_TEST_ROOT", root);
    command
}

fn child_root() -> Option<std::path::PathBuf> {
    std::env::var_os("LOSSNET_TEST_ROOT").map(Into::into)
}

#[test]
fn a_killed_process_leaves_no_lock_and_its_scores() {
    let root = tempfile::tempdir().unwrap();
    let folder = experiment(root.path()).cell(&cell().id);
    let mut process = child("child_holds_a_cell", root.path(), "").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with("at work")));
    assert_eq!(folder.state(), CellState::Running);
    assert!(folder.begin("test", &cell()).unwrap().is_none());
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(folder.state(), CellState::ToDo);
    assert_eq!(begin(root.path()).recorded("val").unwrap(), 5);
}

#[test]
#[ignore = "run by a_killed_process_leaves_no_lock_and_its_scores"]
fn child_holds_a_cell() {
    let Some(root) = child_root() else { return };
    let mut writer = begin(&root);
    writer.report(&Report::Samples(rows("val", 0, 5))).unwrap();
    println!("\nat work");
    std::io::stdout().flush().unwrap();
    std::thread::sleep(std::time::Duration::from_mins(1));
}

#[test]
fn a_full_disk_loses_nothing_that_was_saved() {
    let root = tempfile::tempdir().unwrap();
    // A limit on the size of files fails writes half-way, as a full disk does.
    let output = child("child_fills_the_disk", root.path(), "trap '' XFSZ; ulimit -f 64;").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8_lossy(&output.stdout);
    let saved: usize = text.lines().find_map(|line| line.strip_prefix("saved ")?.parse().ok()).unwrap();
    assert!(saved > 100, "{text}");
    let mut writer = begin(root.path());
    assert_eq!(writer.recorded("val").unwrap() as usize, saved);
    writer.report(&Report::Samples(rows("val", saved, saved + 10))).unwrap();
    assert_same(&writer.read("val", 0, u64::MAX).unwrap(), &rows("val", 0, saved + 10));
}

#[test]
#[ignore = "run by a_full_disk_loses_nothing_that_was_saved"]
fn child_fills_the_disk() {
    let Some(root) = child_root() else { return };
    let mut writer = begin(&root);
    for batch in 0.. {
        if let Err(error) = writer.report(&Report::Samples(rows("val", batch * 100, batch * 100 + 100))) {
            assert_eq!(error.to_string(), "results can't be written (what was saved before is kept)");
            assert!(error.source().unwrap().to_string().contains("samples.val.csv"), "{error:?}");
            assert_eq!(writer.recorded("val").unwrap() as usize, batch * 100);
            println!("\nsaved {}", batch * 100);
            return;
        }
    }
}

#[test]
fn looking_at_a_cell_does_not_keep_others_from_beginning_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = experiment(root.path()).cell(&cell().id);
    begin(root.path()).interrupt().unwrap();
    // As `state` does it, only slower.
    let looking = std::fs::File::open(folder.path().join(".lock")).unwrap();
    looking.lock_shared().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(30));
            drop(looking);
        });
        assert!(folder.begin("test", &cell()).unwrap().is_some());
    });
}

fn scalar(name: &str, step: u64) -> Report {
    Report::Scalar(Scalar { name: name.to_owned(), step, value: step as f64 })
}

/// Names and steps of the curves in `metrics.jsonl`.
fn curves(root: &Path) -> Vec<(String, u64)> {
    let text =
        std::fs::read_to_string(experiment(root).cell(&cell().id).path().join("metrics.jsonl")).unwrap();
    let reports = text.lines().map(|line| serde_json::from_str(line).unwrap());
    reports
        .filter_map(|report| match report {
            Report::Scalar(scalar) => Some((scalar.name, scalar.step)),
            _ => None,
        })
        .collect()
}

#[test]
fn curves_outlive_an_interruption_as_far_as_the_training_goes_on_from() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = begin(root.path());
    assert!(!writer.resumed());
    for step in 1..=5 {
        writer.report(&scalar("fit/loss", step)).unwrap();
    }
    writer.report(&scalar("refine/loss", 1)).unwrap();
    writer.report(&metric(0.5)).unwrap();
    drop(writer);

    // The first training goes on after step 3, the second one begins anew.
    let mut writer = begin(root.path());
    assert!(writer.resumed());
    let resume = |stage: &str, step| Report::Resume { stage: stage.to_owned(), step };
    writer.report(&resume("fit", 3)).unwrap();
    writer.report(&scalar("fit/loss", 4)).unwrap();
    writer.report(&resume("refine", 0)).unwrap();
    writer.report(&metric(0.75)).unwrap();
    let steps = [1, 2, 3, 4].map(|step| scalar("fit/loss", step));
    assert_eq!(writer.reported().unwrap(), steps.into_iter().chain([metric(0.75)]).collect::<Vec<_>>());
    drop(writer);
    let fit = |steps: std::ops::RangeInclusive<u64>| steps.map(|step| ("fit/loss".to_owned(), step));
    assert_eq!(curves(root.path()), fit(1..=4).collect::<Vec<_>>());

    // A task that says nothing of going on begins anew.
    let mut writer = begin(root.path());
    writer.report(&scalar("fit/loss", 1)).unwrap();
    writer.finish(|_| {}).unwrap();
    assert_eq!(curves(root.path()), fit(1..=1).collect::<Vec<_>>());
}

#[test]
fn what_has_no_step_outlives_the_stages_that_begin_later() {
    let root = tempfile::tempdir().unwrap();
    let picture = |name: &str, step| Report::Image {
        name: name.to_owned(),
        path: format!("{}.png", name.replace('/', "-")).into(),
        step,
        caption: String::new(),
    };
    let resume = |stage: &str, step| Report::Resume { stage: stage.to_owned(), step };
    let run = |from: u64, until: usize| {
        let mut writer = begin(root.path());
        let mut reports = vec![resume("fit", from)];
        reports.extend((from + 1..=2).map(|step| scalar("fit/loss", step)));
        reports.extend((from + 1..=2).map(|step| picture("fit/image", Some(step))));
        reports.extend([picture("fit/best", None), picture("overview", None), metric(0.5)]);
        reports.extend([resume("refine", 0), picture("refine/best", None)]);
        reports.truncate(until);
        for report in reports {
            writer.report(&report).unwrap();
        }
        let mut kept: Vec<String> = writer
            .reported()
            .unwrap()
            .iter()
            .map(|report| match report {
                Report::Image { name, step, .. } => format!("{name} {step:?}"),
                Report::Scalar(scalar) => format!("{} {}", scalar.name, scalar.step),
                _ => "metric".to_owned(),
            })
            .collect();
        kept.sort();
        kept
    };
    let all =
        ["fit/best None", "fit/image Some(1)", "fit/image Some(2)", "fit/loss 1", "fit/loss 2", "metric"];
    let all: Vec<&str> = all.into_iter().chain(["overview None", "refine/best None"]).collect();
    assert_eq!(run(0, usize::MAX), all);
    // Interrupted after either stage, and resumed: each once.
    for (from, until) in [(2, usize::MAX), (0, 8), (2, usize::MAX), (1, 5), (1, usize::MAX)] {
        let kept = run(from, until);
        if until == usize::MAX {
            assert_eq!(kept, all, "from {from}");
        }
    }
}

#[test]
fn pictures_are_found_where_the_folder_is_now() {
    let root = tempfile::tempdir().unwrap();
    let (before, after) = (root.path().join("before"), root.path().join("after"));
    let mut writer = begin(&before);
    let folder = writer.folder().to_owned();
    let report = |path: &Path| Report::Image {
        name: "test/picture".to_owned(),
        path: path.to_owned(),
        step: None,
        caption: String::new(),
    };
    writer.report(&report(&folder.join("inside/picture.png"))).unwrap();
    // As earlier versions kept it: with the folder of that time.
    let id = folder.file_name().unwrap();
    writer.report(&report(&Path::new("logs/test").join(id).join("old.png"))).unwrap();
    assert_eq!(writer.reported().unwrap()[0], report(&folder.join("inside/picture.png")));
    writer.finish(|_| {}).unwrap();
    std::fs::rename(&before, &after).unwrap();
    let folder = after.join("test").join(id);
    let found = experiment(&after).cell(&id.to_string_lossy()).reports().unwrap();
    assert_eq!(found, [report(&folder.join("inside/picture.png")), report(&folder.join("old.png"))]);
}

#[test]
fn the_curves_of_a_complete_cell_are_a_table() {
    let root = tempfile::tempdir().unwrap();
    let table =
        || std::fs::read_to_string(experiment(root.path()).cell(&cell().id).path().join("curves.csv"));
    let mut writer = begin(root.path());
    for step in 1..=3 {
        writer.report(&scalar("fit/loss", step)).unwrap();
    }
    writer.interrupt().unwrap();
    assert!(table().is_err());

    let mut writer = begin(root.path());
    writer.report(&Report::Resume { stage: "fit".to_owned(), step: 2 }).unwrap();
    let scalar = |value| Report::Scalar(Scalar { name: "fit/loss, again".to_owned(), step: 3, value });
    writer.report(&scalar(f64::NAN)).unwrap();
    writer.report(&scalar(0.1)).unwrap();
    writer.report(&metric(0.75)).unwrap();
    writer.finish(|_| {}).unwrap();
    let expected =
        "name,step,value\nfit/loss,1,1\nfit/loss,2,2\n\"fit/loss, again\",3,NaN\n\"fit/loss, again\",3,0.1\n";
    assert_eq!(table().unwrap(), expected);
}
