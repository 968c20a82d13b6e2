//! `compare` and `features`.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::User;

const RANDOM: [&str; 2] = ["--weights", "random:0"];

fn compare<'a>(a: &'a str, b: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["compare", a, b];
    arguments.extend(RANDOM);
    arguments.extend(more);
    arguments
}

fn user_with_pictures() -> User {
    let user = User::new();
    user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.6);
    user.picture("c.ppm", 64, 0.9);
    user
}

#[test]
fn distances_are_printed_with_layers_and_signature() {
    let user = user_with_pictures();
    let network = ["--backbone", "alexnet", "--layers", "1,features.4", "--json"];
    let far = user.json(&compare("a.ppm", "b.ppm", &network));
    let near = user.json(&compare("a.ppm", "c.ppm", &network));
    let same = user.json(&compare("a.ppm", "a.ppm", &network));
    let distance = |value: &serde_json::Value| value["distance"].as_f64().unwrap();
    assert!(distance(&far) > distance(&near) && distance(&near) > 0.0);
    assert_eq!(distance(&same), 0.0);
    let layers: Vec<&str> =
        far["layers"].as_array().unwrap().iter().map(|layer| layer["layer"].as_str().unwrap()).collect();
    assert_eq!(layers, ["1", "features.4"]);
    let sum: f64 =
        far["layers"].as_array().unwrap().iter().map(|layer| layer["distance"].as_f64().unwrap()).sum();
    assert!((sum - distance(&far)).abs() < 1e-6);
    assert_eq!(far["signature"], near["signature"]);
    assert!(far["signature"].as_str().unwrap().contains("alexnet"));

    // Another comparison is another distance with another signature.
    let mean = user.json(&compare("a.ppm", "b.ppm", &[&network[..], &["--comparison", "mean"]].concat()));
    assert_ne!(mean["signature"], far["signature"]);
    assert!((distance(&mean) - distance(&far)).abs() > 1e-6);
    let sum =
        user.json(&compare("a.ppm", "b.ppm", &[&network[..], &["--comparison", "spatial+mean"]].concat()));
    assert!((distance(&sum) - distance(&mean) - distance(&far)).abs() < 1e-6);
}

#[test]
fn maps_are_pictures_of_the_input_s_size() {
    let user = user_with_pictures();
    user.must(&compare("a.ppm", "b.ppm", &["--backbone", "alexnet", "--layers", "1,4", "--map", "map.png"]));
    let bytes = std::fs::read(user.path("map.png")).unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
}

#[test]
fn maps_without_positions_are_refused() {
    let user = user_with_pictures();
    let more = ["--backbone", "alexnet", "--layers", "1", "--comparison", "spatial+sort", "--map", "map.png"];
    let done = user.run(&compare("a.ppm", "b.ppm", &more));
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(
        done.err.contains("there is no map to draw: with the comparison `spatial+sort`")
            && done.err.contains("leave --map out"),
        "{}",
        done.err
    );
    assert!(!user.path("map.png").exists());
}

#[test]
fn folders_are_compared_pair_by_pair() {
    let user = User::new();
    for (name, green) in [("x/1.ppm", 1.0), ("x/2.ppm", 0.9), ("y/1.ppm", 0.8), ("y/2.ppm", 0.4)] {
        user.picture(name, 64, green);
    }
    let arguments = [
        "compare",
        "--dir",
        "x",
        "--dir",
        "y",
        "--backbone",
        "alexnet",
        "--layers",
        "1",
        "--json",
        "--weights",
        "random:0",
    ];
    let out = user.must(&arguments);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["a"].as_str().unwrap().ends_with("x/1.ppm"));
    assert!(lines[1]["distance"].as_f64().unwrap() > lines[0]["distance"].as_f64().unwrap());
    // The same as one by one.
    let single =
        user.json(&compare("x/2.ppm", "y/2.ppm", &["--backbone", "alexnet", "--layers", "1", "--json"]));
    let (alone, together) = (single["distance"].as_f64().unwrap(), lines[1]["distance"].as_f64().unwrap());
    assert!((alone - together).abs() <= 1e-6 * alone, "{alone} and {together}");

    user.picture("x/3.ppm", 64, 0.5);
    user.refused(&arguments, &["x/3.ppm", "no partner"]);
}

#[test]
fn features_are_named_as_asked() {
    let user = user_with_pictures();
    user.must(&[
        "features",
        "a.ppm",
        "b.ppm",
        "--backbone",
        "resnet18",
        "--layers",
        "2,layer1.0.conv1",
        "--weights",
        "random:0",
        "--out",
        "f.safetensors",
    ]);
    let file = lossnet::weights::WeightsFile::open(Path::new(&user.path("f.safetensors"))).unwrap();
    assert_eq!(file.shape("2").unwrap(), [2, 64, 32, 32]);
    assert_eq!(file.shape("layer1.0.conv1").unwrap(), [2, 64, 16, 16]);
}

#[test]
fn grey_images_are_converted_and_said_once() {
    let user = User::new();
    let mut text = "P2 64 64 255\n".to_owned();
    for value in 0..64 * 64 {
        writeln!(text, "{}", value % 251).unwrap();
    }
    user.write("x/1.pgm", &text);
    user.write("x/2.pgm", &text);
    user.write("y/1.pgm", &text);
    user.write("y/2.pgm", &text);
    let done = user.run(&[
        "compare",
        "--dir",
        "x",
        "--dir",
        "y",
        "--backbone",
        "alexnet",
        "--layers",
        "1",
        "--weights",
        "random:0",
    ]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.err.matches("grey").count(), 1, "{}", done.err);
}

#[test]
fn wrong_input_is_refused_with_a_sentence_and_leaves_nothing() {
    let user = user_with_pictures();
    user.picture("large.ppm", 80, 1.0);
    user.picture("tiny.ppm", 8, 1.0);
    user.write("text.png", "no image");
    user.write("broken.pth", "no weights");
    let before = user.names(".");
    let network = ["--backbone", "alexnet", "--layers", "1"];
    let cases: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (
            compare("a.ppm", "b.ppm", &["--backbone", "alexnett", "--layers", "1"]),
            vec!["alexnett", "alexnet"],
        ),
        (compare("a.ppm", "b.ppm", &["--backbone", "alexnet", "--layers", "13"]), vec!["13", "0 to 12"]),
        (
            compare("a.ppm", "b.ppm", &["--backbone", "alexnet", "--layers", "feature.4"]),
            vec!["feature.4", "features.4"],
        ),
        (
            compare("a.ppm", "b.ppm", &[&network[..], &["--comparison", "spatal"]].concat()),
            vec!["spatal", "spatial"],
        ),
        (compare("a.ppm", "missing.ppm", &network), vec!["missing.ppm"]),
        (compare("a.ppm", "text.png", &network), vec!["text.png"]),
        (compare("a.ppm", "large.ppm", &network), vec!["large.ppm", "64×64", "80×80"]),
        (
            compare("tiny.ppm", "tiny.ppm", &["--backbone", "alexnet", "--layers", "4"]),
            vec!["8×8", "at least"],
        ),
        (compare("a.ppm", "b.ppm", &[&network[..], &["--normalize", "imgnet"]].concat()), vec!["imgnet"]),
        (
            compare("a.ppm", "b.ppm", &[&network[..], &["--epsilon", "none"]].concat()),
            vec!["epsilon", "f-normalize"],
        ),
        (
            vec![
                "compare",
                "a.ppm",
                "b.ppm",
                "--backbone",
                "alexnet",
                "--layers",
                "1",
                "--weights",
                "broken.pth",
            ],
            vec!["broken.pth"],
        ),
        (
            vec![
                "compare",
                "a.ppm",
                "b.ppm",
                "--backbone",
                "alexnet",
                "--layers",
                "1",
                "--weights",
                "IMAGENET1K_V9",
            ],
            vec!["IMAGENET1K_V9", "IMAGENET1K_V1"],
        ),
        (vec!["compare", "a.ppm", "--backbone", "alexnet", "--layers", "1"], vec!["two images"]),
        (
            vec![
                "features",
                "a.ppm",
                "large.ppm",
                "--backbone",
                "alexnet",
                "--layers",
                "1",
                "--weights",
                "random:0",
                "--out",
                "f.safetensors",
            ],
            vec!["large.ppm"],
        ),
        (
            vec![
                "features",
                "a.ppm",
                "--backbone",
                "alexnet",
                "--layers",
                "99",
                "--weights",
                "random:0",
                "--out",
                "f.safetensors",
            ],
            vec!["99"],
        ),
    ];
    for (arguments, parts) in cases {
        user.refused(&arguments, &parts);
    }
    assert_eq!(user.names("."), before, "a refused command left files");
}

#[test]
fn offline_and_without_weights_the_command_that_brings_them_is_named() {
    let user = user_with_pictures();
    user.refused(
        &["compare", "a.ppm", "b.ppm", "--backbone", "alexnet", "--layers", "1", "--offline"],
        &["alexnet-owt-7be5be79.pth", "lossnet fetch"],
    );
}
