//! Later layers of settings win, key by key.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use config_fixture::{COMPLETE, Configs, plan};

#[test]
fn files_environment_and_command_line_are_put_on_top_of_each_other() {
    let configs = Configs::new(&[
        ("grand.toml", "[run]\nseed = 1\nbatch_size = 1\n[task.optimizer]\nrate = 0.5\n"),
        ("other.toml", "[run]\nbatch_size = 2\nloader_threads = 2\n"),
        ("base.toml", &format!("extends = \"grand.toml\"\n{COMPLETE}")),
        ("top.toml", "extends = [\"base.toml\", \"other.toml\"]\n[run]\nloader_threads = 3\n"),
    ]);
    let plan = configs
        .plan(
            "top.toml",
            &[("LOSSNET__RUN__DEVICE", "cuda:1"), ("LOSSNET__RUN__PRECISION", "bf16")],
            &[
                "run.precision=tf32",
                "experiment.name=2024",
                "loss_network.layers=1, 4",
                "task.optimizer.betas=[0, 1]",
            ],
        )
        .unwrap();
    let config = &plan.cells[0].config;
    assert_eq!((config.run.seed, config.run.batch_size, config.run.loader_threads), (1, 2, 3));
    assert_eq!((config.run.device.as_str(), config.run.precision.as_str()), ("cuda:1", "tf32"));
    assert_eq!(plan.experiment, "2024", "from a shell, digits are a text where a text is wanted");
    assert_eq!(config.loss_network.layers, ["1", "4"]);
    assert_eq!(config.task.settings["optimizer"], serde_json::json!({ "rate": 0.5, "betas": [0.0, 1.0] }));
    assert_eq!(configs.plan("top.toml", &[], &[]).unwrap().experiment, "top");
}

#[test]
fn extended_files_may_share_a_base() {
    let configs = Configs::new(&[
        ("base.toml", COMPLETE),
        ("left.toml", "extends = \"base.toml\"\n[run]\nseed = 1\n"),
        ("right.toml", "extends = \"base.toml\"\n"),
        ("top.toml", "extends = [\"left.toml\", \"right.toml\"]\n"),
    ]);
    assert_eq!(configs.plan("top.toml", &[], &[]).unwrap().cells[0].config.run.seed, 1);
}

#[test]
fn a_sweep_can_be_given_and_replaced_on_the_command_line() {
    let configs =
        Configs::new(&[("test.toml", &format!("{COMPLETE}[sweep]\nloss_network.layers = [1, 2, 3]\n"))]);
    let cells = |set: &[&str]| configs.plan("test.toml", &[], set).unwrap().cells.len();
    assert_eq!(cells(&[]), 3);
    assert_eq!(cells(&["sweep.loss_network.layers=paper"]), 4);
    assert_eq!(cells(&["sweep.loss_network.layers=[\"each\"]"]), 13);
    assert_eq!(cells(&["sweep={run.seed=[1, 2]}"]), 6);
}

#[test]
fn naming_a_split_with_parts_takes_what_the_dataset_says() {
    let splits = |line: &str| plan(&format!("{COMPLETE}{line}")).unwrap().cells[0].config.data.splits.clone();
    assert_eq!(splits(""), ["train", "val", "jnd"], "parts are in their wholes already");
    assert_eq!(splits("splits = [\"val\", \"jnd/cnn\", \"val\"]"), ["val", "jnd/cnn"]);
    assert_eq!(splits("splits = \"val/cnn, jnd\""), ["val/cnn", "jnd"]);
}
