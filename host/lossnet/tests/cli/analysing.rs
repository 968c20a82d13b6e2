//! What results say: leaderboards, and which contenders differ (`lossnet results`, `--pairs`, `--compare`), of what a run has left.

use crate::support::User;

const CONFIG: &str = r#"
[experiment]
name = "small"
[task]
name = "metric"
[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
[data]
name = "synthetic"
content = "triplets"
samples = 24
splits = ["val"]
[run]
device = "cpu"
[sweep]
"loss_network.layers" = [1, 4, 12]
"#;

#[test]
fn contenders_are_tested_against_each_other_on_the_samples_of_a_run() {
    let user = User::new();
    user.write("small.toml", CONFIG);
    user.must(&["run", "small.toml"]);
    let boards = user.json(&["results", "small", "--pairs", "--json"]);
    let [board] = &boards.as_array().unwrap()[..] else { panic!("{boards}") };
    assert_eq!((board["metric"].as_str(), board["split"].as_str()), (Some("2afc_score"), Some("val/mean")));
    let pairs = board["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 3);
    for pair in pairs {
        let [alone, corrected] = ["p_alone", "p_holm"].map(|p| pair[p].as_f64().unwrap());
        assert!(0.0 <= alone && alone <= corrected && corrected <= 1.0, "{pair}");
        let [low, high] = [0, 1].map(|end| pair["interval"][end].as_f64().unwrap());
        let difference = pair["difference"].as_f64().unwrap();
        assert!(low <= difference && difference <= high, "{pair}");
    }
    let text = user.must(&["results", "small", "--pairs"]);
    for part in [
        "On `metric` (synthetic val/mean, 2afc_score)",
        "95 % interval (alone)",
        "p (alone)",
        "p (Holm, of 3)",
        "Holm-corrected",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    // Of those that are chosen, corrected for these.
    let some = user.json(&["results", "small", "--pairs", "--json", "--where", "layers!=4"]);
    let pairs = some[0]["pairs"].as_array().unwrap();
    assert_eq!((pairs.len(), &pairs[0]["p_alone"]), (1, &pairs[0]["p_holm"]), "{some}");
    let differ = ["squeezenet1_1 · layer 12", "squeezenet1_1 · layer 1"];
    let two = user.json(&["results", "small", "--compare", differ[0], differ[1], "--json"]);
    // Score and accuracy, as a mean over groups; a group alone has too few samples to be tested.
    let tested = |board: &serde_json::Value| board["pairs"].as_array().unwrap().len();
    let (means, parts): (Vec<_>, Vec<_>) =
        two.as_array().unwrap().iter().partition(|board| board["split"] == "val/mean");
    assert!(means.len() == 2 && means.iter().all(|board| tested(board) == 1), "{two}");
    assert!(parts.len() >= 2 && parts.iter().all(|board| tested(board) == 0), "{two}");
    let same = ["results", "small", "--compare", differ[0], differ[0]];
    user.refused(&same, &["name two different ones"]);
    let refused = ["results", "small", "--compare", "squeezenet1_1 · layer 12", "squeezenet1_1 · layer 2"];
    user.refused(&refused, &["no contender is called `squeezenet1_1 · layer 2`", "squeezenet1_1 · layer 1"]);
}

#[test]
fn a_number_is_the_same_text_wherever_it_is_shown() {
    let user = User::new();
    user.write("small.toml", CONFIG);
    let ended = user.must(&["run", "small.toml"]);
    let report = user.json(&["report", "small", "--json"]);
    let boards = report["boards"].as_array().unwrap();
    let main = boards.iter().find(|board| board["main"] == true).unwrap();
    let shown = user.must(&["results", "small"]);
    let all = user.must(&["results", "small", "--all"]);
    let (latex, markdown) =
        (user.must(&["results", "small", "--latex"]), user.must(&["results", "small", "--markdown"]));
    let entries = main["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let text = |key: &serde_json::Value| key.as_str().unwrap().to_owned();
        let value = text(&entry["text"]["value"]);
        let interval =
            format!("[{}, {}]", text(&entry["text"]["interval"][0]), text(&entry["text"]["interval"][1]));
        let both = format!("{value} {interval}");
        for (where_, found) in [("run", &ended), ("results", &shown), ("--all", &all)] {
            assert!(found.contains(&both), "no `{both}` in {where_}: {found}");
        }
        assert!(latex.contains(&interval) && latex.contains(&value), "{latex}");
        assert!(markdown.contains(&format!("| {interval} |")) && markdown.contains(&value), "{markdown}");
    }
    let answer = main["answer"].as_str().unwrap();
    let first = &entries[0]["text"];
    let score = format!("{} [{}", first["value"].as_str().unwrap(), first["interval"][0].as_str().unwrap());
    assert!(answer.contains(&score), "{answer} has no {score}");
    // Chance is beside the contenders, in all of them.
    for found in [&ended, &shown, &all, &latex, &markdown] {
        assert!(found.contains("chance"), "{found}");
    }
    assert_eq!(main["baselines"][0]["name"], "chance");
    // The accuracy is not what the task is mainly judged by.
    assert!(!shown.contains("2afc_accuracy") && all.contains("2afc_accuracy"), "{shown}");
    assert!(latex.contains("\\toprule") && latex.contains("\\textbf{"), "{latex}");
}

#[test]
fn tables_for_programs_say_how_sure_scores_are() {
    let user = User::new();
    user.write("small.toml", &CONFIG.replace("[1, 4, 12]", "[1, 4]"));
    user.must(&["run", "small.toml"]);
    let main = ["--where", "metric=2afc_score", "--where", "split=val/mean"];
    let rows = user.json(&[&["results", "small", "--json"], &main[..]].concat());
    for row in rows.as_array().unwrap() {
        let [low, value, high] = ["low", "value", "high"].map(|name| row[name].as_f64().unwrap());
        assert!((0.0..=value).contains(&low) && (value..=1.0).contains(&high), "{row}");
        assert!(row["tied"].is_boolean(), "{row}");
    }
    let csv = std::fs::read_to_string(user.path("logs/small/results.csv")).unwrap();
    assert!(csv.lines().next().unwrap().contains(",value,low,high,tied,"), "{csv}");
    assert_eq!(user.must(&["results", "small", "--csv", "-"]), csv);
    // What is averaged over layers is not repeated, and has no interval.
    let groups = user.json(&[&["results", "small", "--json", "--group", "backbone"], &main[..]].concat());
    let group = &groups.as_array().unwrap()[..];
    let [group] = group else { panic!("{groups}") };
    assert_eq!((group["averaged"].as_u64(), group["repetitions"].as_u64()), (Some(2), Some(1)));
    assert!(group["low"].is_null() && group["spread"].is_null() && group["deviation"].is_f64(), "{group}");
    let text = user.must(&[&["results", "small", "--group", "backbone"], &main[..]].concat());
    assert!(text.contains("averaged") && !text.contains("repetitions"), "{text}");
    // No JSON in cells.
    let columns = user.must(&["results", "small", "--columns", "layers,dataset_settings,value"]);
    assert!(columns.contains("content=triplets, ") && !columns.contains('{'), "{columns}");
}
