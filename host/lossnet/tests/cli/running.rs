//! `run`, `status`, `results`.

use std::time::{Duration, Instant};

use crate::support::User;

const SMALL: &str = r#"
[experiment]
name = "small"

[task]
name = "metric"

[data]
name = "photos"
triplets = 4

[loss_network]
weights = "random:0"

[run]
device = "cpu"

[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1"]
"loss_network.layers" = ["1", "4"]
"loss_network.comparison" = ["spatial", "mean", "spatial+mean"]
"#;

#[test]
fn a_cross_product_is_run_once_and_gathered() {
    let user = User::new();
    user.write("small.toml", SMALL);
    let plan = user.must(&["run", "small.toml", "--plan"]);
    assert!(plan.contains("12 cells") && plan.contains("2 groups"), "{plan}");
    assert!(!user.path("logs").exists(), "a plan wrote something");

    let done = user.run(&["run", "small.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    // It ends with the answer, the best five of twelve, what chance reaches, and where the report is; files are not listed.
    let ended: Vec<&str> = done.out.trim_end().lines().collect();
    assert!(ended[0].starts_with("On `metric` (photos val/mean, 2afc_score), "), "{}", done.out);
    assert!(
        done.out.contains("\nand 7 more contenders") && done.out.contains("\n–  chance "),
        "{}",
        done.out
    );
    let ranked = ended.iter().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(ranked.filter(|line| line.contains('[')).count(), 5, "{}", done.out);
    assert_eq!(ended.last(), Some(&"report: logs/small/report.html"), "{}", done.out);
    assert!(user.path("logs/small/report.html").is_file());
    assert!(!done.err.contains("score-by-layer") && !done.out.contains("score-by-layer"), "{}", done.err);
    let names = user.names("logs/small");
    assert!(names.iter().any(|name| name == "results.csv"), "{names:?}");
    assert!(names.iter().any(|name| name == "results.parquet"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("score-by-layer")), "{names:?}");

    let rows = user.json(&[
        "results",
        "small",
        "--json",
        "--where",
        "metric=2afc_score",
        "--where",
        "split=val/mean",
    ]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let value = row["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{row}");
        assert_eq!(row["higher_is_better"], true);
        // What one image of the size that was compared costs, forward and backward.
        for cost in ["forward_seconds", "backward_seconds", "forward_memory"] {
            assert!(row[cost].as_f64().unwrap() > 0.0, "{row}");
        }
        assert_eq!((&row["image_height"], &row["image_width"]), (&64.into(), &64.into()), "{row}");
        assert!(row["backward_memory"].as_u64() > row["forward_memory"].as_u64(), "{row}");
    }
    let of_setting = ["results", "small", "--json", "--where", "loss_network.comparison=mean"];
    let rows = user.json(&of_setting);
    let rows = rows.as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["comparison"] == "mean"), "{rows:?}");
    user.refused(
        &["results", "small", "--where", "task.varian=lin"],
        &["no cell has a setting `task.varian`", "`task.variant`"],
    );
    // What no row has is an empty table, of settings as of columns.
    for none in ["backbone=vgg99", "loss_network.backbone=vgg99", "variant=lin", "data.limit=3"] {
        assert_eq!(
            user.json(&["results", "small", "--json", "--where", none]),
            serde_json::json!([]),
            "{none}"
        );
        assert_eq!(user.must(&["results", "small", "--where", none]).trim_end(), "no results", "{none}");
    }
    assert!(user.must(&["results", "small", "--where", "variant=baseline"]).contains("2afc_score"));
    user.refused(&["results", "small", "--where", "taks.variant=lin"], &["`taks.variant` is not a setting"]);
    let status = user.must(&["status", "small"]);
    assert!(status.contains("12"), "{status}");

    // Nothing is done again: results keep their times.
    let cells: Vec<_> = names.iter().filter(|name| name.len() == 16 && !name.contains('.')).collect();
    assert_eq!(cells.len(), 12);
    let result = user.path("logs/small").join(cells[0]).join("result.json");
    let made = std::fs::metadata(&result).unwrap().modified().unwrap();
    user.must(&["run", "small.toml"]);
    assert_eq!(std::fs::metadata(&result).unwrap().modified().unwrap(), made);

    // One more comparison: only its cells are new.
    let plan = user.must(&[
        "run",
        "small.toml",
        "--plan",
        "-s",
        "sweep.loss_network.comparison=[\"spatial\",\"mean\",\"spatial+mean\",\"sort\"]",
    ]);
    assert!(plan.contains("16 cells") && plan.contains("12 done"), "{plan}");
}

#[test]
fn the_answer_is_that_of_the_split_that_is_named_first() {
    let user = User::new();
    for (first, second) in [("views", "val"), ("val", "views")] {
        let splits = format!("triplets = 4\nsplits = [\"{first}\", \"{second}\", \"jnd\"]");
        user.write("small.toml", &SMALL.replace("triplets = 4", &splits));
        let done = user.run(&["run", "small.toml", "--logs", first]);
        assert_eq!(done.code, 0, "{}", done.err);
        let sentence = format!("On `metric` (photos {first}/mean, 2afc_score), ");
        assert!(done.out.starts_with(&sentence), "{}", done.out);
        // The other splits have boards of their own, which are not those of the answer.
        assert!(!done.out.contains(&format!("photos {second}")), "{}", done.out);
        assert!(done.out.contains(" more leaderboards: lossnet results small --all\n"), "{}", done.out);
    }
}

#[test]
fn lines_of_pictures_have_names_of_what_was_varied() {
    let user = User::new();
    // Pixels are a backbone of another plugin.
    let pixels = "[[sweep.include]]\n\"loss_network.backbone\" = \"pixels\"\n\"loss_network.layers\" = 0\n";
    user.write("small.toml", &(SMALL.to_owned() + pixels + "\"loss_network.comparison\" = \"spatial\"\n"));
    user.must(&["run", "small.toml"]);
    let picture = "logs/small/score-by-layer.2afc_score.val-mean.spatial.svg";
    let picture = std::fs::read_to_string(user.path(picture)).unwrap();
    for backbone in ["alexnet", "pixels", "squeezenet1_1"] {
        assert!(picture.contains(&format!(">{backbone}</text>")), "{backbone} in {picture}");
    }
}

#[test]
fn a_killed_run_continues_to_the_same_scores() {
    let user = User::new();
    // Enough work to be killed in the middle of.
    let config = SMALL.replace("triplets = 4", "triplets = 60").replace("\"squeezenet1_1\"", "\"vgg16\"");
    user.write("small.toml", &config);
    user.must(&["run", "small.toml", "--logs", "whole"]);
    let mut killed = 0;
    for attempt in 0..20 {
        let mut child = user.command(&["run", "small.toml", "--logs", "cut"]).spawn().unwrap();
        let until = Instant::now() + Duration::from_millis(1500 + 400 * attempt);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    assert!(killed > 0, "the run was over before it could be killed");
    user.must(&["run", "small.toml", "--logs", "cut"]);
    let table = |logs: &str| {
        let rows = user.json(&["results", "small", "--json", "--logs", logs]);
        let mut rows: Vec<String> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| format!("{} {} {} {}", row["cell"], row["metric"], row["split"], row["value"]))
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(table("whole"), table("cut"));
}

#[test]
fn an_interrupted_run_saves_and_says_how_to_go_on() {
    let user = User::new();
    user.write("small.toml", &SMALL.replace("triplets = 4", "triplets = 2000"));
    let mut child =
        user.command(&["run", "small.toml"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(4));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    let mut err = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut err).unwrap();
    assert_eq!(status.code(), Some(130), "{err}");
    assert!(err.contains("run it again") || err.contains("same command"), "{err}");
}

#[test]
fn wrong_configs_name_file_line_key_and_the_nearest() {
    let user = User::new();
    for (from, to, parts) in [
        ("weights = ", "wieghts = ", vec!["small.toml:13", "wieghts", "weights"]),
        ("device = \"cpu\"", "device = 5", vec!["small.toml:16", "device"]),
        ("triplets = 4", "triplets = -4", vec!["small.toml:10", "triplets"]),
        ("\"alexnet\"", "\"alexnot\"", vec!["alexnot", "alexnet"]),
        ("[\"1\", \"4\"]", "[\"1\", \"40\"]", vec!["40", "alexnet"]),
        ("\"mean\"", "\"maen\"", vec!["maen", "mean"]),
        ("name = \"photos\"", "name = \"photo\"", vec!["`photo`", "photos"]),
        ("[sweep]", "[swep]", vec!["swep", "sweep"]),
    ] {
        user.write("small.toml", &SMALL.replacen(from, to, 1));
        user.refused(&["run", "small.toml", "--plan"], &parts);
        assert!(!user.path("logs").exists(), "a refused config left results");
    }
    user.refused(&["run", "missing.toml"], &["missing.toml"]);
    user.write("small.toml", SMALL);
    user.refused(&["run", "small.toml", "-s", "run.batchsize=3"], &["batchsize", "batch_size"]);
}

#[test]
fn a_cell_that_fails_is_told_and_the_others_go_on() {
    let user = User::new();
    user.write("broken.pth", "no weights");
    let config = SMALL
        .replace("weights = \"random:0\"", "")
        .replace("[sweep]", "[sweep]\n\"loss_network.weights\" = [\"random:0\", \"broken.pth\"]");
    user.write("small.toml", &config);
    let done = user.run(&["run", "small.toml"]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("broken.pth"), "{}", done.err);
    let status = user.must(&["status", "small"]);
    assert!(status.contains("broken.pth"), "{status}");
    let rows = user.json(&[
        "results",
        "small",
        "--json",
        "--where",
        "metric=2afc_score",
        "--where",
        "split=val/mean",
    ]);
    assert_eq!(rows.as_array().unwrap().len(), 12);
}

/// The cells of an experiment that have a folder.
fn cells(user: &User, experiment: &str) -> Vec<String> {
    let names = user.names(&format!("logs/{experiment}"));
    names.into_iter().filter(|name| name.len() == 16 && !name.contains('.')).collect()
}

#[test]
fn damaged_and_copied_results_count_as_not_done() {
    let user = User::new();
    user.write("small.toml", &SMALL.replace(", \"mean\", \"spatial+mean\"", ""));
    user.must(&["run", "small.toml"]);
    assert!(user.must(&["status"]).starts_with("small: 4 cells, 4 done, "));
    let cells = cells(&user, "small");
    let result = |cell: &str| format!("logs/small/{cell}/result.json");
    let whole = std::fs::read_to_string(user.path(&result(&cells[0]))).unwrap();
    user.write(&result(&cells[0]), &whole[..whole.len() / 2]);
    user.write(&result(&cells[1]), "{\"format\": 99}");
    // Over another cell, and beside all of them.
    for copy in [cells[2].as_str(), "0123456789abcdef"] {
        user.write(&result(copy), &std::fs::read_to_string(user.path(&result(&cells[3]))).unwrap());
    }
    let done = user.run(&["status"]);
    assert!(
        done.out.starts_with("small: 4 cells, 1 done, 0 running, 0 queued, 0 failed, 3 to do\n"),
        "{}",
        done.out
    );
    assert!(done.out.contains(" and 2 more (its result is not counted"), "{}", done.out);
    assert_eq!(done.err.matches("0123456789abcdef holds the result of the cell").count(), 1, "{}", done.err);
    let status = user.json(&["status", "--json"]);
    let states: Vec<_> =
        status[0]["cells"].as_array().unwrap().iter().map(|cell| cell["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| *state == "to do").count(), 3, "{states:?}");
    let report = user.json(&["report", "small", "--json"]);
    assert_eq!(report["experiments"][0]["cells"]["done"], 1, "{}", report["experiments"]);
    assert_eq!(report["experiments"][0]["cells"]["to do"], 3, "{}", report["experiments"]);

    let done = user.run(&["run", "small.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.err.contains("3 cells were taken for done, but their results are not counted, the first"),
        "{}",
        done.err
    );
    assert!(done.err.contains(&result(&cells[0])), "{}", done.err);
    // As it is advised.
    for cell in &cells[..3] {
        std::fs::remove_file(user.path(&result(cell))).unwrap();
    }
    std::fs::remove_dir_all(user.path("logs/small/0123456789abcdef")).unwrap();
    let done = user.run(&["run", "small.toml"]);
    assert!(done.code == 0 && !done.err.contains("not counted"), "{}", done.err);
    assert!(user.must(&["status"]).starts_with("small: 4 cells, 4 done, "));
}

#[test]
fn cells_of_earlier_plans_are_not_to_do() {
    let user = User::new();
    user.write("small.toml", &SMALL.replace(", \"mean\", \"spatial+mean\"", ""));
    user.must(&["run", "small.toml"]);
    // As an interruption leaves them.
    for cell in &cells(&user, "small")[..3] {
        std::fs::remove_file(user.path("logs/small").join(cell).join("result.json")).unwrap();
    }
    user.must(&["run", "small.toml", "-s", "data.triplets=5"]);
    let status = user.must(&["status"]);
    let expected = "small: 4 cells, 4 done, 0 running, 0 queued, 0 failed, 0 to do\n  \
                    4 cells of earlier plans: 1 done, 3 not finished\n";
    assert_eq!(status.trim_end(), expected.trim_end());
    let status = user.json(&["status", "--json"]);
    let states = |of: &str| -> Vec<String> {
        let cells = status[0][of].as_array().unwrap().iter();
        let mut states: Vec<String> = cells.map(|cell| cell["state"].as_str().unwrap().to_owned()).collect();
        states.sort();
        states
    };
    assert_eq!(states("cells"), ["done"; 4]);
    assert_eq!(states("earlier"), ["done", "to do", "to do", "to do"]);
    let report = user.json(&["report", "small", "--json"]);
    assert_eq!(report["experiments"][0]["cells"]["to do"], 0, "{}", report["experiments"]);
}
