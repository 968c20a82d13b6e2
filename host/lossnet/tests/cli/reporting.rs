//! `report`: from a run to one HTML file.

use std::os::unix::fs::PermissionsExt as _;

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
"loss_network.layers" = [1, 4]
"#;

const CONTENDERS: [&str; 2] = ["squeezenet1_1 · layer 1", "squeezenet1_1 · layer 4"];

fn swept() -> User {
    let user = User::new();
    user.write("small.toml", CONFIG);
    user.must(&["run", "small.toml"]);
    user
}

#[test]
fn a_sweep_s_report_is_one_file_that_names_its_contenders() {
    let user = swept();
    let printed = user.must(&["report", "small", "--out", "deep/report", "--title", "What <we> found"]);
    assert_eq!(printed.trim_end(), "deep/report/report.html");
    assert_eq!(user.names("deep/report"), ["report.html"]);
    let html = std::fs::read_to_string(user.path("deep/report/report.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    assert!(html.contains("<title>What &lt;we&gt; found – lossnet report</title>"));
    // In the tables that are read without scripts; the data for those that are drawn are packed.
    let (markup, _) = html.split_once("id=\"report-data\">").unwrap();
    for contender in CONTENDERS {
        assert!(markup.contains(contender), "no {contender}");
    }
    // Again, over the file that is there, and of all experiments.
    user.must(&["report", "--out", "deep/report"]);
    assert_eq!(user.names("deep/report"), ["report.html"]);
    let html = std::fs::read_to_string(user.path("deep/report/report.html")).unwrap();
    assert!(html.contains("<title>small – lossnet report</title>"));
}

#[test]
fn a_report_is_json_for_programs() {
    let user = swept();
    let report = user.json(&["report", "small", "--json"]);
    assert_eq!(report["title"], "small");
    let mut labels: Vec<&str> =
        report["networks"].as_array().unwrap().iter().map(|one| one["label"].as_str().unwrap()).collect();
    labels.sort_unstable();
    assert_eq!(labels, CONTENDERS);
    let main: Vec<_> =
        report["boards"].as_array().unwrap().iter().filter(|board| board["main"] == true).collect();
    assert_eq!(main.len(), 1, "{report}");
    assert_eq!((main[0]["task"].as_str(), main[0]["metric"].as_str()), (Some("metric"), Some("2afc_score")));
    assert_eq!(main[0]["entries"].as_array().unwrap().len(), 2);
    assert_eq!(report["experiments"][0]["cells"]["done"], 2, "{}", report["experiments"]);
    assert_eq!(report["problems"], serde_json::json!([]));
    assert!(!user.path("report.html").exists());
}

#[test]
fn a_report_goes_beside_its_results_unless_told_otherwise_and_is_opened_on_request() {
    let user = swept();
    let page = user.path("logs/small/report.html");
    assert!(page.is_file(), "the run has written one");
    std::fs::remove_file(&page).unwrap();
    assert_eq!(user.must(&["report", "small"]).trim_end(), "logs/small/report.html");
    assert!(page.is_file());
    user.must(&["run", "small.toml", "-s", "experiment.name=other"]);
    assert_eq!(user.must(&["report"]).trim_end(), "./report.html");
    assert!(user.path("report.html").is_file());
    // The desktop is asked to open it: here by a program that notes what it is given.
    let opener = user.write("bin/xdg-open", "#!/bin/sh\nprintf %s \"$1\" > opened\n");
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.path("bin").display(), std::env::var("PATH").unwrap());
    let opened = user.command(&["report", "small", "--open"]).env("PATH", path).output().unwrap();
    assert!(opened.status.success(), "{opened:?}");
    assert_eq!(std::fs::read_to_string(user.path("opened")).unwrap(), "logs/small/report.html");
    let alone = user.command(&["report", "small", "--open"]).env("PATH", user.path("none")).output().unwrap();
    let told = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(!alone.status.success() && told.contains("is written but was not opened"), "{told}");
}

#[test]
fn spatial_maps_of_the_same_samples_stand_side_by_side() {
    let user = User::new();
    // A network of a size of its own, and comparisons that have no positions, in one group.
    let sweep = format!(
        "{CONFIG}\"loss_network.comparison\" = [\"spatial\", \"sort\", \"spatial+mean\"]\n\
         \"loss_network.size\" = [48]\n\"task.picture_pairs\" = [3]\n"
    );
    user.write("small.toml", &sweep);
    user.must(&["run", "small.toml"]);
    let report = user.json(&["report", "small", "--json"]);
    let networks = report["networks"].as_array().unwrap();
    let panels = report["panels"].as_array().unwrap();
    let panel = panels.iter().find(|panel| panel["title"] == "spatial maps, val").unwrap();
    let images = panel["images"].as_array().unwrap();
    let mut shown: Vec<&str> = images
        .iter()
        .map(|image| networks[image["network"].as_u64().unwrap() as usize]["label"].as_str().unwrap())
        .collect();
    shown.sort_unstable();
    assert_eq!(shown, CONTENDERS.map(|label| format!("{label} · spatial")), "{networks:?}");
    let samples = |image: &serde_json::Value| {
        let rows = image["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap());
        rows.map(|row| row.split(" (yellow").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (samples(&images[0]).len(), images[0]["caption"].as_str()),
        (3, Some("")),
        "{}",
        images[0]["rows"]
    );
    // What they all say is said once.
    let caption = panel["caption"].as_str().unwrap();
    assert!(caption.starts_with("Where the loss network sees differences in images of val, "), "{caption}");
    assert_eq!(samples(&images[0]), samples(&images[1]));
    // Three images and two maps of 64 pixels in each row.
    assert_eq!(images[0]["size"], serde_json::json!([5 * 66 - 2, 3 * 66 - 2]));
}

#[test]
fn what_can_not_be_reported_is_said() {
    let user = swept();
    user.refused(&["report", "smal", "--out", "out"], &["there is no experiment `smal` in logs", "`small`"]);
    user.refused(
        &["report", "small", "--out", "out", "--logs", "none"],
        &["there is no experiment `small` in none"],
    );
    user.refused(&["report", "--out", "out", "--logs", "none"], &["there are no experiments in none"]);
    assert!(!user.path("out").exists(), "nothing is made for a report that there isn't");
    // A file in the folder's place can't be written into by anybody, not even by root.
    user.write("taken", "");
    for folder in ["taken", "taken/report"] {
        user.refused(
            &["report", "small", "--out", folder],
            &[&format!("the report can't be written into {folder}: ")],
        );
    }
}
