//! What trained weights are good for, shown with a network that has them: the VGG-16 that Oxford published.

use std::path::PathBuf;

use crate::support::User;

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
/// The weights that `cargo xtask test` has made with `xtask/scripts/oxford_vgg16.py`.
fn oxford() -> Option<PathBuf> {
    match std::env::var_os("LOSSNET_TEST_VGG16") {
        Some(path) if !path.is_empty() => Some(path.into()),
        _ => {
            let all = std::env::var("LOSSNET_TEST_ALL").is_ok_and(|all| all == "1");
            assert!(
                !all,
                "LOSSNET_TEST_VGG16 is not set: it names a file that xtask/scripts/oxford_vgg16.py wrote"
            );
            eprintln!(
                "skipped: LOSSNET_TEST_VGG16 names no weights; xtask/scripts/oxford_vgg16.py makes them"
            );
            None
        }
    }
}

/// The quickstart's data tell a network that has learned to see from one that has not.
#[test]
fn a_trained_network_recognizes_places_that_a_random_one_does_not() {
    let Some(weights) = oxford() else { return };
    let user = User::new();
    let config = format!(
        r#"
[experiment]
name = "places"
[task]
name = "metric"
[data]
name = "photos"
splits = ["views"]
triplets = 16
[loss_network]
backbone = "vgg16"
layers = 22
comparison = "spatial"
normalize = "0.48501961,0.45795686,0.40760392/0.00392157,0.00392157,0.00392157"
check_weights = "used"
[sweep]
"loss_network.weights" = ["{}", "random:0"]
"#,
        weights.display()
    );
    user.write("places.toml", &config);
    let done = user.run(&["run", "places.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = user.run(&["results", "places", "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&done.out).unwrap();
    let score = |random: bool| {
        let row = rows.iter().find(|row| {
            let weights = row["weights"].as_str().unwrap_or_default();
            row["metric"] == "2afc_score"
                && row["split"] == "views/mean"
                && weights.starts_with("random") == random
        });
        row.and_then(|row| row["value"].as_f64()).unwrap()
    };
    let (trained, random) = (score(false), score(true));
    assert!(trained > 0.85 && trained > random + 0.15, "trained {trained}, random {random}");
}
