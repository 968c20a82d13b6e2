//! Later layers of settings win, key by key.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use config_fixture::{COMPLETE, Configs, plan, swept};

#[test]
fn files_environment_and_command_line_are_put_on_top_of_each_other() {
    let configs = Configs::new(&[
        ("grand.toml", "[run]\nseed = 1\nbatch_size = 1\n[task.optimizer]\nrate = 0.5\n"),
        ("other.toml", "[run]\nbatch_size = 2\nnum_workers = 2\n"),
        ("base.toml", &format!("extends = \"grand.toml\"\n{COMPLETE}")),
        ("top.toml", "extends = [\"base.toml\", \"other.toml\"]\n[run]\nnum_workers = 3\n"),
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
    assert_eq!((config.run.seed, config.run.batch_size, config.run.num_workers), (1, 2, 3));
    assert_eq!((config.run.device.as_str(), config.run.precision.as_str()), ("cuda:1", "tf32"));
    assert_eq!(plan.experiment, "2024", "from a shell, digits are a text where a text is wanted");
    assert_eq!(config.loss_network.layers, ["1", "4"]);
    assert_eq!(
        config.task.settings["optimizer"],
        serde_json::json!({ "rate": 0.5, "betas": [0.0, 1.0], "report_every": 5 })
    );
    assert_eq!(configs.plan("top.toml", &[], &[]).unwrap().experiment, "top");
}

#[test]
fn layers_can_be_chosen_by_depth_in_unlike_networks() {
    let config = "[loss_network]\nlayers = { depths = [0.5, 1] }\n[sweep]\n\"loss_network.backbone\" = [\"alexnet\", \"vgg16\"]\n";
    let configs =
        Configs::new(&[("base.toml", COMPLETE), ("top.toml", &format!("extends = \"base.toml\"\n{config}"))]);
    let layers = |set: &[&str]| -> Vec<(String, String)> {
        let plan = configs.plan("top.toml", &[], set).unwrap();
        let network = plan.cells.iter().map(|cell| &cell.config.loss_network);
        network.map(|network| (network.backbone.name.clone(), network.layers.join(","))).collect()
    };
    let of = |backbone: &str, layers: &str| (backbone.to_owned(), layers.to_owned());
    assert_eq!(layers(&[]), [of("alexnet", "6,12"), of("vgg16", "15,30")]);
    assert_eq!(layers(&["loss_network.layers.depths=0.25"]), [of("alexnet", "3"), of("vgg16", "7")]);
    // Beside other lists, in a sweep.
    let swept =
        layers(&["sweep={loss_network.backbone=[\"vgg16\"], loss_network.layers=[\"1\", {depths=[1]}]}"]);
    assert_eq!(swept, [of("vgg16", "1"), of("vgg16", "30")]);
    let wrong = configs.plan("top.toml", &[], &["loss_network.layers.depths=2"]).unwrap_err();
    assert!(wrong.contains("fractions from 0 to 1"), "{wrong}");
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
    let configs = Configs::new(&[("test.toml", &swept("[sweep]\nloss_network.layers = [1, 2, 3]\n"))]);
    let cells = |set: &[&str]| configs.plan("test.toml", &[], set).unwrap().cells.len();
    assert_eq!(cells(&[]), 3);
    assert_eq!(cells(&["sweep.loss_network.layers=paper"]), 4);
    assert_eq!(cells(&["sweep.loss_network.layers=[\"each\"]"]), 13);
    assert_eq!(cells(&["sweep={run.seed=[1, 2]}"]), 6);
    assert_eq!(cells(&["sweep={}", "loss_network.layers=1"]), 1);
    assert_eq!(cells(&["sweep={}", "sweep.loss_network.layers=[4, 7]"]), 2);
}

#[test]
fn an_empty_table_takes_back_what_was_set_down_to_the_defaults() {
    let configs =
        Configs::new(&[("test.toml", &format!("{COMPLETE}[run]\nseed = 3\nprecision = \"bf16\"\n"))]);
    let run = configs.plan("test.toml", &[], &["run={}"]).unwrap().cells[0].config.run.clone();
    assert_eq!((run.seed, run.precision.as_str()), (0, "fp32"));
}

#[test]
fn an_empty_table_of_a_file_takes_back_what_the_files_below_it_set() {
    let base = swept("[sweep]\nloss_network.layers = [1, 2]\n");
    let base = base.replace("[loss_network]", "optimizer = { rate = 0.5 }\ndropout = 0.25\n[loss_network]");
    let configs = Configs::new(&[
        ("base.toml", &base),
        ("sweep.toml", "extends = \"base.toml\"\nsweep = {}\n[loss_network]\nlayers = [4]\n"),
        ("inner.toml", "extends = \"base.toml\"\n[task]\noptimizer = {}\n"),
        ("header.toml", "extends = \"base.toml\"\n[task]\n[task.optimizer]\n[sweep]\n"),
        ("value.toml", "extends = \"base.toml\"\n[task]\ndropout = {}\n[run]\ndevice = {}\n"),
    ]);
    let plan = |file: &str, set: &[&str]| configs.plan(file, &[], set);
    let rate =
        |plan: &lossnet_core::model::Plan| plan.cells[0].config.task.settings["optimizer"]["rate"].as_f64();
    let whole = plan("base.toml", &[]).unwrap();
    let swept_back = plan("sweep.toml", &[]).unwrap();
    assert_eq!((swept_back.cells.len(), swept_back.notes.len(), rate(&swept_back)), (1, 0, Some(0.5)));
    let inner = plan("inner.toml", &[]).unwrap();
    assert_eq!((inner.cells.len(), rate(&inner)), (2, Some(0.001)));
    // It is as if it had never been set.
    let never = base.replace("optimizer = { rate = 0.5 }", "");
    let never = config_fixture::plan(&never).unwrap();
    assert_eq!(inner.cells[0].id, never.cells[0].id);
    let shell = plan("base.toml", &["task.optimizer={}"]).unwrap();
    assert_eq!(shell.cells[0].id, never.cells[0].id);
    // A heading with nothing below it takes nothing back.
    let header = plan("header.toml", &[]).unwrap();
    assert_eq!((header.cells.len(), &header.cells[0].id), (2, &whole.cells[0].id));
    // Where no table goes, an empty one is as wrong as any other.
    assert_eq!(
        plan("value.toml", &[]).unwrap_err(),
        "value.toml:3: `task.dropout` must be a number from 0.0 to 1.0, not a table\n\
         value.toml:5: `run.device` must be text, not a table"
    );
    for (set, error) in [
        ("task.name={}", "`task.name` must be text, not a table"),
        ("run.device={}", "`run.device` must be text, not a table"),
        ("task={name={}}", "`task.name` must be text, not a table"),
        ("rnu={}", "`rnu` is in an unknown section; did you mean `run`?"),
    ] {
        assert_eq!(plan("base.toml", &[set]).unwrap_err(), format!("-s {set}: {error}"));
    }
    for set in [
        "executor.slurm={}",
        "loss_network.backbone_config={}",
        "data.test={}",
        "data.test.a={}",
        "trackers={}",
    ] {
        assert_eq!(plan("base.toml", &[set]).unwrap().cells.len(), 2, "{set}");
    }
}

#[test]
fn a_value_of_a_later_layer_replaces_the_sweep_s_values_and_says_so() {
    let sweep =
        swept("[sweep]\nloss_network.layers = [1, 2, 3]\nloss_network.comparison = [\"mean\", \"sort\"]\n");
    let configs = Configs::new(&[
        ("test.toml", &sweep),
        ("later.toml", "extends = \"test.toml\"\n[loss_network]\nlayers = [4]\n"),
        ("preset.toml", &swept("[sweep]\nloss_network.layers = \"paper\"\n")),
        ("again.toml", "extends = \"later.toml\"\n[sweep]\nloss_network.layers = [5, 6]\n"),
    ]);
    let of = |file: &str, env: &[(&str, &str)], set: &[&str]| {
        let plan = configs.plan(file, env, set).unwrap();
        let mut layers: Vec<String> =
            plan.cells.iter().map(|cell| cell.config.loss_network.layers.join("+")).collect();
        layers.dedup();
        let folder = format!("{}/", configs.0.path().display());
        let notes = plan.notes.iter().map(|note| note.replace(&folder, "")).collect::<Vec<_>>();
        (plan.cells.len(), layers.join(" "), notes.join("; "))
    };
    let (cells, layers, notes) = of("test.toml", &[], &["loss_network.layers=4"]);
    assert_eq!((cells, layers.as_str()), (2, "4"));
    assert_eq!(
        notes,
        "`-s loss_network.layers=4` replaces the sweep's 3 values of `loss_network.layers` (test.toml:10)"
    );
    let (cells, layers, notes) = of("test.toml", &[("LOSSNET__LOSS_NETWORK__COMPARISON", "spatial")], &[]);
    assert_eq!((cells, layers.as_str()), (3, "1 2 3"));
    assert!(
        notes.starts_with("`environment variable LOSSNET__LOSS_NETWORK__COMPARISON` replaces the sweep's 2"),
        "{notes}"
    );
    let (cells, layers, notes) = of("later.toml", &[], &[]);
    assert_eq!((cells, layers.as_str()), (2, "4"));
    assert!(notes.starts_with("`later.toml:3` replaces the sweep's 3 values"), "{notes}");
    let (cells, _, notes) = of("preset.toml", &[], &["loss_network.layers=4"]);
    assert_eq!(cells, 1);
    assert!(notes.contains("replaces the sweep's \"paper\" of"), "{notes}");
    // And a sweep of a later layer stands above a value.
    let (cells, layers, notes) = of("again.toml", &[], &[]);
    assert_eq!((cells, layers.as_str(), notes.as_str()), (4, "5 6 5 6", ""));
}

#[test]
fn a_key_that_one_file_both_sets_and_sweeps_is_an_error_that_names_both_lines() {
    assert_eq!(
        plan(&format!("{COMPLETE}[sweep]\nloss_network.layers = [1, 2]\n")).unwrap_err(),
        "test.toml:10: `sweep.loss_network.layers` is swept, and has a value of its own at test.toml:6; \
         remove one of them"
    );
}

#[test]
fn naming_a_split_with_parts_takes_what_the_dataset_says() {
    let splits = |line: &str| plan(&format!("{COMPLETE}{line}")).unwrap().cells[0].config.data.splits.clone();
    assert_eq!(splits(""), ["train", "val", "jnd"], "parts are in their wholes already");
    assert_eq!(splits("splits = [\"val\", \"jnd/cnn\", \"val\"]"), ["val", "jnd/cnn"]);
    assert_eq!(splits("splits = \"val/cnn, jnd\""), ["val/cnn", "jnd"]);
}
