//! Paths in configs lead from the file that sets them, and take `~` and variables.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::path::Path;

use config_fixture::{COMPLETE, Configs, plan};
use lossnet_core::model::Plan;

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/weights");

/// [`COMPLETE`] with these lines under [`loss_network`] and `[data]`.
fn with(network: &str, rest: &str) -> String {
    COMPLETE.replace("layers = [1]", &format!("layers = [1]\n{network}")) + rest
}

/// Configs in directories of their own, each file with its text.
fn configs(files: &[(&str, &str)]) -> Configs {
    let configs = Configs::new(&[]);
    for (name, text) in files {
        std::fs::create_dir_all(configs.path(name).parent().unwrap()).unwrap();
        std::fs::write(configs.path(name), text).unwrap();
    }
    configs
}

fn path(configs: &Configs, name: &str) -> String {
    configs.path(name).to_str().unwrap().to_owned()
}

fn folder(plan: &Plan) -> Option<&str> {
    plan.cells[0].config.data.folder.as_deref()
}

#[test]
fn paths_start_where_the_file_is_that_sets_them() {
    let text = with(
        "weights = \"w.pth\"\ncalibration = \"../c.pth\"",
        "folder = \"images\"\n[data.test.other]\nname = \"bapps\"\nfolder = \"../others\"\n[trackers.diary]\nfolder = \"notes\"\n",
    );
    let configs = configs(&[
        ("base/base.toml", &text),
        ("base/w.pth", ""),
        ("c.pth", ""),
        ("top.toml", "extends = \"base/base.toml\"\n[data]\nsplits = [\"val\"]\n"),
    ]);
    let plan = configs.plan("top.toml", &[], &[]).unwrap();
    let config = &plan.cells[0].config;
    assert_eq!(config.loss_network.weights, path(&configs, "base/w.pth"));
    assert_eq!(config.loss_network.calibration, Some(path(&configs, "c.pth")));
    assert_eq!(config.data.folder, Some(path(&configs, "base/images")));
    assert_eq!(config.data.test["other"].folder, Some(path(&configs, "others")));
    assert_eq!(plan.surroundings.trackers[0].settings["folder"], path(&configs, "base/notes"));

    let here = std::env::current_dir().unwrap();
    let set = |setting: &str| configs.plan("top.toml", &[], &[setting]).unwrap();
    assert_eq!(folder(&set("data.folder=mine")), here.join("mine").to_str());
    let of_environment = configs.plan("top.toml", &[("LOSSNET__DATA__FOLDER", "mine")], &[]).unwrap();
    assert_eq!(folder(&of_environment), here.join("mine").to_str());
    let swept = set("sweep.data.folder=[\"a\", \"b\"]");
    assert_eq!(folder(&swept), here.join("a").to_str());
}

#[test]
fn paths_of_sweeps_start_where_the_sweep_stands_and_cells_are_named_by_their_ends() {
    let text = with("weights = \"random:0\"", "")
        + "[sweep]\n\"data.folder\" = [\"x/one\", \"y/one\", \"${ROOT}/two\"]\n\
           [[sweep.exclude]]\n\"data.folder\" = \"y/one\"\n\
           [[sweep.include]]\n\"loss_network.weights\" = [\"a/w.pth\", \"b/w.pth\"]\n\"data.folder\" = \"~/three\"\n";
    let configs = configs(&[("in/test.toml", &text), ("in/a/w.pth", ""), ("in/b/w.pth", "")]);
    let environment = [("ROOT", "/big"), ("HOME", "/home/me")];
    let plan = configs.plan("in/test.toml", &environment, &[]).unwrap();
    let folders: Vec<_> = plan.cells.iter().map(|cell| cell.config.data.folder.clone().unwrap()).collect();
    let expected = [path(&configs, "in/x/one"), "/big/two".to_owned()];
    assert_eq!(
        folders,
        [&expected[..], &["/home/me/three".to_owned(), "/home/me/three".to_owned()]].concat()
    );
    let names: Vec<&str> = plan.cells.iter().map(|cell| cell.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "alexnet · 1 · spatial · folder=one · weights=random:0",
            "alexnet · 1 · spatial · folder=two · weights=random:0",
            "alexnet · 1 · spatial · folder=three · weights=a/w.pth",
            "alexnet · 1 · spatial · folder=three · weights=b/w.pth",
        ]
    );
}

#[test]
fn a_stored_config_leads_to_the_same_paths_wherever_it_is() {
    let odd = with("weights = \"w $$ ${A}.pth\"", "folder = \"$${HOME}\"\n");
    let configs = configs(&[("in/test.toml", &odd), ("in/w $ x$y.pth", ""), ("out/empty", "")]);
    let first = configs.plan("in/test.toml", &[("A", "x$y")], &[]).unwrap();
    let config = &first.cells[0].config;
    assert_eq!(config.loss_network.weights, path(&configs, "in/w $ x$y.pth"));
    assert_eq!(config.data.folder, Some(path(&configs, "in/${HOME}")));
    std::fs::write(configs.path("out/again.toml"), config.to_toml().unwrap()).unwrap();
    let again = configs.plan("out/again.toml", &[], &[]).unwrap();
    assert_eq!(&again.cells[0].config, config);
}

#[test]
fn only_paths_take_variables() {
    let text = format!("[experiment]\ndescription = \"~ costs ${{X}}\"\n{COMPLETE}");
    let plan = plan(&text).unwrap();
    assert_eq!(plan.cells[0].config.experiment.description, "~ costs ${X}");
}

#[test]
fn what_a_path_lacks_is_said_where_it_stands() {
    let error = |network: &str, rest: &str| plan(&with(network, rest)).unwrap_err();
    assert_eq!(
        error("", "folder = \"${NONE}/x\"\n"),
        "test.toml:10: `data.folder` uses `${NONE}`, and there is no environment variable of this name; set it, or \
         write `$$` for a plain `$`"
    );
    assert_eq!(
        error("weights = \"~/w.pth\"", ""),
        "test.toml:7: `loss_network.weights` begins with `~`, and the environment variable HOME is not set; set it, or \
         write the whole path"
    );
    assert_eq!(
        error("", "[trackers.diary]\nfolder = \"${A:-b}\"\n"),
        "test.toml:11: `trackers.diary.folder` has a `${` that is not a variable: `${A:-b}`; write `${NAME}`, or `$$` for a \
         plain `$`"
    );
    let missing = error("weights = \"sub/w.pth\"", "");
    assert_eq!(
        missing,
        "test.toml:7: `loss_network.weights` names the file `sub/w.pth` (sub/w.pth), which does not exist"
    );
    let extends = Configs::new(&[("test.toml", "extends = \"${NONE}.toml\"\n")]);
    assert_eq!(
        extends.plan("test.toml", &[], &[]).unwrap_err(),
        "test.toml:1: `extends` uses `${NONE}`, and there is no environment variable of this name; set it, or write `$$` \
         for a plain `$`"
    );
}

#[test]
fn extends_takes_variables() {
    let configs = configs(&[("a/base.toml", COMPLETE), ("top.toml", "extends = \"${WHERE}/base.toml\"\n")]);
    assert_eq!(configs.plan("top.toml", &[("WHERE", "a")], &[]).unwrap().cells.len(), 1);
}

#[test]
fn a_calibration_may_be_anywhere() {
    let text = with(&format!("calibration = \"{WEIGHTS}/list.pth\""), "");
    let plan = plan(&text).unwrap();
    assert!(Path::new(plan.cells[0].config.loss_network.calibration.as_deref().unwrap()).is_absolute());
}
