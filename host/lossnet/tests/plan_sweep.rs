//! What `[sweep]` can say besides the product of lists: pairs, additions, exclusions, several sweeps.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::collections::HashSet;
use std::fmt::Write as _;

use config_fixture::{COMPLETE, Configs, plan, swept};
use lossnet_core::model::Plan;
use proptest::prelude::*;

/// Backbone, layers and comparison of each cell, one after the other.
fn cells(plan: &Plan) -> Vec<String> {
    let network = |cell: &lossnet_core::model::Cell| {
        let network = &cell.config.loss_network;
        format!("{} {} {}", network.backbone.name, network.layers.join("+"), network.comparison.name)
    };
    plan.cells.iter().map(network).collect()
}

fn sweep(text: &str) -> Plan {
    plan(&swept(text)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn lists_of_a_zip_go_together() {
    let plan = sweep(
        r#"
        [sweep]
        "loss_network.comparison" = ["mean", "sort"]
        [[sweep.zip]]
        "loss_network.backbone" = ["alexnet", "vgg16"]
        loss_network.layers = [[1, 4], "paper"]
        run.seed = [7, 8]
        [[sweep.zip]]
        "task.dropout" = [0.1, 0.2]
        "task.epochs" = [1, 2]
    "#,
    );
    let alexnet = ["alexnet 1+4 mean", "alexnet 1+4 mean"];
    let vgg16 = ["vgg16 3 mean", "vgg16 8 mean", "vgg16 15 mean", "vgg16 29 mean"];
    assert_eq!(cells(&plan)[..2], alexnet);
    assert_eq!(cells(&plan)[2..6], vgg16);
    assert_eq!(plan.cells.len(), 2 * (1 + 4) * 2);
    for cell in &plan.cells {
        let config = &cell.config;
        assert_eq!(config.run.seed, if config.loss_network.backbone.name == "alexnet" { 7 } else { 8 });
        assert_eq!(config.task.settings["dropout"], config.task.settings["epochs"].as_f64().unwrap() / 10.0);
    }
    // What tells cells apart is in their names, and a zip's keys are each of it.
    assert_eq!(plan.cells[1].name, "alexnet · 1,4 · mean · seed=7 · dropout=0.2 · epochs=2");
    assert_eq!(plan.cells.iter().map(|cell| &cell.name).collect::<HashSet<_>>().len(), plan.cells.len());
}

#[test]
fn includes_add_combinations_and_keep_the_sections_for_what_they_leave_out() {
    let plan = sweep(
        r#"
        [sweep]
        "loss_network.layers" = [1, 4]
        [[sweep.include]]
        "loss_network.layers" = "paper"
        "loss_network.comparison" = "sort"
        [[sweep.include]]
        "loss_network.layers" = [2, [1, 4]]
        "task.variant" = ["lin", "tune"]
    "#,
    );
    assert_eq!(cells(&plan)[..2], ["alexnet 1 spatial", "alexnet 4 spatial"]);
    assert_eq!(cells(&plan)[2..6], [1, 4, 7, 11].map(|layer| format!("alexnet {layer} sort")));
    assert_eq!(cells(&plan)[6..], ["2", "2", "1+4", "1+4"].map(|layers| format!("alexnet {layers} spatial")));
    assert!(plan.cells[7].name.ends_with("variant=tune"), "{}", plan.cells[7].name);
    // Without a product, there are only these.
    let only = sweep(
        "[[sweep.include]]\n\"loss_network.layers\" = 4\n[[sweep.include]]\n\"loss_network.layers\" = 1\n",
    );
    assert_eq!(cells(&only), ["alexnet 4 spatial", "alexnet 1 spatial"]);
    // One that adds nothing is pointed out.
    let idle = sweep(
        "[sweep]\nloss_network.layers = [1, 4]\n[[sweep.include]]\nloss_network.layers = \"features.4\"\n",
    );
    assert_eq!((idle.cells.len(), idle.notes.len()), (2, 1));
    assert!(idle.notes[0].contains("adds no cell that is not there already"), "{:?}", idle.notes);
}

#[test]
fn excludes_take_out_what_meets_all_conditions_of_one_of_them() {
    let product = "[sweep]\nloss_network.backbone = [\"alexnet\", \"vgg11\", \"vgg16\"]\nloss_network.layers = \"paper\"\n\
                   task.dropout = [0.0, 0.25, 0.5]\n";
    let cases: [(&str, usize); 13] = [
        ("\"loss_network.backbone\" = \"vgg16\"", 24),
        ("backbone = \"vgg16\"", 24),
        ("backbone = [\"vgg16\", \"alexnet\"]", 12),
        ("backbone = \"!=vgg16\"", 12),
        ("\"task.dropout\" = \">0.1\"", 12),
        ("\"task.dropout\" = \">=0.5\"", 24),
        ("task.dropout = 0", 24),
        ("task.dropout = 0.25\nbackbone = \"vgg11\"", 32),
        ("loss_network.layers = 4", 33 - 3),
        ("loss_network.layers = \"features.29\"", 33),
        ("task.optimizer.rate = 0.001\ntask.dropout = \"<0.25\"", 24),
        ("layers = [[1], [3, 4], \"11\"]", 36 - 3 - 3 - 3),
        // Of 1, 4, 7, 11; 1, 4, 9, 19; 3, 8, 15, 29: 1, 4; 1, 4; 3 are left.
        ("layers = \">4\"", 3 * 5),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(condition, left)| {
            let plan = sweep(&format!("{product}[[sweep.exclude]]\n{condition}\n"));
            (plan.cells.len() != left).then(|| format!("{condition}: {} cells", plan.cells.len()))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // Several rules: any of them. What is excluded can be included again.
    let several = sweep(&format!(
        "{product}[[sweep.exclude]]\nbackbone = \"vgg16\"\n[[sweep.exclude]]\ntask.dropout = 0.5\n\
         [[sweep.include]]\nloss_network.backbone = \"vgg16\"\nloss_network.layers = 3\n"
    ));
    assert_eq!(several.cells.len(), 16 + 1);
}

#[test]
fn sweeps_with_names_share_what_stands_in_sweep_itself_and_are_put_together() {
    let text = r#"
        [sweep]
        "loss_network.backbone" = ["alexnet", "vgg16"]

        [sweep.layers]
        "loss_network.layers" = [1, 2, 4]

        [sweep.comparisons]
        "loss_network.comparison" = ["spatial", "mean"]
        set = { "loss_network.layers" = 4 }

        [sweep.random]
        loss_network.backbone = ["alexnet"]
        loss_network.layers = "paper"
        [sweep.random.set]
        loss_network.weights = "random:0"
        [[sweep.random.exclude]]
        layers = 11
    "#;
    let plan = sweep(text);
    let expected = [
        "alexnet 1 spatial",
        "alexnet 2 spatial",
        "alexnet 4 spatial",
        "vgg16 1 spatial",
        "vgg16 2 spatial",
        "vgg16 4 spatial",
        // `4 spatial` is there already.
        "alexnet 4 mean",
        "vgg16 4 mean",
        "alexnet 1 spatial",
        "alexnet 4 spatial",
        "alexnet 7 spatial",
    ];
    assert_eq!(cells(&plan), expected);
    assert_eq!(plan.cells[8].name, "alexnet · 1 · spatial · weights=random:0");
    assert_eq!(plan.cells[0].name, "alexnet · 1 · spatial · weights=imagenet");
    // The section's own value serves the sweeps that do not vary it.
    let base = format!(
        "{COMPLETE}[sweep.a]\nloss_network.layers = [2]\n[sweep.b]\nloss_network.comparison = [\"sort\"]\n"
    );
    assert_eq!(cells(&config_fixture::plan(&base).unwrap()), ["alexnet 2 spatial", "alexnet 1 sort"]);
}

#[test]
fn a_key_that_a_sweep_both_sets_and_varies_is_an_error_that_names_both_lines() {
    let varied = "[sweep.a]\nloss_network.layers = [1, 2]\nset = { loss_network.layers = 4 }\n";
    assert_eq!(
        plan(&swept(varied)).unwrap_err(),
        "test.toml:11: `sweep.a.set.loss_network.layers` is swept by [sweep.a] as well, at test.toml:10; remove one of them"
    );
    let zipped =
        "[sweep.a.set]\nrun.seed = 3\n[[sweep.a.zip]]\nloss_network.layers = [1, 2]\nrun.seed = [1, 2]\n";
    assert_eq!(
        plan(&swept(zipped)).unwrap_err(),
        "test.toml:10: `sweep.a.set.run.seed` is swept by [sweep.a] as well, at test.toml:11; remove one of them"
    );
    // Of different layers, the later counts, as between a section and a sweep.
    let configs = Configs::new(&[("test.toml", &swept("[sweep.a]\nloss_network.layers = [1, 2]\n"))]);
    let plan = configs.plan("test.toml", &[], &["sweep.a.set.loss_network.layers=4"]).unwrap();
    assert_eq!(cells(&plan), ["alexnet 4 spatial"]);
    assert!(
        plan.notes[0].contains("replaces the sweep's 2 values of `loss_network.layers`"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn a_sweep_with_a_name_and_nothing_else_is_the_common_keys_alone() {
    let text = "[sweep]\nloss_network.backbone = [\"alexnet\", \"vgg16\"]\n[sweep.plain]\n\
                [sweep.sorted]\nloss_network.comparison = [\"sort\"]\n";
    let expected = ["alexnet 1 spatial", "vgg16 1 spatial", "alexnet 1 sort", "vgg16 1 sort"];
    assert_eq!(cells(&sweep(text)), expected);
    let inline = text.replace("[sweep.plain]", "plain = {}");
    assert_eq!(cells(&sweep(&inline)), expected);
    // Without common keys, it is what the sections say.
    assert_eq!(cells(&sweep("[sweep.plain]\n[sweep.b]\nloss_network.comparison = [\"sort\"]\n")).len(), 2);
    // What is above a sweep of that name adds nothing, unless it takes it back.
    let base = swept(text);
    let configs = Configs::new(&[
        ("base.toml", &base),
        ("header.toml", "extends = \"base.toml\"\n[sweep.sorted]\n"),
        ("back.toml", "extends = \"base.toml\"\n[sweep]\nsorted = {}\n"),
    ]);
    let of = |file: &str, set: &[&str]| cells(&configs.plan(file, &[], set).unwrap());
    assert_eq!(of("header.toml", &[]), expected);
    assert_eq!(of("back.toml", &[]), expected[..2]);
    assert_eq!(of("base.toml", &["sweep.sorted={}"]), expected[..2]);
    assert_eq!(of("base.toml", &["sweep.plain={}"]), expected[2..]);
    let error = configs.plan("base.toml", &[], &["sweep.sortd={}"]).unwrap_err();
    assert_eq!(
        error,
        "-s sweep.sortd={}: `sweep.sortd` has nothing that `{}` could take back; `lossnet run --plan` shows what is swept"
    );
}

#[test]
fn a_common_zip_is_replaced_whole_or_not_at_all() {
    let common =
        "[[sweep.zip]]\nloss_network.backbone = [\"alexnet\", \"vgg16\"]\nloss_network.layers = [4, 15]\n";
    assert_eq!(
        plan(&swept(&format!("{common}[sweep.a]\nloss_network.layers = [1, 2]\n"))).unwrap_err(),
        "test.toml:13: `sweep.a.loss_network.layers` tears apart the `sweep.zip` at test.toml:9, whose lists go together; \
         give [sweep.a] values of `loss_network.backbone`, too, or write the zip in the sweeps that it is for"
    );
    let set =
        "[sweep.a]\nloss_network.comparison = [\"mean\"]\nset = { loss_network.backbone = \"alexnet\" }\n";
    let error = plan(&swept(&format!("{common}{set}"))).unwrap_err();
    assert!(error.starts_with("test.toml:14: `sweep.a.set.loss_network.backbone` tears apart"), "{error}");
    let whole = "[sweep.a]\nloss_network.layers = [1, 2]\nset = { loss_network.backbone = \"vgg11\" }\n\
                 [sweep.b]\nloss_network.comparison = [\"mean\"]\n";
    let expected = ["vgg11 1 spatial", "vgg11 2 spatial", "alexnet 4 mean", "vgg16 15 mean"];
    assert_eq!(cells(&sweep(&format!("{common}{whole}"))), expected);
}

#[test]
fn a_later_layer_replaces_values_in_all_parts_of_a_sweep() {
    let text = swept(
        "[[sweep.zip]]\nloss_network.layers = [1, 2]\nrun.seed = [1, 2]\n[[sweep.include]]\nloss_network.layers = 4\n\
         [[sweep.exclude]]\nlayers = 2\n",
    );
    let configs = Configs::new(&[("test.toml", &text)]);
    assert_eq!(configs.plan("test.toml", &[], &[]).unwrap().cells.len(), 2);
    let plan = configs.plan("test.toml", &[], &["loss_network.layers=7"]).unwrap();
    assert_eq!(cells(&plan), ["alexnet 7 spatial"; 3]);
    assert_eq!(plan.cells.iter().map(|cell| cell.config.run.seed).collect::<Vec<_>>(), [1, 2, 0]);
    let notes = plan.notes.join("\n");
    assert!(notes.contains("replaces the sweep's 2 values of `loss_network.layers`"), "{notes}");
    assert!(notes.contains("`sweep.exclude` at ") && notes.contains("takes out nothing here"), "{notes}");
    // Parts can be replaced by name.
    let named = Configs::new(&[("test.toml", &swept("[sweep.a]\nloss_network.layers = [1, 2]\n"))]);
    let plan = named.plan("test.toml", &[], &["sweep.a.loss_network.layers=[5]"]).unwrap();
    assert_eq!(cells(&plan), ["alexnet 5 spatial"]);
}

#[test]
fn each_mistake_has_its_sentence() {
    let start = "[sweep]\nloss_network.backbone = [\"alexnet\", \"vgg16\"]\nloss_network.comparison = [\"mean\", \"sort\"]\n";
    let cases = [
        (
            "[[sweep.exclude]]\nbackbone = \"vgg61\"",
            "test.toml:12: `sweep.exclude` takes out nothing: no cell meets `loss_network.backbone=vgg61`; \
             `loss_network.backbone` is `alexnet` or `vgg16`; did you mean `vgg16`?",
        ),
        (
            "[[sweep.exclude]]\n\"task.droput\" = 0.5",
            "test.toml:12: `sweep.exclude` takes out nothing: no cell has a setting `task.droput`; did you mean `task.dropout`?",
        ),
        (
            "[[sweep.exclude]]\nbackbon = \"vgg16\"",
            "test.toml:12: `sweep.exclude`: `backbon` is not a setting of a cell; did you mean `backbone`, \
             `loss_network.backbone` or `loss_network.backbone_config`?",
        ),
        (
            "[[sweep.exclude]]\nbackbone = []",
            "test.toml:12: `sweep.exclude`: `loss_network.backbone` is compared with an empty list; write a value, a list of \
             values of which it is one, or \"!=value\", \">value\" and the like",
        ),
        (
            "[[sweep.exclude]]",
            "test.toml:12: `sweep.exclude` has no condition, and would take out everything; write conditions such as \
             `\"loss_network.backbone\" = \"vgg16\"`",
        ),
        (
            "[[sweep.exclude]]\ncomparison = \"mean\"\n[[sweep.exclude]]\ncomparison = \"sort\"",
            "test.toml:12: `sweep.exclude` takes out everything: no cell is left of those that [sweep] makes",
        ),
        (
            "[sweep.exclude]\nbackbone = \"vgg16\"",
            "test.toml:13: `sweep.exclude` must be one or more tables; write [[sweep.exclude]] above each",
        ),
        (
            "[[sweep.zip]]\nrun.seed = [1, 2]\ntask.dropout = [0.1]",
            "test.toml:12: `sweep.zip` pairs lists of different lengths: `run.seed` has 2 values, `task.dropout` 1 value; \
             give each key as many",
        ),
        (
            "[[sweep.zip]]\nrun.seed = [1, 2]",
            "test.toml:12: `sweep.zip` pairs `run.seed` with nothing; name another key with as many values, or write this one \
             outside of it",
        ),
        (
            "[[sweep.zip]]\nrun.seed = [1, 2]\nloss_network.backbone = [\"vgg11\", \"alexnet\"]",
            "test.toml:12: `loss_network.backbone` is swept twice, by itself or in a `zip`; remove one of them",
        ),
        (
            "[[sweep.include]]\nloss_network.backbone = \"alexnet\"\nrun.devic = \"cpu\"",
            "test.toml:12: `sweep.include.run.devic` is not a setting of [run]; did you mean `device`?",
        ),
        (
            "[sweep.set]\nrun.seed = 3",
            "test.toml:13: `sweep.set.run.seed` is not a setting of a sweep with a name; write it in its own section, or as \
             [sweep.NAME.set] for the sweep [sweep.NAME]",
        ),
        (
            "[[sweep.exlcude]]\nbackbone = \"vgg16\"",
            "test.toml:12: `sweep.exlcude` is nothing that can be swept; did you mean `exclude`?",
        ),
        (
            "[sweep.more]\ncomparison = [\"mean\"]",
            "test.toml:13: `sweep.more.comparison` is nothing that can be swept; did you mean `loss_network.comparison`?",
        ),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .map(|(line, sentence)| (plan(&swept(&format!("{start}{line}"))).unwrap_err(), sentence))
        .filter(|(said, sentence)| said != sentence)
        .map(|(said, sentence)| format!("said: {said}\nwant: {sentence}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_range_stands_for_a_list_of_its_values() {
    let plan = sweep(
        r#"
        [sweep]
        "loss_network.layers" = { from = 1, to = 7, step = 3 }
        task.dropout = { from = 0.1, to = 0.3, step = 0.1 }
        [[sweep.zip]]
        "run.seed" = { from = 1, to = 2 }
        "task.epochs" = { from = 4, to = 16, count = 2, scale = "log" }
        [[sweep.include]]
        "loss_network.layers" = { from = 9, to = 10 }
        task.dropout = 0.5
    "#,
    );
    let layers: Vec<&str> =
        plan.cells.iter().map(|cell| cell.config.loss_network.layers[0].as_str()).collect();
    assert_eq!(
        layers,
        [["1"; 6], ["4"; 6], ["7"; 6]].concat().into_iter().chain(["9", "10"]).collect::<Vec<_>>()
    );
    assert_eq!(plan.cells[0].name, "alexnet · 1 · spatial · dropout=0.1 · seed=1 · epochs=4");
    assert_eq!(plan.cells[5].name, "alexnet · 1 · spatial · dropout=0.3 · seed=2 · epochs=16");
    assert_eq!(plan.notes.len(), 5, "{:?}", plan.notes);
    assert!(plan.notes.iter().any(|note| note.ends_with(" is 0.1, 0.2, 0.3")), "{:?}", plan.notes);

    let configs =
        Configs::new(&[("test.toml", &swept("[sweep]\n\"loss_network.layers\" = { from = 0, to = 6 }\n"))]);
    let seven = configs.plan("test.toml", &[], &[]).unwrap();
    assert_eq!(seven.cells.len(), 7);
    let set = |setting: &str| configs.plan("test.toml", &[], &[setting]);
    assert_eq!(set("sweep.loss_network.layers=[2]").unwrap().cells.len(), 1);
    assert_eq!(set("sweep.task.dropout={from=0.1, to=0.2, count=2}").unwrap().cells.len(), 14);
    assert_eq!(
        set("sweep.task.dropout={from=0.1, too=0.2, count=2}").unwrap_err(),
        "-s sweep.task.dropout={from=0.1, too=0.2, count=2}: `sweep.task.dropout` is a range, and `too` is nothing that a range \
         has; did you mean `to`?"
    );
    assert_eq!(
        set("sweep.task.epochs={from=1, to=2, count=3}").unwrap_err(),
        "-s sweep.task.epochs={from=1, to=2, count=3}: `task.epochs` must be a whole number, 0 or more, not 1.5"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_sweep_is_its_product_less_what_is_excluded(
        layers in 2usize..6, seeds in 2u64..5, excluded in prop::collection::hash_set((0usize..6, 0u64..5), 0..4)
    ) {
        let rules: Vec<(usize, u64)> =
            excluded.into_iter().filter(|(layer, seed)| *layer < layers && *seed < seeds).collect();
        let list = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let mut text = format!(
            "[sweep]\nloss_network.layers = [{}]\nrun.seed = [{}]\n", list(layers), list(seeds as usize)
        );
        for (layer, seed) in &rules {
            let _ = writeln!(text, "[[sweep.exclude]]\nlayers = {layer}\nrun.seed = {seed}");
        }
        let plan = sweep(&text);
        let made: Vec<(usize, u64)> = plan
            .cells
            .iter()
            .map(|cell| (cell.config.loss_network.layers[0].parse().unwrap(), cell.config.run.seed))
            .collect();
        let expected: Vec<(usize, u64)> = (0..layers)
            .flat_map(|layer| (0..seeds).map(move |seed| (layer, seed)))
            .filter(|cell| !rules.contains(cell))
            .collect();
        prop_assert_eq!(made, expected);
    }
}
