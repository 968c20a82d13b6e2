//! `lossnet run --plan` and the options that take a part of a plan, as users give them.

use std::path::Path;

use serde_json::Value;

use crate::support::User;

const SMALL: &str = r#"
[experiment]
name = "small"

[task]
name = "metric"

[data]
name = "synthetic"
content = "triplets"
samples = 12
splits = ["val"]

[loss_network]
weights = "random:0"

[run]
device = "cpu"

[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1"]
"loss_network.layers" = [1, 4]
"#;

fn count(user: &User, state: &str) -> usize {
    let status = user.json(&["status", "small", "--json"]);
    let cells = status[0]["cells"].as_array().unwrap();
    cells.iter().filter(|cell| cell["state"] == state).count()
}

fn estimate(plan: &Value, backbone: &str) -> Value {
    let groups = plan["groups"].as_array().unwrap();
    groups.iter().find(|group| group["name"] == backbone).unwrap()["estimate"].clone()
}

#[test]
fn parts_of_a_plan_are_run_and_the_status_counts_the_whole() {
    let user = User::new();
    user.write("small.toml", SMALL);
    user.must(&["run", "small.toml", "--shard", "1/2"]);
    assert_eq!((count(&user, "done"), count(&user, "to do")), (2, 2));
    user.must(&["run", "small.toml", "--limit", "1"]);
    assert_eq!((count(&user, "done"), count(&user, "to do")), (3, 1));
    user.must(&["run", "small.toml", "--shard", "2/2"]);
    assert_eq!((count(&user, "done"), count(&user, "to do")), (4, 0));

    let one = user.run(&["run", "small.toml", "--plan", "--only", "backbone=alexnet", "--only", "layers=4"]);
    assert!(one.out.contains("small: 1 cell in 1 group (1 done)"), "{}", one.out);
    assert!(one.err.contains("note: 1 of 4 cells is selected"), "{}", one.err);
    let none = user.run(&["run", "small.toml", "--plan", "--only", "backbone=vgg16"]);
    assert_eq!(none.code, 2);
    assert!(
        none.err.contains("of 4 cells none is selected: no cell meets `loss_network.backbone=vgg16`"),
        "{}",
        none.err
    );
    let wrong = user.run(&["run", "small.toml", "--shard", "3/2"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("`3/2` is not a shard: write i/n with i from 1 to n"), "{}", wrong.err);
}

#[test]
fn all_groups_of_the_published_work_have_an_estimate_once_the_machine_is_measured() {
    let user = User::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/paper");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let config = entry.unwrap().path();
        let config = config.to_str().unwrap();
        if config.ends_with("claims.toml") {
            continue;
        }
        let plan = user.json(&["run", config, "--plan", "--calibrate", "--json"]);
        for group in plan["groups"].as_array().unwrap() {
            let estimate = &group["estimate"];
            // Pixels cost no multiply-adds, which say nothing of the time of a training, then.
            let pixels = group["name"].as_str().unwrap().starts_with("pixels");
            let seconds = estimate["time"]["seconds"].as_f64();
            assert!(
                seconds.is_none_or(|seconds| seconds > 0.0)
                    && seconds.is_none() == pixels
                    && estimate["loss_network_bytes"].as_f64().unwrap() > 0.0,
                "{config}: {group}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[test]
fn images_that_are_not_resized_cost_what_their_dataset_s_size_does() {
    let user = User::new();
    let config = "[experiment]\nname = \"sides\"\n[task]\nname = \"autoencoder\"\n[data]\nname = \"stl10\"\n\
                  [loss_network]\nbackbone = \"alexnet\"\nlayers = [1]\nweights = \"random:0\"\n";
    user.write("sides.toml", config);
    // Measured once, so that all times are of the same speed.
    user.json(&["run", "sides.toml", "--plan", "--calibrate", "--json"]);
    let of = |more: &[&str]| {
        let plan = user.json(&[&["run", "sides.toml", "--plan", "--json"], more].concat());
        let estimate = plan["groups"][0]["estimate"].clone();
        (estimate["time"]["seconds"].as_f64().unwrap(), estimate["loss_network_bytes"].as_f64().unwrap())
    };
    assert_eq!(of(&[]), of(&["-s", "task.size=96"]));
    let small = of(&["-s", "task.size=64"]);
    assert!(of(&[]).0 > 2.0 * small.0 && of(&[]).1 > small.1, "{small:?}");
    // 32 pixels are padded to 64; the numbers of images differ.
    let svhn = of(&["-s", "data.name=svhn"]);
    let ratio = svhn.0 / small.0;
    assert!((ratio - 531_131.0 / 100_000.0).abs() < 1e-9, "{ratio}");
    assert_eq!(svhn.1, small.1);
}

#[test]
fn a_value_on_the_command_line_is_not_lost_in_a_sweep() {
    let user = User::new();
    user.write("small.toml", SMALL);
    let plan = user.run(&["run", "small.toml", "--plan", "-s", "loss_network.backbone=squeezenet1_1"]);
    assert!(
        plan.out.contains("2 cells in 1 group") && plan.out.contains("squeezenet1_1 · 1"),
        "{}",
        plan.out
    );
    assert!(
        plan.err.contains(
            "note: `-s loss_network.backbone=squeezenet1_1` replaces the sweep's 2 values of `loss_network.backbone`"
        ),
        "{}",
        plan.err
    );
}

#[test]
fn estimates_say_what_they_come_from() {
    let user = User::new();
    user.write("small.toml", SMALL);
    let plan = |more: &[&str]| user.json(&[&["run", "small.toml", "--plan", "--json"], more].concat());
    // Memory is known from the network alone; a time needs a measurement.
    let before = estimate(&plan(&[]), "alexnet");
    assert!(before["loss_network_bytes"].as_f64().unwrap() > 1e5, "{before}");
    let text = user.must(&["run", "small.toml", "--plan", "--calibrate"]);
    assert!(
        text.contains("at least ") && text.contains("(from the loss network's FLOPs alone, on this CPU at "),
        "{text}"
    );
    let measured = estimate(&plan(&[]), "alexnet");
    assert_eq!(measured["time"]["source"]["from"], "flops", "{measured}");

    user.must(&["run", "small.toml", "--only", "backbone=alexnet"]);
    let after = plan(&[]);
    assert_eq!(estimate(&after, "alexnet")["time"], Value::Null, "it is done");
    let scaled = estimate(&after, "squeezenet1_1");
    assert_eq!(scaled["time"]["source"], serde_json::json!({ "from": "scaled", "groups": 1 }), "{scaled}");
    assert_eq!(after["estimate"]["groups_to_do"], 1);
    // The same group again, as another experiment has it, takes what it took.
    let again = plan(&["-s", "experiment.name=again"]);
    let same = estimate(&again, "alexnet");
    assert_eq!(same["time"]["source"], serde_json::json!({ "from": "measured", "groups": 1 }), "{same}");
    let text = user.must(&["run", "small.toml", "--plan", "-s", "experiment.name=again"]);
    assert!(text.contains("(measured on 1 finished group)"), "{text}");
    assert!(text.contains("time of what is to do, one group after the other: "), "{text}");
}

#[test]
fn the_paper_s_grids_are_planned_whole() {
    let user = User::new();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/paper");
    // 14 networks at 4 layers each; with 5 comparisons; with 3 trained variants; on 2 datasets, with pixels; 3 times over; for
    // 2 factors; with 4 variants of 10 rankings. And 14 networks with their layers together, in 4 variants.
    let cases = [
        ("metric", 14 * 4 * 5, 14),
        ("metric-trained", 14 * 4 * 3, 14 * 4 * 3),
        ("metric-multilayer", 14 * 4, 14 * 4),
        ("metric-lpips", 3 * 4, 3 * 4),
        ("autoencoder", (14 * 4 + 1) * 2, (14 * 4 + 1) * 2),
        ("delineation", 14 * 4 * 3, 14 * 4 * 3),
        ("super-resolution", 14 * 4 * 2, 14 * 4 * 2),
        // Of the baseline, one pass serves the four layers.
        ("augmentation", 14 * 4 * 4 * 10, 14 * 10 * (4 * 3 + 1)),
    ];
    for (name, cells, groups) in cases {
        let config = configs.join(format!("{name}.toml"));
        let plan = user.json(&["run", config.to_str().unwrap(), "--plan", "--json"]);
        assert_eq!(plan["cells"].as_array().unwrap().len(), cells, "{name}");
        assert_eq!(plan["groups"].as_array().unwrap().len(), groups, "{name}");
    }
    // Seven predictors of each autoencoder share it.
    let config = configs.join("autoencoder.toml");
    let predictors = "sweep.task.predictors=[[[]], [[32]], [[64, 32]]]";
    let plan = user.json(&["run", config.to_str().unwrap(), "--plan", "--json", "-s", predictors]);
    assert_eq!(plan["cells"].as_array().unwrap().len(), 14 * 4 * 2 * 3 + 2);
    assert_eq!(plan["groups"].as_array().unwrap().len(), (14 * 4 + 1) * 2);
}

/// What a cell's id stands for is all that can change its result: another default, another version of a task, or another
/// description of a backbone makes another cell. Who changes an id here orphans the results that users have.
#[test]
fn ids_of_cells_are_those_of_earlier_versions() {
    let user = User::new();
    for (task, data, id) in [
        ("metric", "photos", "f030e0eb251c5814"),
        ("augmentation", "synthetic", "f87c02c8a603d85b"),
        ("autoencoder", "synthetic", "3904785d42c265f7"),
        ("delineation", "synthetic", "f48cce3f7ab83873"),
        ("super-resolution", "synthetic", "baf16184275a3d54"),
    ] {
        let config = format!(
            "[experiment]\nname = \"pinned\"\n[task]\nname = \"{task}\"\n[data]\nname = \"{data}\"\n\
             [loss_network]\nbackbone = \"squeezenet1_1\"\nlayers = [1]\nweights = \"random:0\"\n"
        );
        user.write("pinned.toml", &config);
        let plan = user.json(&["run", "pinned.toml", "--plan", "--json"]);
        let ids: Vec<&str> =
            plan["cells"].as_array().unwrap().iter().map(|cell| cell["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [id], "{task}");
    }
}
