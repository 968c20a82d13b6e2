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
    assert_eq!(lines.len(), 3);
    assert!(lines[0]["a"].as_str().unwrap().ends_with("x/1.ppm"));
    assert!(lines[1]["distance"].as_f64().unwrap() > lines[0]["distance"].as_f64().unwrap());
    // The same as one by one.
    let single =
        user.json(&compare("x/2.ppm", "y/2.ppm", &["--backbone", "alexnet", "--layers", "1", "--json"]));
    let (alone, together) = (single["distance"].as_f64().unwrap(), lines[1]["distance"].as_f64().unwrap());
    assert!((alone - together).abs() <= 1e-6 * alone, "{alone} and {together}");

    let [first, second] = [0, 1].map(|pair: usize| lines[pair]["distance"].as_f64().unwrap());
    assert_eq!(lines[2]["mean"].as_f64().unwrap(), f64::midpoint(first, second));
    let deviation = (second - first) / 2.0_f64.sqrt();
    assert!((lines[2]["std"].as_f64().unwrap() - deviation).abs() < 1e-12);
    assert_eq!((lines[2]["pairs"].as_u64(), lines[2]["failed"].as_u64()), (Some(2), Some(0)));
    // Two folders named without --dir are the same.
    let network = ["--backbone", "alexnet", "--layers", "1", "--json"];
    assert_eq!(user.must(&compare("x", "y", &network)), out);

    user.picture("x/3.ppm", 64, 0.5);
    user.refused(&arguments, &["x/3.ppm", "no partner", "--strip"]);
}

/// Layer 1 of AlexNet, in text.
const PLAIN: [&str; 4] = ["--backbone", "alexnet", "--layers", "1"];

#[test]
fn folders_get_a_mean_a_table_and_maps() {
    let user = User::new();
    for number in [1, 2, 10] {
        user.picture(&format!("hr/frame{number}_HR.ppm"), 64, 1.0);
        user.picture(&format!("lr/frame{number}_LR.ppm"), 64, 1.0 / f64::from(number + 1));
    }
    user.picture("lr/._frame1_LR.ppm", 64, 1.0);
    user.refused(
        &compare("hr", "lr", &PLAIN),
        &["frame1_HR.ppm has no partner", "nor have 2 more", "--strip _HR,_LR"],
    );
    let more = ["--strip", "_HR,_LR", "--csv", "out.csv", "--map", "maps"];
    let out = user.must(&compare("hr", "lr", &[&PLAIN[..], &more].concat()));
    let names: Vec<&str> = out.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    // In the order in which people count.
    assert_eq!(names[..3], ["hr/frame1_HR.ppm", "hr/frame2_HR.ppm", "hr/frame10_HR.ppm"], "{out}");
    let distances: Vec<f64> =
        out.lines().take(3).map(|line| line.split("  ").next().unwrap().parse().unwrap()).collect();
    let last = out.lines().last().unwrap();
    let mean: f64 = last.strip_prefix("mean ").unwrap().split("  ").next().unwrap().parse().unwrap();
    assert!((mean - distances.iter().sum::<f64>() / 3.0).abs() < 2e-6 && last.ends_with("n 3"), "{out}");
    assert_eq!(user.names("maps"), ["frame1.png", "frame10.png", "frame2.png"]);
    let table = std::fs::read_to_string(user.path("out.csv")).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 4, "{table}");
    assert_eq!(rows[0], "a,b,distance,layer 1,error");
    assert!(rows[3].starts_with("hr/frame10_HR.ppm,lr/frame10_LR.ppm,0."), "{table}");
    // Nothing but the mean.
    let quiet = user.must(&compare("hr", "lr", &[&PLAIN[..], &["--strip", "_HR,_LR", "-q"]].concat()));
    assert_eq!(quiet.trim_end(), last.strip_prefix("mean ").unwrap().split("  ").next().unwrap());
    // Maps never go where they could replace an image.
    user.refused(
        &compare("hr", "lr", &[&PLAIN[..], &["--strip", "_HR,_LR", "--map", "hr"]].concat()),
        &["hr", "another folder"],
    );
}

#[test]
fn one_image_is_compared_with_many_and_many_with_each_other() {
    let user = User::new();
    for (name, green) in [("x/a.ppm", 1.0), ("x/b.ppm", 0.9), ("x/c.ppm", 0.5)] {
        user.picture(name, 64, green);
    }
    let lines = |arguments: &[&str]| -> Vec<(String, String)> {
        let out = user.must(&[arguments, &PLAIN, &RANDOM].concat());
        let fields = |line: &str| line.split("  ").map(str::to_owned).collect::<Vec<_>>();
        let lines: Vec<Vec<String>> = out.lines().map(fields).collect();
        lines[..lines.len() - 1].iter().map(|line| (line[1].clone(), line[2].clone())).collect()
    };
    let pair = |a: &str, b: &str| (format!("x/{a}.ppm"), format!("x/{b}.ppm"));
    assert_eq!(lines(&["compare", "x/a.ppm", "x"]), [pair("a", "b"), pair("a", "c")]);
    assert_eq!(lines(&["compare", "x", "x/c.ppm"]), [pair("a", "c"), pair("b", "c")]);
    assert_eq!(lines(&["compare", "x/c.ppm", "x/a.ppm", "x/b.ppm"]), [pair("c", "a"), pair("c", "b")]);
    let all = [pair("a", "b"), pair("a", "c"), pair("b", "c")];
    assert_eq!(lines(&["compare", "--all-pairs", "x"]), all);
    assert_eq!(lines(&["compare", "--all-pairs", "x/a.ppm", "x/b.ppm", "x/c.ppm"]), all);
    user.refused(&["compare", "x"], &["one folder", "--all-pairs"]);
}

#[test]
fn a_pair_that_fails_is_told_of_and_the_others_are_compared() {
    let user = User::new();
    for number in 1..=5 {
        user.picture(&format!("x/{number}.ppm"), 64, 1.0);
        user.picture(&format!("y/{number}.ppm"), if number == 3 { 65 } else { 64 }, 0.5);
    }
    user.write("y/5.ppm", "P6 64 64 255\nshort");
    let done = user.run(&compare("x", "y", &[&PLAIN[..], &["--csv", "out.csv"]].concat()));
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.out.contains("x/4.ppm") && done.out.ends_with("n 3\n"), "{}", done.out);
    for part in ["2 of 5 pairs could not be compared", "x/3.ppm is 64×64", "65×65", "y/5.ppm"] {
        assert!(done.err.contains(part), "no {part} in {}", done.err);
    }
    let table = std::fs::read_to_string(user.path("out.csv")).unwrap();
    assert!(table.lines().nth(3).unwrap().contains("images must agree in size"), "{table}");
    let lines = user.run(&compare("x", "y", &[&PLAIN[..], &["--json"]].concat()));
    assert_eq!(lines.code, 3);
    let lines: Vec<serde_json::Value> =
        lines.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[2]["error"].as_str().unwrap().contains("65×65") && lines[2]["a"] == "x/3.ppm");
    assert_eq!((lines[5]["pairs"].as_u64(), lines[5]["failed"].as_u64()), (Some(3), Some(2)));
}

#[test]
fn without_a_network_the_distance_is_lpips_and_quiet_leaves_the_number() {
    let user = user_with_pictures();
    // Its calibration can't be had here, which is how it is known.
    user.refused(&["compare", "a.ppm", "b.ppm", "--offline"], &["lpips-alex"]);
    user.refused(
        &["compare", "a.ppm", "b.ppm", "--layers", "1"],
        &["--layers is for", "--backbone", "lpips-alex"],
    );
    user.refused(
        &["compare", "a.ppm", "b.ppm", "--backbone", "vgg16"],
        &["0 to 30", "lossnet show backbone vgg16"],
    );
    let quiet = user.must(&compare("a.ppm", "b.ppm", &[&PLAIN[..], &["-q"]].concat()));
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
    assert!(quiet.trim_end().parse::<f64>().unwrap() > 0.0);
    // A network with one layer leaves no choice.
    user.must(&["compare", "a.ppm", "b.ppm", "--backbone", "pixels"]);
}

#[test]
fn published_metrics_are_listed_and_shown() {
    let user = User::new();
    let list = user.must(&["list", "metrics"]);
    for name in ["lpips-alex", "lpips-vgg", "lpips-squeeze"] {
        assert!(list.contains(name), "{list}");
    }
    let shown = user.json(&["show", "metric", "lpips-alex", "--json"]);
    assert_eq!(shown["backbone"], "alexnet");
    assert_eq!(shown["layers"], serde_json::json!(["1", "4", "7", "9", "11"]));
    user.refused(&["show", "metric", "lpips-alx"], &["lpips-alx", "lpips-alex"]);
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
    let file = lossnet_core::weights::WeightsFile::open(Path::new(&user.path("f.safetensors"))).unwrap();
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
        (
            vec!["compare", "a.ppm", "--backbone", "alexnet", "--layers", "1"],
            vec!["two images", "one image was given"],
        ),
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
fn offline_and_without_weights_their_place_and_the_command_that_brings_them_are_named() {
    let user = user_with_pictures();
    user.refused(
        &["compare", "a.ppm", "b.ppm", "--backbone", "alexnet", "--layers", "1", "--offline"],
        &["checkpoints/weights/alexnet-owt-7be5be79.pth", "lossnet fetch", "put it there"],
    );
}

#[test]
fn layers_have_the_names_that_papers_give_them() {
    let user = user_with_pictures();
    let distance = |layer: &str, backbone: &str| {
        let arguments = compare("a.ppm", "b.ppm", &["--backbone", backbone, "--layers", layer, "-q"]);
        user.must(&arguments)
    };
    for (backbone, name, dotted) in [
        ("vgg16", "relu3_3", "features.15"),
        ("vgg16", "pool4", "features.23"),
        ("vgg19", "conv5_4", "features.34"),
        ("vgg11_bn", "relu2_1", "features.6"),
        ("vgg11_bn", "bn1_1", "1"),
    ] {
        assert_eq!(distance(name, backbone), distance(dotted, backbone), "{name} of {backbone}");
    }
    let shown = user.must(&["show", "backbone", "vgg16"]);
    assert!(shown.contains("relu3_3") && shown.contains("also"), "{shown}");
    assert!(!user.must(&["show", "backbone", "alexnet"]).contains("also"));
    user.refused(
        &compare("a.ppm", "b.ppm", &["--backbone", "vgg16", "--layers", "relu3_4"]),
        &["relu3_4", "`relu3_3`", "lossnet show backbone vgg16"],
    );
}
