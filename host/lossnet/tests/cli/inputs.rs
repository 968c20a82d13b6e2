//! Files behind paths: what is in them is part of what a cell is.

use std::path::Path;
use std::time::Duration;

use crate::damage::npy;
use crate::support::{User, faulty, names};

const TRIPLETS: &str = r#"
[experiment]
name = "own"

[task]
name = "metric"

[data]
name = "photos"
triplets = 4

[loss_network]
backbone = "squeezenet1_1"
weights = "w.safetensors"
layers = 1
check_weights = "used"
comparison = "mean"

[run]
device = "cpu"
"#;

/// A weights file with all parameters of `squeezenet1_1` that layers up to the first need, each of this value.
fn weights(path: &Path, value: f32) {
    let values = |count: usize| value.to_le_bytes().repeat(count);
    let tensors = [("features.0.weight", vec![64, 3, 3, 3]), ("features.0.bias", vec![64])];
    let (mut header, mut body) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors {
        let begin = body.len();
        // Unlike values, so that features differ.
        let count: usize = shape.iter().product();
        body.extend(values(count));
        for (index, bytes) in body[begin..].chunks_mut(4).enumerate() {
            let scaled = value * ((index * 37 % 101) as f32 / 50.0 - 1.0);
            bytes.copy_from_slice(&scaled.to_le_bytes());
        }
        let described =
            serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, body.len()] });
        header.insert(name.to_owned(), described);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(body);
    std::fs::write(path, bytes).unwrap();
}

/// The one value of a metric among the results that these conditions leave.
fn values(user: &User, metric: &str, more: &[&str]) -> Vec<(String, f64)> {
    let wanted = format!("metric={metric}");
    let mut arguments = vec!["results", "--json", "--where", wanted.as_str()];
    arguments.extend(more);
    let rows = user.json(&arguments);
    let row =
        |row: &serde_json::Value| (row["cell"].as_str().unwrap().to_owned(), row["value"].as_f64().unwrap());
    rows.as_array().unwrap().iter().map(row).collect()
}

fn cells(user: &User, experiment: &str) -> Vec<String> {
    let all = names(&user.path(experiment));
    all.into_iter().filter(|name| name.len() == 16 && !name.contains('.')).collect()
}

#[test]
fn another_weights_file_at_the_same_path_makes_another_cell() {
    let user = User::new();
    user.write("own.toml", TRIPLETS);
    weights(&user.path("w.safetensors"), 0.1);
    user.must(&["run", "own.toml"]);
    let first = cells(&user, "logs/own");
    assert_eq!(first.len(), 1);

    weights(&user.path("w.safetensors"), -0.3);
    let plan = user.must(&["run", "own.toml", "--plan"]);
    assert!(plan.contains("1 to do"), "{plan}");
    let status = user.run(&["status"]);
    assert!(status.err.contains("w.safetensors has changed"), "{}{}", status.out, status.err);
    let done = user.run(&["run", "own.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("w.safetensors has changed"), "{}", done.err);
    assert_eq!(cells(&user, "logs/own").len(), 2);
    // Both are kept, and told apart by what was in the file.
    assert!(done.out.contains("weights_sha256"), "{}", done.out);
    let rows = user.json(&["results", "--json", "--where", "metric=2afc_score", "--where", "split=val/mean"]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0]["weights_sha256"], rows[1]["weights_sha256"]);
    assert_ne!(rows[0]["signature"], rows[1]["signature"]);
    assert!(rows[0]["signature"].as_str().unwrap().contains("weights=w.safetensors:"), "{}", rows[0]);
    user.must(&["report", "--out", "report"]);
    let report = std::fs::read_to_string(user.path("report/report.html")).unwrap();
    assert!(report.contains("weights_sha256"), "the report does not tell the files apart");

    // The first file again: its cell is done.
    weights(&user.path("w.safetensors"), 0.1);
    let again = user.run(&["run", "own.toml"]);
    assert!(again.err.contains("1 of 1 cell done already"), "{}", again.err);
    // The same file elsewhere is the same.
    std::fs::rename(user.path("w.safetensors"), user.path("moved.safetensors")).unwrap();
    let moved = user.run(&["run", "own.toml", "-s", "loss_network.weights=moved.safetensors"]);
    assert!(moved.err.contains("1 of 1 cell done already"), "{}", moved.err);
}

#[test]
fn two_projects_with_files_of_one_name_do_not_get_each_others_number() {
    let user = User::new();
    for (project, value) in [("a", 0.1), ("b", -0.3)] {
        user.write(&format!("{project}/own.toml"), TRIPLETS);
        weights(&user.path(project).join("w.safetensors"), value);
    }
    let run = |project: &str| {
        let mut command = user.command(&["run", "own.toml", "--logs", "../logs"]);
        let output = command.current_dir(user.path(project)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run("a");
    run("b");
    assert_eq!(cells(&user, "logs/own").len(), 2);
    let (a, b) = (sole("a", &user), sole("b", &user));
    assert_ne!(a, b, "both have the distances of one file");
}

/// The distances that a project's own run gives.
fn sole(project: &str, user: &User) -> String {
    let logs = format!("../alone-{project}");
    let mut command = user.command(&["run", "own.toml", "--logs", &logs]);
    assert!(command.current_dir(user.path(project)).output().unwrap().status.success());
    let folder = format!("alone-{project}/own");
    let alone = cells(user, &folder);
    let read = |folder: &str, cell: &str| {
        let names = names(&user.path(folder).join(cell));
        let name = names.iter().find(|name| name.starts_with("samples.")).unwrap();
        std::fs::read_to_string(user.path(folder).join(cell).join(name)).unwrap()
    };
    assert_eq!(alone.len(), 1);
    let own = read(&folder, &alone[0]);
    assert_eq!(own, read("logs/own", &alone[0]), "the common logs have other numbers");
    own
}

/// A judged triplet in the user's folder: p1 is the reference itself.
fn triplet(user: &User, name: &str, judge: f32) {
    user.picture(&format!("data/ref/{name}.ppm"), 32, 1.0);
    user.picture(&format!("data/p0/{name}.ppm"), 32, 0.5);
    user.picture(&format!("data/p1/{name}.ppm"), 32, 1.0);
    let folder = user.path("data/judge");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.npy")), npy(judge)).unwrap();
}

const FOLDER: &str = r#"
[experiment]
name = "folder"

[task]
name = "metric"
size = 32

[data]
name = "paired-folder"
folder = "data"

[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
layers = 1
comparison = "mean"

[run]
device = "cpu"
"#;

#[test]
fn images_that_are_replaced_and_added_are_measured_anew() {
    let user = User::new();
    user.write("folder.toml", FOLDER);
    (0..4).for_each(|number| triplet(&user, &format!("{number}"), 1.0));
    user.must(&["run", "folder.toml"]);
    let score = |user: &User| values(user, "2afc_score", &["--where", "split=all"]);
    let first = score(&user);
    assert_eq!(first.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [1.0]);

    // People now choose the other one, in files of the same size, and there is one more.
    (0..5).for_each(|number| triplet(&user, &format!("{number}"), 0.0));
    let done = user.run(&["run", "folder.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("has changed"), "{}", done.err);
    let found: Vec<f64> = score(&user).into_iter().map(|(_, value)| value).collect();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&1.0) && found.contains(&0.0), "{found:?}");
    let table = user.must(&["results", "folder"]);
    // Leaderboards of their own, which say what tells them apart.
    assert!(table.matches("contents=").count() >= 4 && table.contains("was\nmeasured: 1.000."), "{table}");
    let again = user.run(&["run", "folder.toml"]);
    assert!(again.err.contains("1 of 1 cell done already"), "{}", again.err);
}

#[test]
fn an_interrupted_cell_does_not_go_on_with_another_file() {
    let user = User::new();
    user.write(
        "own.toml",
        &TRIPLETS
            .replace("triplets = 4", "triplets = 25")
            .replace("device = \"cpu\"", "device = \"cpu\"\nbatch_size = 1"),
    );
    weights(&user.path("w.safetensors"), 0.1);
    let mut child = user.command(&["run", "own.toml"]).spawn().unwrap();
    let recorded = |user: &User| {
        let cells = std::fs::read_dir(user.path("logs/own")).ok()?.filter_map(Result::ok);
        let folder = cells.map(|entry| entry.path()).find(|path| path.is_dir())?;
        let rows = |name: &String| std::fs::read_to_string(folder.join(name)).unwrap().lines().count();
        let names = names(&folder);
        Some(names.iter().filter(|name| name.starts_with("samples.")).map(rows).sum::<usize>())
    };
    while recorded(&user).unwrap_or(0) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    weights(&user.path("w.safetensors"), -0.3);
    user.must(&["run", "own.toml"]);
    // The bits of a run that never knew the first file.
    user.must(&["run", "own.toml", "--logs", "whole"]);
    let whole = cells(&user, "whole/own");
    assert_eq!(whole.len(), 1);
    assert_eq!(cells(&user, "logs/own").len(), 2);
    let id = &whole[0];
    crate::same::assert_same_results(&user.path("logs/own").join(id), &user.path("whole/own").join(id));
}

#[test]
fn a_file_that_changes_while_it_is_used_leaves_no_mixture() {
    let user = User::new();
    user.write("folder.toml", &FOLDER.replace("device = \"cpu\"", "device = \"cpu\"\nbatch_size = 1"));
    (0..60).for_each(|number| triplet(&user, &format!("{number:03}"), 1.0));
    let mut child =
        user.command(&["run", "folder.toml"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while !user.path("logs/folder").exists()
        || !cells(&user, "logs/folder")
            .iter()
            .any(|cell| user.path("logs/folder").join(cell).join("samples.all.csv").exists())
    {
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(10));
    }
    triplet(&user, "059", 0.0);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("changed while the cells were computed"), "{said}");
    let cell = &cells(&user, "logs/folder")[0];
    let left = names(&user.path("logs/folder").join(cell));
    assert!(!left.iter().any(|name| name.starts_with("samples.") || name == "result.json"), "{left:?}");
    user.must(&["run", "folder.toml"]);
    let scores = values(&user, "2afc_score", &["--where", "split=all"]);
    assert_eq!(scores.len(), 1);
    assert!((scores[0].1 - 59.0 / 60.0).abs() < 1e-9, "{scores:?}");
}

const REBUILT: &str = r#"
[experiment]
name = "rebuilt"

[task]
name = "metric"

[data]
name = "photos"
triplets = 4

[loss_network]
backbone = "alexnet"
weights = "random:0"
layers = 1

[run]
device = "cpu"

[sweep]
"loss_network.comparison" = ["told", "untold"]
"#;

#[test]
fn a_plugin_that_computes_something_else_has_cells_of_its_own() {
    let user = User::new();
    user.write("rebuilt.toml", REBUILT);
    user.write(
        "net.toml",
        &REBUILT
            .replace("\"alexnet\"", "\"rebuilt_net\"")
            .replace("layers = 1", "layers = 0")
            .replace("rebuilt\"\n", "net\"\n"),
    );
    let library = user.path("mine/librebuilt.so");
    std::fs::create_dir(user.path("mine")).unwrap();
    let install = |build: &str| {
        let draft = user.path("mine/draft");
        std::fs::copy(faulty(build), &draft).unwrap();
        std::fs::rename(&draft, &library).unwrap();
    };
    let run = |config: &str| {
        let done = user.run(&["--plugin-dir", "mine", "run", config]);
        assert_eq!(done.code, 0, "{}", done.err);
        done.err
    };
    let distances = |comparison: &str| {
        let rows =
            user.json(&["results", "rebuilt", "--json", "--where", &format!("comparison={comparison}")]);
        let signatures = rows.as_array().unwrap().iter();
        signatures
            .map(|row| row["signature"].as_str().unwrap().to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    install("rebuilt_first");
    run("rebuilt.toml");
    run("net.toml");
    assert!(run("rebuilt.toml").contains("2 of 2 cells done already"));

    install("rebuilt_second");
    let said = run("rebuilt.toml");
    assert!(said.contains("1 of 2 cells done already"), "{said}");
    assert!(said.contains("1 done cell was computed by another build of the plugin"), "{said}");
    let told = distances("told");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|one| one.contains("comparison=told.2|")), "{told:?}");
    assert_eq!(distances("untold").len(), 1);
    // A backbone that is described otherwise needs no version.
    let said = run("net.toml");
    assert!(!said.contains("done already"), "{said}");
}

#[test]
fn the_size_that_a_task_resizes_to_stands_in_the_signature_and_is_said() {
    let user = User::new();
    user.write("folder.toml", &FOLDER.replace("size = 32\n", ""));
    (0..2).for_each(|number| triplet(&user, &format!("{number}"), 1.0));
    // Of another size than the others: they need not agree with each other.
    user.picture("data/ref/2.ppm", 48, 1.0);
    user.picture("data/p0/2.ppm", 48, 0.5);
    user.picture("data/p1/2.ppm", 48, 1.0);
    std::fs::write(user.path("data/judge/2.npy"), npy(1.0)).unwrap();
    let signature = |more: &[&str]| {
        let mut arguments = vec!["run", "folder.toml", "--json"];
        arguments.extend(more);
        let done = user.run(&arguments);
        assert_eq!(done.code, 0, "{}", done.err);
        let rows: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        let signatures =
            rows.as_array().unwrap().iter().map(|row| row["signature"].as_str().unwrap().to_owned());
        (signatures.collect::<std::collections::BTreeSet<_>>(), done.err)
    };
    let (own, said) = signature(&[]);
    assert!(own.iter().all(|one| one.contains("size=none)")), "{own:?}");
    assert!(!said.contains("resized"), "{said}");
    for (number, size) in ["32", "16"].into_iter().enumerate() {
        let (all, said) = signature(&["-s", &format!("task.size={size}")]);
        assert_eq!(all.len(), number + 2, "{all:?}");
        assert!(all.iter().any(|one| one.contains(&format!("size={size})"))), "{all:?}");
        if size == "16" {
            assert!(said.contains("resized to 16×16 pixels (task.size): "), "{said}");
        }
    }
    // Within a sample they have to agree, where nothing brings them to one size.
    user.picture("data/p1/1.ppm", 40, 1.0);
    let done = user.run(&["run", "folder.toml"]);
    assert_eq!(done.code, 2, "{}", done.err);
    for part in ["1: its images differ in size", "p1 40×40"] {
        assert!(done.err.contains(part), "{}", done.err);
    }
}
