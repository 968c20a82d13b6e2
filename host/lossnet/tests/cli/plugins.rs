//! What plugins say and do, through the binary: their settings, their results, their errors.

use std::time::{Duration, Instant};

use crate::support::{Done, User, faulty};

/// A user with the plugin whose components do wrong what their settings say.
fn user() -> User {
    let user = User::new();
    std::fs::create_dir(user.path("mine")).unwrap();
    std::fs::copy(faulty("faulty_panics"), user.path("mine/libfaulty_panics.so")).unwrap();
    user
}

fn config(task: &str, network: &str) -> String {
    format!(
        "[experiment]\nname = \"own\"\n[task]\n{task}\n[data]\nname = \"faulty_data\"\nsplits = [\"val\"]\n[loss_network]\n\
         weights = \"random:0\"\ncomparison = \"mean\"\n{network}\n[run]\ndevice = \"cpu\"\n"
    )
}

const DEEP: &str = "name = \"metric\"";

/// The layers of the planned cells.
fn planned(user: &User, network: &str, set: &[&str]) -> Vec<String> {
    user.write("deep.toml", &config(DEEP, &format!("backbone = \"deep\"\n{network}")));
    let mut arguments = vec!["run", "deep.toml", "--plan", "--json", "--plugin-dir", "mine"];
    for set in set {
        arguments.extend(["-s", set]);
    }
    let plan = user.json(&arguments);
    let cells = plan["cells"].as_array().unwrap_or_else(|| panic!("{plan}"));
    cells.iter().map(|cell| cell["config"]["loss_network"]["layers"].to_string()).collect()
}

#[test]
fn layers_are_those_of_the_backbone_with_its_settings() {
    let user = user();
    assert_eq!(planned(&user, "layers = \"all\"", &[]), ["[\"0\",\"1\"]"]);
    let five = "loss_network.backbone_config.depth=5";
    assert_eq!(planned(&user, "layers = \"all\"", &[five]), ["[\"0\",\"1\",\"2\",\"3\",\"4\"]"]);
    assert_eq!(planned(&user, "layers = 3", &[five]), ["[\"3\"]"]);
    assert_eq!(planned(&user, "layers = \"conv4\"", &[five]), ["[\"conv4\"]"]);
    let halves = "layers = { depths = [0.5, 1] }";
    assert_eq!(planned(&user, halves, &["loss_network.backbone_config.depth=4"]), ["[\"1\",\"3\"]"]);
    let each = ["sweep={loss_network.layers=\"each\", loss_network.backbone_config.depth=[1, 3]}"];
    assert_eq!(planned(&user, "", &each), ["[\"0\"]", "[\"0\"]", "[\"1\"]", "[\"2\"]"]);

    let refused = |network: &str, depth: &str, part: &str| {
        user.write("deep.toml", &config(DEEP, &format!("backbone = \"deep\"\n{network}")));
        let depth = format!("loss_network.backbone_config.depth={depth}");
        user.refused(&["run", "deep.toml", "--plan", "--plugin-dir", "mine", "-s", &depth], &[part]);
    };
    refused("layers = 1", "1", "names layer 1, and `deep` has layers 0 to 0 with these settings");
    refused("layers = \"conv5\"", "5", "names `conv5`, and `deep` has no such layer with these settings");
    refused(
        "layers = 0",
        "50",
        "is refused by the backbone: in backbone `deep` of lossnet-engine 0.1.0: no network is so deep",
    );
    // What is planned runs.
    user.write("deep.toml", &config(DEEP, "backbone = \"deep\"\nlayers = 3"));
    user.must(&["run", "deep.toml", "--plugin-dir", "mine", "-s", five]);
}

#[test]
fn results_that_can_not_be_are_refused_with_the_task_s_name() {
    let user = user();
    let run = |how: &str, experiment: &str| {
        let task = format!("name = \"faulty_task\"\nhow = \"{how}\"");
        user.write("own.toml", &config(&task, "backbone = \"faulty_net\"\nlayers = 0"));
        let name = format!("experiment.name={experiment}");
        user.run(&["run", "own.toml", "--plugin-dir", "mine", "-s", &name])
    };
    for (how, part) in [
        ("silent", "it has ended without an error and without a result"),
        ("beyond", "it says that `points` of `val` is 99, and that it can't be above 4"),
        ("twice", "it has reported `points` of `val` twice"),
        ("without_rows", "comes from scores of samples, and has recorded none in the split `val`"),
        ("other_column", "and has recorded no column `marks` in the split `val`"),
        ("other_mean", "is 99, and the scores of samples that it is said to come from make 2.5"),
    ] {
        let done = run(how, how);
        assert_eq!(done.code, 1, "{how}: {}{}", done.out, done.err);
        let place = "in task `faulty_task` of lossnet-engine 0.1.0: ";
        assert!(done.err.contains(place) && done.err.contains(part), "{how}: {}", done.err);
        let status = user.must(&["status", how, "--plugin-dir", "mine"]);
        assert!(status.contains("failed"), "{how}: {status}");
    }
    let done = run("sound", "sound");
    assert_eq!(done.code, 0, "{}", done.err);
}

#[test]
fn an_exception_of_libtorch_is_one_line_without_its_stack() {
    let user = user();
    let task = "name = \"faulty_task\"\nat = \"run\"\nhow = \"torch\"";
    user.write("own.toml", &config(task, "backbone = \"faulty_net\"\nlayers = 0"));
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "own.toml", "--plugin-dir", "mine"];
        arguments.extend(more);
        user.run(&arguments)
    };
    let done = run(&[]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(
        done.err.contains("in task `faulty_task` of lossnet-engine 0.1.0: libtorch refused: "),
        "{}",
        done.err
    );
    assert!(!done.err.contains("frame #"), "{}", done.err);
    assert!(run(&["-v"]).err.contains("frame #"), "no stack with -v");
    let status = user.must(&["status", "own", "--plugin-dir", "mine"]);
    assert!(!status.contains("frame #"), "{status}");
}

#[test]
fn a_description_of_many_nodes_is_read_quickly() {
    let user = User::new();
    std::fs::create_dir(user.path("mine")).unwrap();
    std::fs::copy(faulty("faulty_loading"), user.path("mine/libfaulty_loading.so")).unwrap();
    let start = Instant::now();
    let mut command = user.command(&["show", "backbone", "loading", "--plugin-dir", "mine"]);
    let done = Done::of(&command.env("LOSSNET_TEST_LOADING", "many").output().unwrap());
    assert_eq!(done.code, 0, "{}", done.err);
    // Without optimization, on a machine that does other things, too; it took minutes.
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}
