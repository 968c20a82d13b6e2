//! `claims`

use crate::support::User;

const SMALL: &str = r#"
[experiment]
name = "small"

[task]
name = "metric"

[data]
name = "photos"
triplets = 4

[loss_network]
weights = "random:0"

[run]
device = "cpu"

[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1"]
"loss_network.layers" = ["1", "4"]
"#;

const CLAIMS: &str = r#"
[[claim]]
text = "AlexNet is best"
source = "nobody"
where = { main = true }
best = { expected = ["alexnet"], among = ["squeezenet1_1"] }

[[claim]]
text = "or SqueezeNet is"
source = "nobody"
where = { main = true }
best = { expected = ["squeezenet1_1"] }

[[claim]]
text = "VGG-16 is best"
source = "nobody"
where = { main = true, backbone = "vgg16" }
config = ["small.toml"]
best = { expected = ["vgg16"] }
"#;

#[test]
fn statements_are_judged_on_results() {
    let user = User::new();
    user.write("small.toml", SMALL);
    user.write("claims.toml", CLAIMS);
    user.must(&["run", "small.toml"]);
    let judged = user.json(&["claims", "claims.toml", "small", "--json"]);
    let verdicts: Vec<&str> =
        judged.as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    // Whichever is best, not both are.
    assert!(
        matches!(
            verdicts[..2],
            ["holds", "does not hold"] | ["does not hold", "holds"] | ["undecided", "undecided"]
        ),
        "{judged}"
    );
    assert_eq!(verdicts[2], "no data");
    let text = user.must(&["claims", "claims.toml"]);
    assert!(text.contains("no data: VGG-16 is best"), "{text}");
    assert!(text.contains("to make what is missing: lossnet run small.toml"), "{text}");
    assert!(text.contains("3 statements: "), "{text}");
}

#[test]
fn wrong_claims_are_refused() {
    let user = User::new();
    user.write("claims.toml", "[[claim]]\ntext = \"t\"\nsource = \"s\"\nbest = { expectd = [\"vgg16\"] }\n");
    user.refused(&["claims", "claims.toml"], &["claims.toml:4", "unknown field `expectd`"]);
    user.write("keys.toml", &CLAIMS.replace("backbone = \"vgg16\"", "\"task.varian\" = \"lin\""));
    user.refused(&["claims", "keys.toml"], &["keys.toml:14", "`task.varian`", "`task.variant`"]);
    user.write("names.toml", &CLAIMS.replace("backbone = \"vgg16\"", "backbone = \"alxnet\""));
    let said = user.must(&["claims", "names.toml"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("no backbone is called `alxnet`; did you mean `alexnet`?"), "{said}");
    user.refused(&["claims", "none.toml"], &["the claims none.toml can't be read"]);
    user.write("claims.toml", CLAIMS);
    user.refused(&["claims", "claims.toml", "small"], &["there is no experiment `small`"]);
}
