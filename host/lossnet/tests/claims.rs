//! Statements are read with precise errors, and judged on leaderboards of which the answer is known.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use lossnet_analysis::claims::{Claims, Judged, Verdict};
use lossnet_analysis::report::data::{Board, Entry, Network, Pair};
use lossnet_analysis::report::texts;
use lossnet_plan::catalog::{Catalog, CataloguedPlugin};
use lossnet_plugin_protocol::manifest::{Details, PluginManifest};
use lossnet_plugin_protocol::{ComponentManifest, Kind};

const DEPTHS: [f64; 4] = [0.1, 0.4, 0.7, 1.0];

fn parse(text: &str) -> Claims {
    Claims::parse(text, Path::new("configs/claims.toml")).unwrap()
}

fn error(text: &str) -> String {
    Claims::parse(text, Path::new("configs/claims.toml")).unwrap_err().to_string()
}

/// Networks of four layers each, and a board on which `score` tells how good which layer of which backbone is.
struct Results {
    networks: Vec<Network>,
    boards: Vec<Board>,
}

impl Results {
    fn new(backbones: &[&str]) -> Results {
        let mut networks = Vec::new();
        for (number, backbone) in backbones.iter().enumerate() {
            // Written in another order than that of depth.
            for layer in [3, 0, 2, 1] {
                networks.push(Network {
                    backbone: (*backbone).to_owned(),
                    weights: "imagenet".to_owned(),
                    layers: (layer * 3).to_string(),
                    comparison: "spatial".to_owned(),
                    depth: Some(DEPTHS[layer]),
                    imagenet_top1: (*backbone != "unknown").then_some(60.0 + number as f64),
                    ..Network::default()
                });
            }
        }
        Results { networks, boards: Vec::new() }
    }

    /// A board; `score` gets the backbone's number and the layer's, from 0.
    fn board(mut self, task: &str, higher_is_better: bool, score: impl Fn(usize, usize) -> f64) -> Results {
        let layer =
            |network: &Network| DEPTHS.iter().position(|depth| Some(*depth) == network.depth).unwrap();
        let mut entries: Vec<Entry> = self
            .networks
            .iter()
            .enumerate()
            .map(|(position, network)| {
                let value = score(position / 4, layer(network));
                let interval = Some([value - 0.01, value + 0.01]);
                Entry { network: position, value: Some(value), interval, repetitions: 1, ..Entry::default() }
            })
            .collect();
        entries.sort_by(|a, b| b.value.unwrap().total_cmp(&a.value.unwrap()));
        if !higher_is_better {
            entries.reverse();
        }
        for (rank, entry) in entries.iter_mut().enumerate() {
            entry.rank = rank + 1;
        }
        let mut board = Board {
            task: task.to_owned(),
            dataset: "data".to_owned(),
            metric: "score".to_owned(),
            split: "val".to_owned(),
            unit: "share".to_owned(),
            higher_is_better,
            main: true,
            entries,
            ..Board::default()
        };
        texts::of_board(&mut board);
        self.boards.push(board);
        self
    }

    fn judge(&self, claim: &str) -> Judged {
        let text = format!("[[claim]]\ntext = \"t\"\nsource = \"s\"\nconfig = \"a.toml\"\n{claim}");
        parse(&text).judge(&self.networks, &self.boards).unwrap().remove(0)
    }

    fn verdict(&self, claim: &str) -> Verdict {
        self.judge(claim).verdict
    }
}

#[test]
fn the_best_is_found_whichever_way_is_better() {
    for (higher, sign) in [(true, 1.0), (false, -1.0)] {
        let results = Results::new(&["a", "b", "c"])
            .board("t", higher, |backbone, layer| sign * (0.2 * backbone as f64 + 0.04 * layer as f64));
        assert_eq!(results.verdict("best = { expected = [\"c\"] }"), Verdict::Holds);
        assert_eq!(results.verdict("best = { expected = [\"a\", \"c\"] }"), Verdict::Holds);
        assert_eq!(results.verdict("best = { expected = [\"b\"], among = [\"a\"] }"), Verdict::Holds);
        let wrong = results.judge("best = { expected = [\"a\"] }");
        assert_eq!(wrong.verdict, Verdict::DoesNotHold);
        assert!(
            wrong.evidence.contains("behind c") && wrong.evidence.contains(", of 3 ("),
            "{}",
            wrong.evidence
        );
        assert_eq!(results.verdict("best = { expected = [\"c\"], score = \"mean\" }"), Verdict::Holds);
        assert_eq!(
            results.verdict("best = { of = [\"layer_position\"], expected = [\"4\"] }"),
            Verdict::Holds
        );
    }
}

#[test]
fn what_can_t_be_told_apart_is_undecided() {
    // Intervals of ± 0.01 overlap.
    let mut results = Results::new(&["a", "b"])
        .board("t", true, |backbone, layer| 0.005 * backbone as f64 + 0.1 * layer as f64);
    assert_eq!(results.verdict("best = { expected = [\"b\"] }"), Verdict::Undecided);
    assert_eq!(results.verdict("best = { expected = [\"a\"] }"), Verdict::Undecided);
    // A paired test tells more than intervals do.
    let best: Vec<usize> = results.boards[0].entries.iter().take(2).map(|entry| entry.network).collect();
    let pair =
        Pair { networks: [best[1], best[0]], test: "wilcoxon".to_owned(), p: Some(0.01), ..Pair::default() };
    results.boards[0].pairs = vec![pair];
    let judged = results.judge("best = { expected = [\"b\"] }");
    assert_eq!(judged.verdict, Verdict::Holds);
    assert!(judged.evidence.contains("wilcoxon, corrected p = 0.010"), "{}", judged.evidence);
    results.boards[0].pairs[0].p = Some(0.2);
    assert_eq!(results.verdict("best = { expected = [\"b\"] }"), Verdict::Undecided);
}

#[test]
fn a_statement_about_several_boards_must_hold_on_each() {
    let results = Results::new(&["a", "b"]).board("t", true, |backbone, _| backbone as f64).board(
        "u",
        true,
        |backbone, _| -(backbone as f64),
    );
    assert_eq!(results.verdict("best = { expected = [\"b\"] }"), Verdict::DoesNotHold);
    assert_eq!(results.verdict("where = { task = \"t\" }\nbest = { expected = [\"b\"] }"), Verdict::Holds);
}

#[test]
fn what_is_missing_is_named_with_the_command_that_makes_it() {
    let results = Results::new(&["a", "b"]).board("t", true, |backbone, _| backbone as f64);
    let nothing =
        results.judge("where = { task = \"u\", backbone = [\"a\", \"b\"] }\nbest = { expected = [\"b\"] }");
    assert_eq!(nothing.verdict, Verdict::NoData);
    assert_eq!(nothing.evidence, "there are no results with task = u, backbone = a or b");
    assert_eq!(nothing.commands, ["lossnet run configs/a.toml"]);
    let partial = results.judge("best = { expected = [\"b\", \"d\"] }");
    assert_eq!(
        (partial.verdict, partial.missing),
        (Verdict::Holds, vec!["d: t on data, val score".to_owned()])
    );
    let half = results.judge("where = { task = [\"t\", \"u\"] }\nbest = { expected = [\"b\"] }");
    assert_eq!((half.verdict, half.missing), (Verdict::Holds, vec!["task = u".to_owned()]));
    let alone = results.judge("best = { expected = [\"a\", \"b\"] }");
    assert_eq!(alone.verdict, Verdict::NoData);
    assert!(alone.evidence.contains("nothing to compare it with"), "{}", alone.evidence);
}

/// What is said of a statement where components are known: the tasks `pose` and `metric`, AlexNet and VGG-16.
fn known(claim: &str) -> Result<Judged, String> {
    let component = |kind, name: &str, keys: &[&str]| {
        let properties: serde_json::Map<_, _> =
            keys.iter().map(|key| ((*key).to_owned(), serde_json::json!({ "type": "object" }))).collect();
        ComponentManifest {
            kind,
            name: name.to_owned(),
            summary: String::new(),
            config_schema: serde_json::json!({ "type": "object", "properties": properties }),
            details: Details::default(),
        }
    };
    let components = vec![
        component(Kind::Task, "pose", &[]),
        component(Kind::Task, "metric", &["variant", "training"]),
        component(Kind::Backbone, "alexnet", &["width"]),
        component(Kind::Backbone, "vgg16", &[]),
        component(Kind::Comparison, "spatial", &["epsilon"]),
        component(Kind::Comparison, "mean", &[]),
        component(Kind::Dataset, "data", &[]),
    ];
    let manifest =
        PluginManifest { name: "p".to_owned(), version: "1.0.0".to_owned(), components, refused: Vec::new() };
    let plugin = CataloguedPlugin { path: "p.so".into(), manifest };
    let (catalog, problems) = Catalog::new(vec![plugin], Vec::new());
    assert_eq!(problems, []);
    let results = Results::new(&["alexnet", "b"]).board("pose", true, |backbone, _| backbone as f64);
    let text = format!("[[claim]]\ntext = \"t\"\nsource = \"s\"\n{claim}");
    let judged = parse(&text).knowing(&catalog).judge(&results.networks, &results.boards);
    judged.map(|mut judged| judged.remove(0)).map_err(|error| error.to_string())
}

#[test]
fn names_that_there_are_not_are_told_from_what_was_not_measured() {
    let best = "best = { expected = [\"alexnet\", \"b\"] }";
    for (claim, evidence) in [
        (
            format!("where = {{ task = \"metrc\" }}\n{best}"),
            "there are no results with task = metrc; no task is called `metrc`; did you mean `metric`?",
        ),
        // Known, and not measured.
        (
            format!("where = {{ task = \"metric\", metric = \"2afc\" }}\n{best}"),
            "there are no results with task = metric, metric = 2afc",
        ),
        (
            format!("where = {{ comparison = \"spatial+mean\" }}\n{best}"),
            "there are no results with comparison = spatial+mean",
        ),
        (
            format!("where = {{ comparison = \"spatial+maen\" }}\n{best}"),
            "there are no results with comparison = spatial+maen; no comparison is called `maen`; did you mean `mean`?",
        ),
        (
            format!("where = {{ task = \"pose\", metric = \"scores\" }}\n{best}"),
            "there are no results with task = pose, metric = scores; no result has metric = `scores`; did you mean `score`?",
        ),
        (
            format!("where = {{ main = \"yes\" }}\n{best}"),
            "there are no results with main = yes; no result has main = `yes`",
        ),
        (
            "best = { expected = [\"alxnet\"] }".to_owned(),
            "pose on data, val score: there is nothing of what should be best; no backbone is called `alxnet`; did you mean \
             `alexnet`?",
        ),
        (
            "best = { expected = [\"vgg16\"] }".to_owned(),
            "pose on data, val score: there is nothing of what should be best",
        ),
        (
            "compare = { first = { backbone = \"vgg61\" }, paired_by = [\"layers\"] }".to_owned(),
            "no two results of backbone = vgg61 and of the others share layers; no backbone is called `vgg61`; did you mean \
             `vgg16`?",
        ),
    ] {
        let judged = known(&claim).unwrap();
        assert_eq!((judged.verdict, judged.evidence.as_str()), (Verdict::NoData, evidence), "{claim}");
    }
    let partial = known("best = { expected = [\"b\", \"alxnet\"] }").unwrap();
    assert_eq!(partial.verdict, Verdict::Holds);
    assert_eq!(partial.missing[1], "no backbone is called `alxnet`; did you mean `alexnet`?");

    for key in [
        "task.training.epochs",
        "loss_network.backbone_config.width",
        "loss_network.spatial.epsilon",
        "run.precision",
    ] {
        known(&format!("where = {{ \"{key}\" = 1 }}\n{best}")).unwrap();
    }
    for (claim, problem) in [
        (
            format!("where = {{ \"task.varian\" = \"lin\" }}\n{best}"),
            "`task.varian` is not a setting in which networks can differ; did you mean `task.variant`?",
        ),
        (
            "compare = { first = { \"run.precison\" = \"fp16\" }, paired_by = [\"layers\"] }".to_owned(),
            "`run.precison` is not a setting in which networks can differ; did you mean `run.precision`?",
        ),
        (
            format!("where = {{ \"loss_network.layers\" = \"1\" }}\n{best}"),
            "`loss_network.layers` is not a setting in which networks can differ; write `layers`",
        ),
        (
            "best = { of = [\"task.varian\"], expected = [\"lin\"] }".to_owned(),
            "`task.varian` is not a setting in which networks can differ; did you mean `task.variant`?",
        ),
    ] {
        assert_eq!(known(&claim).unwrap_err(), format!("configs/claims.toml:1: {problem}"));
    }
}

#[test]
fn pairs_that_share_a_layer_are_compared() {
    let results = Results::new(&["a", "b", "c"]).board("t", true, |backbone, layer| {
        0.5 * layer as f64 + 0.1 * backbone as f64 + 0.01 * (layer * backbone) as f64
    });
    let compare = |first: &str, second: &str| {
        let second = if second.is_empty() {
            String::new()
        } else {
            format!("second = {{ backbone = \"{second}\" }}, ")
        };
        results.verdict(&format!(
            "compare = {{ first = {{ backbone = \"{first}\" }}, {second}paired_by = [\"layer_position\"] }}"
        ))
    };
    assert_eq!(compare("c", "a"), Verdict::Holds);
    assert_eq!(compare("a", "c"), Verdict::DoesNotHold);
    assert_eq!(compare("c", ""), Verdict::Holds);
    assert_eq!(compare("b", "b"), Verdict::Undecided);
    assert_eq!(compare("b", "d"), Verdict::NoData);
}

#[test]
fn scores_of_different_tasks_are_compared_by_rank_alone() {
    let results = Results::new(&["a", "b"])
        .board("t", true, |backbone, layer| 0.1 * backbone as f64 + layer as f64)
        .board("u", true, |backbone, layer| 100.0 * backbone as f64 + layer as f64);
    let claim = "[[claim]]\ntext = \"t\"\nsource = \"s\"\ncompare = { first = { backbone = \"b\" }, paired_by = [\"layer_position\"]";
    let wrong =
        parse(&format!("\n{claim} }}\n")).judge(&results.networks, &results.boards).unwrap_err().to_string();
    assert_eq!(
        wrong,
        "configs/claims.toml:2: scores of t on data, val score and of u on data, val score can't be compared: name task \
         and metric in `where`, or set scale = \"rank\""
    );
    let judged =
        parse(&format!("{claim}, scale = \"rank\" }}")).judge(&results.networks, &results.boards).unwrap();
    assert_eq!(judged[0].verdict, Verdict::Holds);
    assert!(judged[0].evidence.contains("over 8 pairs"), "{}", judged[0].evidence);
}

#[test]
fn correlations_hold_within_their_bounds() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "unknown"];
    let results =
        Results::new(&names).board("t", false, |backbone, layer| -(backbone as f64) - 0.01 * layer as f64);
    let with =
        |bounds: &str| results.verdict(&format!("correlation = {{ with = \"imagenet_top1\", {bounds} }}"));
    assert_eq!(with("at_least = 0.5"), Verdict::Holds);
    assert_eq!(with("at_most = 0.5"), Verdict::DoesNotHold);
    assert_eq!(with("at_most = 0.5, kind = \"kendall\", score = \"mean\""), Verdict::DoesNotHold);
    let judged = results.judge("correlation = { with = \"imagenet_top1\", at_least = 0.0 }");
    assert_eq!(judged.missing, ["ImageNet top-1 of unknown"]);
    assert!(judged.evidence.contains("12 points"), "{}", judged.evidence);
    // Nothing to do with each other.
    let noise = Results::new(&names).board("t", true, |backbone, _| (backbone * 7 % 12) as f64);
    let weak = "correlation = { with = \"imagenet_top1\", at_least = -0.3, at_most = 0.3 }";
    assert_eq!(noise.verdict(weak), Verdict::Undecided);
    assert_eq!(noise.verdict("correlation = { with = \"parameters\", at_most = 0.3 }"), Verdict::NoData);
}

#[test]
fn rankings_of_two_tasks_are_compared() {
    let names = ["a", "b", "c", "d"];
    let score = |backbone: usize, layer: usize| (backbone * 4 + layer) as f64;
    let results =
        Results::new(&names).board("t", true, score).board("u", false, score).board("v", true, score);
    let with = |task: &str| {
        results.verdict(&format!(
            "ranking_correlation = {{ first = {{ task = \"t\" }}, second = {{ task = \"{task}\" }}, at_least = 0.5 }}"
        ))
    };
    assert_eq!((with("v"), with("u"), with("w")), (Verdict::Holds, Verdict::DoesNotHold, Verdict::NoData));
}

#[test]
fn mean_ranks_need_a_critical_difference() {
    let names = ["a", "b", "c"];
    let clear = |backbone: usize, _: usize| backbone as f64;
    let results = |boards: usize| {
        (0..boards)
            .fold(Results::new(&names), |results, board| results.board(&format!("t{board}"), true, clear))
    };
    let best = "mean_rank = { expected = [\"c\"] }";
    // Three networks differ by one rank: the critical difference is 2.343 · √(12 / 6N), Demšar's table 5.
    assert_eq!((results(8).verdict(best), results(12).verdict(best)), (Verdict::Undecided, Verdict::Holds));
    assert_eq!(results(12).verdict("mean_rank = { expected = [\"a\", \"b\"] }"), Verdict::DoesNotHold);
    assert_eq!(results(1).verdict(best), Verdict::NoData);
}

#[test]
fn trends_over_layers_are_those_within_backbones() {
    let names = ["a", "b", "c", "d"];
    // The deeper the worse, but backbones differ more.
    let early =
        Results::new(&names).board("t", true, |backbone, layer| 10.0 * backbone as f64 - layer as f64);
    assert_eq!(early.verdict("layer_trend = { at_most = 0.0 }"), Verdict::Holds);
    assert_eq!(early.verdict("layer_trend = { at_least = 0.5 }"), Verdict::DoesNotHold);
    let judged = early.judge("layer_trend = { at_least = 0.5 }");
    assert!(
        judged.evidence.contains("-1.0000") && judged.evidence.contains("in 0 of them"),
        "{}",
        judged.evidence
    );
}

#[test]
fn the_choice_that_changes_scores_more_is_more_important() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let layers =
        Results::new(&names).board("t", true, |backbone, layer| backbone as f64 + 10.0 * layer as f64);
    let backbones =
        Results::new(&names).board("t", true, |backbone, layer| 10.0 * backbone as f64 + layer as f64);
    assert_eq!(layers.verdict("importance = {}"), Verdict::Holds);
    assert_eq!(backbones.verdict("importance = {}"), Verdict::DoesNotHold);
    let turned = "importance = { of = \"backbone\", than = \"layer_position\" }";
    assert_eq!(backbones.verdict(turned), Verdict::Holds);
}

#[test]
fn wrong_files_are_named_by_line() {
    let claim = "[[claim]]\ntext = \"t\"\nsource = \"s\"\n";
    let cases = [
        (String::new(), "configs/claims.toml:1: there are no claims: write a [[claim]] for each"),
        (
            format!("# x\n{claim}"),
            "configs/claims.toml:2: a claim has exactly one check: best, compare, correlation, ranking_correlation, \
             mean_rank, layer_trend or importance",
        ),
        (
            format!("{claim}importance = {{}}\nlayer_trend = {{ at_most = 0.5 }}"),
            "configs/claims.toml:1: a claim has exactly one",
        ),
        (
            format!("{claim}wher = {{}}"),
            "configs/claims.toml:4: unknown field `wher`, expected one of `text`, `source`",
        ),
        (
            format!("{claim}where = {{ tsk = \"t\" }}\nimportance = {{}}"),
            "configs/claims.toml:4: results have no column `tsk`; did you mean `task`?",
        ),
        (
            format!("{claim}where = {{ task = [] }}\nimportance = {{}}"),
            "configs/claims.toml:4: invalid length 0, expected at least one value",
        ),
        (
            format!("{claim}correlation = {{ with = \"imagenet_top1\" }}"),
            "configs/claims.toml:1: a correlation needs at_least or at_most",
        ),
        (
            format!("{claim}correlation = {{ with = \"top1\", at_most = 0.5 }}"),
            "configs/claims.toml:4: unknown variant `top1`, expected one of `imagenet_top1`",
        ),
        (
            format!("{claim}layer_trend = {{ at_least = 0.5, at_most = 0.1 }}"),
            "configs/claims.toml:1: at_least 0.5 is above at_most 0.1",
        ),
        (
            format!("{claim}layer_trend = {{}}"),
            "configs/claims.toml:1: a layer_trend is a correlation, that of depth and score, from -1 (the deeper, the worse) \
             to 1: it needs at_least or at_most",
        ),
        (
            format!("{claim}best = {{ expected = [] }}"),
            "configs/claims.toml:1: `expected` is empty: name what should be best",
        ),
        (format!("{claim}mean_rank = {{ expected = [] }}"), "configs/claims.toml:1: `expected` is empty"),
        (
            format!("{claim}where = {{ \"tsk.variant\" = \"lin\" }}\nimportance = {{}}"),
            "configs/claims.toml:4: results have no column `tsk.variant`; the dotted key of a setting begins with task., \
             loss_network. or run.",
        ),
        (format!("{claim}importance = {{"), "configs/claims.toml:4: "),
        (
            "[[claim]]\ntext = \"t\"\nimportance = {}".to_owned(),
            "configs/claims.toml:1: missing field `source`",
        ),
    ];
    for (text, sentence) in cases {
        let found = error(&text);
        assert!(found.starts_with(sentence), "{found}\nis not\n{sentence}");
    }
    let missing = Claims::read(Path::new("no/such.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("the claims no/such.toml can't be read: No such file"), "{missing}");
}

#[test]
fn the_paper_s_claims_can_be_read() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/paper/claims.toml"));
    let claims = Claims::read(path).unwrap();
    assert_eq!(claims.len(), 14);
    let judged = claims.judge(&[], &[]).unwrap();
    assert!(
        judged.iter().all(|one| one.verdict == Verdict::NoData && !one.commands.is_empty()),
        "{judged:?}"
    );
    for command in judged.iter().flat_map(|one| &one.commands) {
        let config = command.strip_prefix("lossnet run ").unwrap();
        assert!(Path::new(config).is_file(), "{config}");
    }
}
