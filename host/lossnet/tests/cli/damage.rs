//! Damaged datasets and weights: one sentence each, and nothing half-made is left. And a sweep over the same layout, whole.

use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};

use crate::support::User;

/// A sweep over a folder in the layout of BAPPS.
const SWEEP: &str = r#"
[experiment]
name = "triplets"

[task]
name = "metric"

[data]
name = "bapps"
folder = "bapps"
splits = ["val/traditional", "val/cnn"]

[loss_network]
weights = "random:0"

[run]
device = "cpu"
offline = true

[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1"]
"loss_network.layers" = "paper"
"loss_network.comparison" = ["spatial", "mean", "sort", "spatial+mean", "spatial+sort"]
"#;

/// A file of one 32-bit float, as numpy writes it.
pub(crate) fn npy(value: f32) -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".to_owned();
    // The preamble takes 10 bytes, and all of it together a multiple of 64, the last one a line's end.
    header.push_str(&" ".repeat(128 - 10 - header.len() - 1));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(value.to_le_bytes());
    bytes
}

/// Writes triplets of crops of a photograph: one blurred a little, one much.
fn triplets(user: &User, split: &str, photo: &RgbImage, count: u32) {
    let folder = user.path("bapps/2afc/val").join(split);
    for part in ["ref", "p0", "p1", "judge"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    for number in 0..count {
        let (x, y) = (number * 7 % (photo.width() - 64), number * 11 % (photo.height() - 64));
        let reference = imageops::crop_imm(photo, x, y, 64, 64).to_image();
        let (little, much) = (imageops::blur(&reference, 0.6), imageops::blur(&reference, 1.4));
        let first_is_closer = number % 2 == 0;
        let (p0, p1) = if first_is_closer { (&little, &much) } else { (&much, &little) };
        for (part, picture) in [("ref", &reference), ("p0", p0), ("p1", p1)] {
            picture.save(folder.join(part).join(format!("{number:06}.png"))).unwrap();
        }
        let judge = npy(if first_is_closer { 0.0 } else { 1.0 });
        std::fs::write(folder.join("judge").join(format!("{number:06}.npy")), judge).unwrap();
    }
}

/// Colours that vary from place to place, where no photograph is at hand.
fn pattern() -> RgbImage {
    RgbImage::from_fn(160, 160, |x, y| {
        image::Rgb([(x * 3 % 256) as u8, (y * 5 % 256) as u8, (x * y % 251) as u8])
    })
}

fn bapps(photo: &RgbImage, count: u32) -> User {
    let user = User::new();
    user.write("triplets.toml", SWEEP);
    triplets(&user, "traditional", photo, count);
    triplets(&user, "cnn", photo, count);
    user
}

/// Runs the sweep, which must end with this sentence; says what state the cells are in.
fn broken(user: &User, parts: &[&str]) {
    let done = user.run(&["run", "triplets.toml", "-s", "sweep.loss_network.backbone=[\"alexnet\"]"]);
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    for part in parts {
        assert!(done.err.contains(part), "no `{part}` in {}", done.err);
    }
    let status = user.must(&["status", "triplets"]);
    assert!(status.contains("failed") && status.contains(parts[0]), "{status}");
    for cell in user.names("logs/triplets").iter().filter(|name| name.len() == 16 && !name.contains('.')) {
        let left = user.names(&format!("logs/triplets/{cell}"));
        assert!(!left.contains(&"result.json".to_owned()), "{left:?}");
    }
}

#[test]
fn what_is_wrong_with_a_triplet_is_named_and_fails_its_cells() {
    let file = |user: &User, name: &str| user.path("bapps/2afc/val/traditional").join(name);

    let user = bapps(&pattern(), 4);
    let judge = file(&user, "judge/000002.npy");
    let whole = std::fs::read(&judge).unwrap();
    std::fs::write(&judge, &whole[..whole.len() - 2]).unwrap();
    broken(&user, &["000002.npy"]);

    std::fs::write(&judge, npy(f32::NAN)).unwrap();
    broken(&user, &["000002.npy", "NaN"]);

    std::fs::write(&judge, &whole).unwrap();
    std::fs::remove_file(file(&user, "p1/000003.png")).unwrap();
    broken(&user, &["000003", "p1"]);

    // Mended, the same command goes on.
    std::fs::copy(file(&user, "p0/000003.png"), file(&user, "p1/000003.png")).unwrap();
    user.must(&["run", "triplets.toml", "-s", "sweep.loss_network.backbone=[\"alexnet\"]"]);
}

/// Real photographs beside the project, if they are there.
fn photographs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/set5/x4");
    folder.is_dir().then_some(folder)
}

#[test]
fn a_sweep_over_triplets_of_real_photographs_ranks_less_blur_closer() {
    let photo = match photographs() {
        None => {
            eprintln!("no photographs are beside the project: a pattern is used");
            pattern()
        }
        Some(folder) => {
            let mut files: Vec<PathBuf> =
                std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            image::open(&files[0]).unwrap().to_rgb8()
        }
    };
    let user = bapps(&photo, 6);
    let plan = user.must(&["run", "triplets.toml", "--plan"]);
    assert!(plan.contains("40 cells") && plan.contains("2 groups"), "{plan}");
    user.must(&["run", "triplets.toml"]);
    let rows = user.json(&[
        "results",
        "triplets",
        "--json",
        "--where",
        "metric=2afc_score",
        "--where",
        "split=val/mean",
    ]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 40);
    let spatial: Vec<f64> = rows
        .iter()
        .filter(|row| row["comparison"] == "spatial")
        .map(|row| row["value"].as_f64().unwrap())
        .collect();
    assert_eq!(spatial.len(), 8);
    let mean = spatial.iter().sum::<f64>() / 8.0;
    assert!(mean > 0.9, "position by position, less blur is closer nearly always: {spatial:?}");
}

/// Weights of which all must fit are refused with one sentence, and no output file.
fn weights_refused(user: &User, weights: &Path, parts: &[&str]) {
    let a = user.picture("a.ppm", 64, 1.0);
    let arguments = [
        "features",
        a.to_str().unwrap(),
        "--backbone",
        "squeezenet1_1",
        "--layers",
        "1",
        "--weights",
        weights.to_str().unwrap(),
        "--out",
        "f.safetensors",
        "--check-weights",
        "all",
    ];
    user.refused(&arguments, parts);
    assert!(!user.path("f.safetensors").exists());
}

#[test]
fn weights_that_do_not_fit_list_all_that_does_not() {
    let user = User::new();
    let path = user.path("w.safetensors");
    let (kernel, bias) = (vec![0.5_f32; 64 * 3 * 5 * 5], vec![0.0_f32; 64]);
    let tensors: [(&str, &[i64], &[f32]); 3] = [
        ("features.0.weight", &[64, 3, 5, 5], &kernel),
        ("features.0.bias", &[64], &bias),
        ("features.0.scale", &[64], &bias),
    ];
    lossnet_core::weights::write_safetensors(&path, &tensors, &[]).unwrap();
    // Mis-shaped, extra and missing, all at once.
    weights_refused(
        &user,
        &path,
        &["w.safetensors", "features.0.weight", "features.0.scale", "features.3.squeeze.weight"],
    );

    let whole = std::fs::read(&path).unwrap();
    for kept in [0, 4, 60, whole.len() - 100] {
        std::fs::write(&path, &whole[..kept]).unwrap();
        weights_refused(&user, &path, &["w.safetensors"]);
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights");
    for name in ["zip.pth", "legacy.pth"] {
        let whole = std::fs::read(fixtures.join(name)).unwrap();
        let cut = user.path(&format!("cut-{name}"));
        std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
        weights_refused(&user, &cut, &[&format!("cut-{name}")]);
    }
}

#[test]
fn headers_with_wrong_numbers_are_one_sentence() {
    let user = User::new();
    let sides = ["0", "-1", "4294967295", "18446744073709551615", "99999999999999999999999", "x", "65537"];
    let mut files = Vec::new();
    for format in ["P1", "P2", "P3", "P4", "P5", "P6"] {
        for (number, side) in sides.iter().enumerate() {
            for (place, header) in
                [format!("{side} 2"), format!("2 {side}"), format!("2 2\n{side}")].iter().enumerate()
            {
                let name = format!("{format}-{number}-{place}.ppm");
                user.write(&name, &format!("{format}\n{header}\n255\n0 0 0"));
                files.push(name);
            }
        }
    }
    // One folder, so that one process reads them all: each is told of, and nothing else is printed.
    for folder in ["x", "y"] {
        std::fs::create_dir(user.path(folder)).unwrap();
        for file in &files {
            std::fs::copy(user.path(file), user.path(folder).join(file)).unwrap();
        }
    }
    let network = ["--backbone", "pixels", "--layers", "all", "--json"];
    let done = user.run(&[&["compare", "x", "y"][..], &network].concat());
    assert!(!done.err.contains("panicked at"), "{}", done.err);
    assert_ne!(done.code, 101, "{}", done.err);
}
