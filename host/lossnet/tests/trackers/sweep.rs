//! A sweep that all trackers follow at once.

use std::collections::BTreeSet;

use crate::mlflow::server;
use crate::python::{python, read};
use crate::small::board;
use crate::support::User;

#[test]
fn all_trackers_follow_every_cell_of_a_sweep() {
    let Some(python) = python() else { return };
    let user = User::new();
    let server = server(&python);
    let config = format!(
        r#"
[experiment]
name = "swept"
[run]
device = "cpu"
num_workers = 1
[task]
name = "metric"
size = 32
[loss_network]
weights = "random:0"
backbone = "squeezenet1_1"
[data]
name = "synthetic"
content = "triplets"
samples = 8
splits = ["val"]
[sweep]
"loss_network.layers" = [1, 4]
"loss_network.comparison" = ["spatial", "mean"]
[trackers.tensorboard]
enabled = true
[trackers.mlflow]
tracking_uri = "{}"
[trackers.wandb]
mode = "offline"
python = "{}"
"#,
        server.address,
        python.display()
    );
    user.write("swept.toml", &config);
    let done = user.run(&["run", "swept.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!done.err.contains("the tracker `"), "{}", done.err);
    let rows = user.json(&["results", "swept", "--json"]);
    let cells: BTreeSet<&str> =
        rows.as_array().unwrap().iter().map(|row| row["cell"].as_str().unwrap()).collect();
    assert_eq!(cells.len(), 4, "{rows}");

    let runs = server.runs("swept");
    assert_eq!(runs.len(), 4);
    assert!(runs.iter().all(|run| run["info"]["status"] == "FINISHED"), "{runs:?}");
    let mut varied = BTreeSet::new();
    for row in rows.as_array().unwrap().iter().filter(|row| row["split"] == "val/mean") {
        let (cell, value) = (row["cell"].as_str().unwrap(), row["value"].as_f64().unwrap());
        let folder = user.path("logs/swept").join(cell);
        let name = format!("{}/{}", row["metric"].as_str().unwrap(), row["split"].as_str().unwrap());

        let board = read(&python, "read_tensorboard.py", &[&board(&folder)]);
        assert_eq!(board["scalars"][format!("~results/{name}")][0][1].as_f64().unwrap() as f32, value as f32);
        let settings = &board["hparams"]["start"]["values"];
        varied.insert(format!("{} {}", settings["loss_network.layers"], settings["loss_network.comparison"]));

        let kept = read(&python, "read_wandb.py", &[&folder]);
        assert_eq!(kept[0]["summary"][&name].as_f64(), Some(value), "{kept}");
        assert_eq!(kept[0]["exit"], 0);

        let run = runs
            .iter()
            .find(|run| run["data"]["tags"].as_array().unwrap().iter().any(|tag| tag["value"] == cell));
        let metrics = run.unwrap()["data"]["metrics"].as_array().unwrap();
        let metric = metrics.iter().find(|metric| metric["key"] == *name).unwrap();
        assert_eq!(metric["value"].as_f64(), Some(value), "{metric}");
    }
    assert_eq!(varied.len(), 4, "{varied:?}");
}
