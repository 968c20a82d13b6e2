//! Which contenders differ: `lossnet results --pairs` and `--differ` on what a run has left.

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
"loss_network.layers" = [1, 4, 12]
"#;

#[test]
fn contenders_are_tested_against_each_other_on_the_samples_of_a_run() {
    let user = User::new();
    user.write("small.toml", CONFIG);
    user.must(&["run", "small.toml"]);
    let boards = user.json(&["results", "small", "--pairs", "--json"]);
    let [board] = &boards.as_array().unwrap()[..] else { panic!("{boards}") };
    assert_eq!((board["metric"].as_str(), board["split"].as_str()), (Some("2afc_score"), Some("val/mean")));
    let pairs = board["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 3);
    for pair in pairs {
        assert!((0.0..=1.0).contains(&pair["p"].as_f64().unwrap()), "{pair}");
        let [low, high] = [0, 1].map(|end| pair["interval"][end].as_f64().unwrap());
        let difference = pair["difference"].as_f64().unwrap();
        assert!(low <= difference && difference <= high, "{pair}");
    }
    let text = user.must(&["results", "small", "--pairs"]);
    for part in ["On `metric` (synthetic val/mean, 2afc_score)", "95 % interval", "Holm-corrected"] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    let differ = ["squeezenet1_1 · layer 12", "squeezenet1_1 · layer 1"];
    let two = user.json(&["results", "small", "--differ", differ[0], differ[1], "--json"]);
    // Score and accuracy, of the only group and as a mean over groups.
    assert!(
        two.as_array().unwrap().iter().all(|board| board["pairs"].as_array().unwrap().len() == 1),
        "{two}"
    );
    assert!(two.as_array().unwrap().len() >= 2, "{two}");
    let same = ["results", "small", "--differ", differ[0], differ[0]];
    user.refused(&same, &["name two different ones"]);
    let refused = ["results", "small", "--differ", "squeezenet1_1 · layer 12", "squeezenet1_1 · layer 2"];
    user.refused(&refused, &["no contender is called `squeezenet1_1 · layer 2`", "squeezenet1_1 · layer 1"]);
}
