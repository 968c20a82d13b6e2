//! Weights as users have them: with heads of their own, wrapped, of another network, or no network's.

use std::path::Path;

use lossnet_core::weights::write_safetensors;

use crate::support::User;

/// Tensors by name and shape, all of one value.
type Shapes = Vec<(String, Vec<i64>)>;

fn write(path: &Path, tensors: &Shapes) {
    let values: Vec<Vec<f32>> = tensors
        .iter()
        .enumerate()
        .map(|(number, (_, shape))| {
            let count: i64 = shape.iter().product();
            (0..count).map(|index| ((index * 7 + number as i64) % 11) as f32 / 50.0).collect()
        })
        .collect();
    let list: Vec<(&str, &[i64], &[f32])> = tensors
        .iter()
        .zip(&values)
        .map(|((name, shape), values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    write_safetensors(path, &list, &[]).unwrap();
}

/// The tensors of SqueezeNet 1.1's convolutions.
fn squeezenet() -> Shapes {
    let fire = |at: usize, input: i64, squeeze: i64, expand: i64| {
        [("squeeze", squeeze, input, 1), ("expand1x1", expand, squeeze, 1), ("expand3x3", expand, squeeze, 3)]
            .into_iter()
            .flat_map(move |(part, out, input, side)| {
                let name = format!("features.{at}.{part}");
                [
                    (format!("{name}.weight"), vec![out, input, side, side]),
                    (format!("{name}.bias"), vec![out]),
                ]
            })
    };
    let mut tensors: Shapes =
        vec![("features.0.weight".to_owned(), vec![64, 3, 3, 3]), ("features.0.bias".to_owned(), vec![64])];
    for (at, input, squeeze, expand) in [
        (3, 64, 16, 64),
        (4, 128, 16, 64),
        (6, 128, 32, 128),
        (7, 256, 32, 128),
        (9, 256, 48, 192),
        (10, 384, 48, 192),
        (11, 384, 64, 256),
        (12, 512, 64, 256),
    ] {
        tensors.extend(fire(at, input, squeeze, expand));
    }
    tensors
}

fn head(classes: i64) -> Shapes {
    vec![
        ("classifier.1.weight".to_owned(), vec![classes, 512, 1, 1]),
        ("classifier.1.bias".to_owned(), vec![classes]),
    ]
}

fn behind(prefix: &str, tensors: &Shapes) -> Shapes {
    tensors.iter().map(|(name, shape)| (format!("{prefix}{name}"), shape.clone())).collect()
}

fn compare<'a>(backbone: &'a str, weights: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments =
        vec!["compare", "a.ppm", "b.ppm", "--backbone", backbone, "--layers", "4", "--weights", weights];
    arguments.extend(more);
    arguments
}

#[test]
fn what_no_wanted_layer_uses_need_not_fit_and_is_said() {
    let user = User::new();
    user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.6);
    let trunk = squeezenet();
    write(&user.path("whole.safetensors"), &[trunk.clone(), head(1000)].concat());
    write(&user.path("tuned.safetensors"), &[trunk.clone(), head(10)].concat());
    write(&user.path("trunk.safetensors"), &trunk);
    let other = vec![("projector.0.weight".to_owned(), vec![8, 8])];
    write(&user.path("projector.safetensors"), &[trunk.clone(), other].concat());
    for (prefix, name) in [("model.", "model"), ("_orig_mod.module.", "both"), ("state_dict.net.", "net")] {
        let all = [behind(prefix, &trunk), behind(prefix, &head(1000))].concat();
        write(&user.path(&format!("{name}.safetensors")), &all);
    }
    let distance = |weights: &str| {
        let done = user.run(&compare("squeezenet1_1", weights, &["-q"]));
        assert_eq!(done.code, 0, "{weights}: {}", done.err);
        (done.out, done.err)
    };
    let (whole, said) = distance("whole.safetensors");
    assert!(!said.contains("left out"), "{said}");
    for (weights, part) in [
        ("tuned.safetensors", "classifier.1.weight (10×512×1×1 instead of 1000×512×1×1)"),
        ("trunk.safetensors", "2 missing"),
        ("projector.safetensors", "projector.0.weight"),
        ("model.safetensors", "taken out of `model`"),
        ("both.safetensors", "taken out of `_orig_mod.module`"),
        ("net.safetensors", "taken out of `state_dict.net`"),
    ] {
        let (out, said) = distance(weights);
        assert_eq!(out, whole, "{weights}");
        assert!(said.contains(part), "no {part} in {said}");
        assert_eq!(said.matches("note:").count(), 1, "{said}");
    }
    // All must fit where that is asked for.
    user.refused(
        &compare("squeezenet1_1", "tuned.safetensors", &["--check-weights", "all"]),
        &["do not fit", "classifier.1.weight"],
    );
    // What is used must fit in any case.
    user.refused(&compare("squeezenet1_0", "whole.safetensors", &[]), &["they look like `squeezenet1_1`"]);
}

#[test]
fn weights_in_the_wrong_place_are_called_what_they_are() {
    let user = User::new();
    user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.6);
    let trunk = squeezenet();
    write(&user.path("whole.safetensors"), &[trunk, head(1000)].concat());
    let lins: Shapes = [64, 128, 256, 384, 384, 512, 512]
        .iter()
        .enumerate()
        .map(|(layer, channels)| (format!("lin{layer}.model.1.weight"), vec![1, *channels, 1, 1]))
        .collect();
    write(&user.path("lins.safetensors"), &lins);
    user.refused(
        &compare("squeezenet1_1", "lins.safetensors", &[]),
        &["is a calibration in LPIPS's format", "--calibration"],
    );
    let layers = ["--layers", "1,4,7,9,10,11,12"];
    let calibrated = |weights: &'static str, calibration: &'static str| {
        let mut arguments =
            vec!["compare", "a.ppm", "b.ppm", "--backbone", "squeezenet1_1", "--weights", weights];
        arguments.extend(layers);
        arguments.extend(["--calibration", calibration]);
        arguments
    };
    user.refused(
        &calibrated("whole.safetensors", "whole.safetensors"),
        &["is not a calibration", "and 47 more"],
    );
    // A whole metric in one file has its network, too.
    let net = vec![
        ("net.slice1.0.weight".to_owned(), vec![64, 3, 3, 3]),
        ("scaling_layer.shift".to_owned(), vec![1, 3, 1, 1]),
    ];
    write(&user.path("metric.safetensors"), &[lins, net].concat());
    let alone = user.json(&[calibrated("whole.safetensors", "lins.safetensors"), vec!["--json"]].concat());
    let with_net =
        user.json(&[calibrated("whole.safetensors", "metric.safetensors"), vec!["--json"]].concat());
    assert_eq!(alone["distance"], with_net["distance"]);
    // Names are told, not all of them.
    let strange: Shapes = (0..60).map(|number| (format!("block{number}.weight"), vec![1])).collect();
    write(&user.path("strange.safetensors"), &strange);
    let done = user.run(&compare("alexnet", "strange.safetensors", &["--check-weights", "all"]));
    assert_eq!(done.code, 2);
    assert!(done.err.contains("and 55 more") && done.err.len() < 900, "{}", done.err);
}

#[test]
fn another_file_in_pytorch_s_cache_is_named_and_not_used() {
    let user = User::new();
    user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.6);
    let cached = user.write("torch/hub/checkpoints/vgg16-397923af.pth", "half of a download");
    let arguments = ["compare", "a.ppm", "b.ppm", "--backbone", "vgg16", "--layers", "3", "--offline"];
    let not_used = format!("note: {} is not the published file and is not used", cached.display());
    user.refused(
        &arguments,
        &[&not_used, "checkpoints/weights/vgg16-397923af.pth is not there and nothing may be downloaded"],
    );
}

#[test]
fn copies_of_a_network_in_one_file_are_chosen_by_their_keys() {
    let user = User::new();
    user.picture("a.ppm", 64, 1.0);
    user.picture("b.ppm", 64, 0.6);
    let trunk = squeezenet();
    // Both copies of what `write` makes differ, since values go on from tensor to tensor.
    write(
        &user.path("both.safetensors"),
        &[
            behind("params.", &trunk),
            behind("params_ema.", &trunk[1..].to_vec()),
            behind("params_ema.", &trunk[..1].to_vec()),
        ]
        .concat(),
    );
    user.refused(
        &compare("squeezenet1_1", "both.safetensors", &[]),
        &["holds 2 sets of tensors", "`params`, `params_ema`", "both.safetensors#params_ema"],
    );
    let chosen =
        |key: &str| user.must(&compare("squeezenet1_1", &format!("both.safetensors#{key}"), &["-q"]));
    assert_ne!(chosen("params"), chosen("params_ema"));
    user.refused(
        &compare("squeezenet1_1", "both.safetensors#nothing", &[]),
        &["no tensors below the key `nothing`", "`params`, `params_ema`"],
    );
}
