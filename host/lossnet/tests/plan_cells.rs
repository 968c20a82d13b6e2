//! Sweeps become the cells and groups that they should.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use config_fixture::{COMPLETE, Configs, PAPER, plan, swept};
use lossnet_core::model::{CellState, Plan};
use lossnet_plan::config::RawConfig;
use lossnet_plan::planner::plan_cells;
use proptest::prelude::*;

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/weights");

fn names(plan: &Plan) -> Vec<&str> {
    plan.cells.iter().map(|cell| cell.name.as_str()).collect()
}

#[test]
fn a_config_without_a_sweep_is_one_cell() {
    let plan = plan(COMPLETE).unwrap();
    assert_eq!(plan.experiment, "test");
    assert_eq!(names(&plan), ["alexnet · 1 · spatial"]);
    let config = &plan.cells[0].config;
    assert_eq!(config.loss_network.nodes, ["features.1"]);
    assert_eq!(config.task.settings["optimizer"]["betas"], serde_json::json!([0.5, 0.999]));
    assert!(config.task.settings.get("note").is_none(), "TOML has no null");
    assert_eq!(config.loss_network.comparison.terms[0].settings["epsilon"], "f-normalize");
    assert_eq!(config.data.splits, ["train", "val", "jnd"], "all splits are the default");
}

#[test]
fn the_product_keeps_the_order_in_which_it_was_written() {
    let sweep = r#"
        [sweep]
        "loss_network.comparison" = ["sort", "spatial + mean"]
        loss_network.layers = [1, "features.2", ["1", "4"], "5,6"]
    "#;
    let plan = plan(&swept(sweep)).unwrap();
    let expected: Vec<String> = ["sort", "spatial+mean"]
        .iter()
        .flat_map(|comparison| {
            ["1", "features.2", "1,4", "5,6"]
                .iter()
                .map(move |layers| format!("alexnet · {layers} · {comparison}"))
        })
        .collect();
    assert_eq!(names(&plan), expected);
    assert_eq!(plan.groups.len(), 1);
    assert_eq!(plan.groups[0].cells, (0..8).collect::<Vec<_>>());
}

#[test]
fn presets_expand_to_what_the_backbones_say() {
    let cases = [
        (r#""loss_network.layers" = "paper""#, vec!["1", "4", "7", "11"]),
        (r#""loss_network.layers" = ["paper", "4", "1,4"]"#, vec!["1", "4", "7", "11", "1,4"]),
        (r#""loss_network.layers" = "all""#, vec!["0,1,2,3,4,5,6,7,8,9,10,11,12"]),
    ];
    for (sweep, layers) in cases {
        let plan = plan(&swept(&format!("[sweep]\n{sweep}"))).unwrap();
        let expected: Vec<String> =
            layers.iter().map(|layers| format!("alexnet · {layers} · spatial")).collect();
        assert_eq!(names(&plan), expected, "{sweep}");
    }
    let each = plan(&swept("[sweep]\nloss_network.layers = \"each\"")).unwrap();
    assert_eq!(each.cells.len(), 13);
    let together = plan(&COMPLETE.replace("[1]", "\"paper\"")).unwrap();
    assert_eq!(together.cells[0].config.loss_network.layers, ["1", "4", "7", "11"]);
}

#[test]
fn the_papers_backbones_come_each_with_its_own_layers() {
    let sweep = r#"
        [sweep]
        "loss_network.layers" = "paper"
        "loss_network.backbone" = "paper"
        "loss_network.comparison" = ["spatial", "mean", "sort", "spatial+mean", "spatial+sort"]
    "#;
    let plan = plan(&swept(sweep)).unwrap();
    assert_eq!((plan.cells.len(), plan.groups.len()), (280, 14));
    for group in &plan.groups {
        let (_, _, layers) = PAPER.iter().find(|(name, ..)| *name == group.name).unwrap();
        let of_group: BTreeSet<&str> =
            plan.group_cells(group).map(|cell| cell.config.loss_network.layers[0].as_str()).collect();
        assert_eq!(of_group, layers.map(|layer| layer.to_string()).iter().map(String::as_str).collect());
        assert_eq!(group.cells.len(), 20);
    }
}

#[test]
fn cells_share_a_group_only_along_the_tasks_axes() {
    let cases = [
        ("loss_network.layers = [1, 2]", 2, 1),
        ("loss_network.epsilon = [\"lpips\", \"f-normalize\"]", 2, 1),
        (&format!("loss_network.calibration = [\"{WEIGHTS}/list.pth\", \"{WEIGHTS}/legacy.pth\"]"), 2, 1),
        ("loss_network.weights = [\"imagenet\", \"random:1\"]", 2, 2),
        ("loss_network.normalize = [\"none\", \"imagenet\"]", 2, 2),
        ("task.variant = [\"baseline\", \"lin\"]\nloss_network.layers = [1, 2]", 4, 3),
        ("run.seed = [1, 2]", 2, 2),
        ("data.name = [\"bapps\", \"photos\"]", 2, 2),
    ];
    for (sweep, cells, groups) in cases {
        let plan = plan(&swept(&format!("[sweep]\n{sweep}"))).unwrap();
        assert_eq!((plan.cells.len(), plan.groups.len()), (cells, groups), "{sweep}");
    }
}

#[test]
fn names_tell_cells_apart() {
    let sweep = r#"
        [experiment]
        repetitions = 2
        [sweep]
        task.variant = ["baseline", "lin"]
        data.name = ["photos"]
        loss_network.weights = ["random:0", "imagenet"]
    "#;
    let plan = plan(&swept(sweep)).unwrap();
    assert_eq!(plan.cells.len(), 8);
    assert_eq!(plan.cells.iter().map(|cell| &cell.name).collect::<HashSet<_>>().len(), 8);
    assert_eq!(
        plan.cells[1].name,
        "alexnet · 1 · spatial · variant=baseline · weights=random:0 · repetition 2"
    );
    assert_eq!(plan.groups[1].name, "alexnet · variant=baseline · weights=random:0 · repetition 2");
}

#[test]
fn an_id_stands_for_all_that_can_change_the_result_and_nothing_else() {
    let id = |text: &str, set: &[&str]| {
        let plan = Configs::new(&[("test.toml", text)]).plan("test.toml", &[], set).unwrap();
        assert_eq!(plan.cells.len(), 1);
        plan.cells[0].id.clone()
    };
    let base = id(COMPLETE, &[]);
    assert!(base.len() == 16 && base.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for same in [
        "run.device=cuda:1",
        "run.batch_size=7",
        "run.num_workers=3",
        "run.offline=true",
        "experiment.name=other",
        "experiment.description=text",
        "loss_network.layers=features.1",
        "loss_network.check_weights=all",
        "task.variant=baseline",
        "task.epochs=10.0",
        "loss_network.backbone_config.width=1",
        "data.packed=false",
        "task.optimizer.report_every=10",
    ] {
        assert_eq!(id(COMPLETE, &[same]), base, "{same}");
    }
    let mut others = HashSet::from([base]);
    for other in [
        "run.precision=bf16",
        "run.seed=1",
        "run.deterministic=true",
        "loss_network.layers=2",
        "task.dropout=0.1",
        "loss_network.comparison=mean",
        "loss_network.epsilon=lpips",
        "loss_network.size=64",
        "data.limit=3",
        "data.splits=val",
        "data.folder=elsewhere",
        "data.name=photos",
        "loss_network.weights=random:0",
        "loss_network.backbone_config.width=2",
        "loss_network.normalize=none",
        "loss_network.calibration=tests/fixtures/weights/list.pth",
    ] {
        assert!(others.insert(id(COMPLETE, &[other])), "{other}");
    }
    let sum = |order: &str| id(COMPLETE, &[&format!("loss_network.comparison={order}")]);
    assert_eq!(sum("spatial+sort"), sum("sort+spatial"));
}

#[test]
fn seeds_differ_between_repetitions_and_groups_and_not_inside_a_group() {
    let sweep = "[experiment]\nrepetitions = 3\n[sweep]\nloss_network.layers = [1, 2]\nloss_network.weights = [\"imagenet\", \"random:0\"]";
    let plan = plan(&swept(sweep)).unwrap();
    assert_eq!(plan.groups.len(), 6);
    assert_eq!(plan.groups.iter().map(|group| group.seed).collect::<HashSet<_>>().len(), 6);
    for group in &plan.groups {
        assert!(plan.group_cells(group).all(|cell| cell.seed == group.seed && cell.seed < 1 << 53));
    }
    let one_layer = Configs::new(&[("test.toml", COMPLETE)]).plan("test.toml", &[], &[]).unwrap();
    assert_eq!(one_layer.groups[0].seed, plan.groups[0].seed, "a seed does not depend on what else is swept");
}

#[test]
fn a_cells_config_gives_the_same_cell_again() {
    let sweep = "[sweep]\nloss_network.comparison = [\"spatial+sort\"]\ntask.variant = [\"lin\"]";
    let first = plan(&swept(sweep)).unwrap();
    let again = plan(&first.cells[0].config.to_toml().unwrap()).unwrap();
    assert_eq!(again.cells[0].id, first.cells[0].id);
    assert_eq!(again.cells[0].config, first.cells[0].config);
}

#[test]
fn a_plan_survives_json_and_prints_its_states() {
    let plan = plan(&swept("[sweep]\nloss_network.layers = [1, 2]")).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let state = |cell: &lossnet_core::model::Cell| {
        if cell.name.contains('2') { CellState::Failed } else { CellState::Done }
    };
    let ids = [&plan.cells[0].id, &plan.cells[1].id];
    assert_eq!(
        plan.to_text(state, &|group| (group == 0).then(|| "about a minute".to_owned())),
        format!(
            "test: 2 cells in 1 group (1 done, 1 failed)\n\ngroup 1  alexnet  2 cells (1 done, 1 failed)\n  \
             about a minute\n  {}  done     alexnet · 1 · spatial\n  {}  failed   alexnet · 2 · spatial\n",
            ids[0], ids[1]
        )
    );
    let json = plan.to_json(state);
    assert_eq!(json["cells"][1]["state"], "failed");
    assert_eq!(json["groups"][0]["cells"], 2);
}

/// The time that this thread has computed: what others do on the machine does not count.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

#[test]
fn ten_thousand_cells_are_planned_within_a_second() {
    let layers: Vec<String> = (0..9).map(|layer| layer.to_string()).collect();
    let weights: Vec<String> = (0..80).map(|seed| format!("\"random:{seed}\"")).collect();
    let text = swept(&format!(
        "[sweep]\nloss_network.backbone = \"paper\"\nloss_network.layers = [{}]\nloss_network.weights = [{}]",
        layers.join(","),
        weights.join(",")
    ));
    let folder = Configs::new(&[("test.toml", &text)]);
    let catalog = config_fixture::catalog();
    let start = cpu_time();
    let raw = RawConfig::load(&[folder.path("test.toml")], [], &[]).unwrap();
    let plan = plan_cells(&raw, &catalog, &config_fixture::Nodes, &()).unwrap();
    let taken = cpu_time().saturating_sub(start);
    assert_eq!((plan.cells.len(), plan.groups.len()), (10_080, 1120));
    // Unoptimized code gets more time than the second that users are promised.
    let most = if cfg!(debug_assertions) { 5 } else { 1 };
    assert!(taken < Duration::from_secs(most), "{taken:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_number_of_cells_is_the_product(layers in 1usize..5, comparisons in 1usize..4, seeds in 1usize..4, repetitions in 1usize..3) {
        let seeds_text: Vec<String> = (0..seeds).map(|seed| seed.to_string()).collect();
        let layers_text: Vec<String> = (0..layers).map(|layer| layer.to_string()).collect();
        let sweep = format!(
            "[experiment]\nrepetitions = {repetitions}\n[sweep]\nrun.seed = [{}]\nloss_network.comparison = {:?}\nloss_network.layers = [{}]",
            seeds_text.join(","), &["spatial", "sort", "mean"][..comparisons], layers_text.join(",")
        );
        let plan = plan(&swept(&sweep)).unwrap();
        prop_assert_eq!(plan.cells.len(), layers * comparisons * seeds * repetitions);
        prop_assert_eq!(plan.groups.len(), seeds * repetitions);
        let ids: HashSet<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
        prop_assert_eq!(ids.len(), plan.cells.len());
        let grouped: usize = plan.groups.iter().map(|group| group.cells.len()).sum();
        prop_assert_eq!(grouped, plan.cells.len());
    }

    #[test]
    fn ids_do_not_depend_on_the_order_of_keys(order in Just(vec![0usize, 1, 2, 3]).prop_shuffle()) {
        let lines = ["backbone = \"alexnet\"", "layers = [1, 4]", "epsilon = \"lpips\"", "weights = \"random:3\""];
        let network: Vec<&str> = order.iter().map(|&line| lines[line]).collect();
        let text = format!("[data]\nname = \"bapps\"\n[loss_network]\n{}\n[task]\nname = \"metric\"", network.join("\n"));
        let sorted = format!("[task]\nname = \"metric\"\n[loss_network]\n{}\n[data]\nname = \"bapps\"", lines.join("\n"));
        prop_assert_eq!(&plan(&text).unwrap().cells[0].id, &plan(&sorted).unwrap().cells[0].id);
    }
}

#[test]
fn further_datasets_for_tests_are_checked_and_belong_to_the_cell() {
    let with = |test: &str| plan(&format!("{COMPLETE}\n{test}"));
    let plain = plan(COMPLETE).unwrap();
    let name = &plain.cells[0].config.data.dataset.name;
    let plan = with(&format!("[data.test.other]\nname = \"{name}\"\nlimit = 3\n")).unwrap();
    let data = &plan.cells[0].config.data;
    assert_eq!(data.test.keys().collect::<Vec<_>>(), ["other"]);
    assert_eq!((data.test["other"].limit, data.limit), (Some(3), None));
    assert_ne!(plan.cells[0].id, plain.cells[0].id);
    // What is stored gives the same cell again.
    let stored = plan.cells[0].config.to_toml().unwrap();
    assert!(stored.contains("[data.test.other]"), "{stored}");

    let wrong = with(&format!("[data.test.other]\nname = \"{name}\"\nlimti = 3\n")).unwrap_err();
    assert!(
        wrong.contains("data.test.other") && wrong.contains("limti") && wrong.contains("`limit`"),
        "{wrong}"
    );
    let wrong = with("[data.test.other]\nlimit = 3\n").unwrap_err();
    assert!(wrong.contains("`data.test.other.name` is not set"), "{wrong}");
    let wrong = with("[data.test]\nother = 3\n").unwrap_err();
    assert!(wrong.contains("data.test.other"), "{wrong}");
}

#[test]
fn a_task_s_own_defaults_stand_behind_what_is_written() {
    let digits = COMPLETE.replace("bapps", "digits").replace("metric", "trained");
    let config = plan(&digits).unwrap().cells[0].config.clone();
    assert_eq!(config.loss_network.normalize, "none");
    assert_eq!(config.data.splits, ["test"]);
    let written =
        digits.replace("layers = [1]", "layers = [1]\nnormalize = \"imagenet\"") + "splits = [\"train\"]\n";
    let config = plan(&written).unwrap().cells[0].config.clone();
    assert_eq!(
        (config.loss_network.normalize.as_str(), config.data.splits),
        ("imagenet", vec!["train".to_owned()])
    );
    // Another task in the same sweep keeps lossnet's own.
    let both = COMPLETE.replace("name = \"bapps\"", "").replace("name = \"metric\"", "")
        + "[sweep]\n\"task.name\" = [\"metric\", \"trained\"]\n\"data.name\" = [\"everything\"]\n";
    let plan = plan(&both).unwrap();
    let normalize: Vec<&str> =
        plan.cells.iter().map(|cell| cell.config.loss_network.normalize.as_str()).collect();
    assert_eq!(normalize, ["imagenet", "none"]);
    assert_eq!(plan.cells[1].config.data.splits, ["test"]);
}

#[test]
fn a_default_that_does_not_fit_the_dataset_is_told() {
    let error = plan(&COMPLETE.replace("bapps", "pictures").replace("metric", "trained")).unwrap_err();
    assert!(error.contains("`test`") && error.contains("`pictures` has val"), "{error}");
}

#[test]
fn what_no_seed_changes_is_not_repeated() {
    let sweep = "[experiment]\nrepetitions = 3\n[sweep]\n\"task.dropout\" = [0.0, 0.5]\n";
    let plan = plan(&swept(sweep)).unwrap();
    let of = |dropout: f64| {
        plan.cells.iter().filter(|cell| cell.config.task.settings["dropout"] == dropout).count()
    };
    assert_eq!((of(0.0), of(0.5)), (1, 3));
}

#[test]
fn further_datasets_are_tested_on_their_test_split() {
    let text =
        format!("{COMPLETE}[data.test.more]\nname = \"digits\"\n[data.test.views]\nname = \"photos\"\n");
    let data = plan(&text).unwrap().cells[0].config.data.clone();
    assert_eq!(data.test["more"].splits, ["test"]);
    assert_eq!(data.test["views"].splits, ["views", "val", "jnd"]);
}

#[test]
fn settings_of_trackers_and_executors_are_the_plan_s_and_in_no_id() {
    let plain = plan(COMPLETE).unwrap();
    let text = format!("{COMPLETE}[trackers.diary]\nfolder = \"here\"\n");
    let configs = Configs::new(&[("test.toml", &text)]);
    let with = configs.plan("test.toml", &[], &[]).unwrap();
    let [diary] = with.surroundings.trackers.as_slice() else { panic!("{:?}", with.surroundings) };
    assert_eq!(diary.name, "diary");
    assert!(diary.settings["folder"].as_str().unwrap().ends_with("/here"), "{:?}", diary.settings);
    assert_eq!(diary.settings["every"], 10, "defaults are filled in");
    assert_eq!(with.cells, plain.cells);
    let off = configs.plan("test.toml", &[], &["trackers.diary.enabled=false"]).unwrap();
    assert!(off.surroundings.trackers.is_empty());
    // To name one is to want it.
    let named = plan(&format!("{COMPLETE}[trackers.diary]\n")).unwrap();
    assert_eq!(named.surroundings.trackers[0].settings["every"], 10);
    let stored: Plan = serde_json::from_str(&serde_json::to_string(&with).unwrap()).unwrap();
    assert_eq!(stored, with);
}
