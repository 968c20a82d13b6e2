//! PSNR and SSIM against scikit-image's, and against the published figures of bicubic interpolation.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use lossnet_plugin_kit::image::{Image, crop, matlab_resize, read, read_as_is};
use lossnet_plugin_kit::quality::{Plane, luma, psnr, published_luma, ssim};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[test]
fn measures_are_scikit_images() {
    let text = fs_err::read_to_string(fixtures().join("transforms/measures.json")).unwrap();
    let measures: Value = serde_json::from_str(&text).unwrap();
    let source = read(fixtures().join("resize/source.png")).unwrap().image;
    let mut compared = 0;
    for (name, kinds) in measures.as_object().unwrap() {
        let other = read(fixtures().join(format!("transforms/{name}.png"))).unwrap().image;
        for (kind, expected) in kinds.as_object().unwrap() {
            let plane = |image: &Image| match kind.as_str() {
                "luma" => luma(image),
                "published" => published_luma(image),
                "grey" => luma(&image.to_grey()),
                "rounded" => luma(image).rounded(),
                "shaved" => luma(image).rounded().shaved(4).unwrap(),
                kind => panic!("what is {kind}?"),
            };
            let (a, b) = (plane(&source), plane(&other));
            let found = [psnr(&a, &b, 255.0).unwrap(), ssim(&a, &b, 255.0).unwrap()];
            for (found, expected) in found.into_iter().zip(expected.as_array().unwrap()) {
                let expected = expected.as_f64().unwrap();
                assert!((found - expected).abs() < 1e-9 * expected, "{name}, {kind}: {found} for {expected}");
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
}

/// Every tenth image, for the time that all of them take.
#[test]
fn images_of_bsd100_are_shrunk_to_the_published_ones() {
    for (index, (high, low)) in pairs("bsd100", 10).iter().enumerate() {
        let found = matlab_resize(high, high.width() / 4, high.height() / 4).unwrap();
        assert!(found == *low, "image {}", 10 * index);
    }
}

/// Every `step`th of the high-resolution images of a set with their published low-resolution ones, in the order of their names; nothing
/// where the set is not here.
fn pairs(set: &str, step: usize) -> Vec<(Image, Image)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(set);
    let Ok(entries) = fs_err::read_dir(folder.join("x4")) else {
        eprintln!("skipped: {} is not here", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let low = |path: &Path| path.file_name().unwrap().to_str().unwrap().replace("HR", "LR");
    let read = |path: &Path| read_as_is(path).unwrap().image;
    files.iter().step_by(step).map(|path| (read(path), read(&folder.join("x4_lr").join(low(path))))).collect()
}

fn measured_plane(image: &Image) -> Plane {
    luma(image).rounded().shaved(4).unwrap()
}

/// Shrinks each image, which must give the published low-resolution one, enlarges that and returns the means.
fn bicubic(pairs: &[(Image, Image)]) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for (index, (high, low)) in pairs.iter().enumerate() {
        let (width, height) = (high.width() / 4 * 4, high.height() / 4 * 4);
        let target = crop(high, 0, 0, width, height).unwrap();
        let input = matlab_resize(&target, width / 4, height / 4).unwrap();
        assert!(input == *low, "image {index} is not shrunk to the published pixels");
        let output = matlab_resize(&input, width, height).unwrap();
        let (output, target) = (measured_plane(&output), measured_plane(&target));
        sums[0] += psnr(&output, &target, 255.0).unwrap();
        sums[1] += ssim(&output, &target, 255.0).unwrap();
    }
    sums.map(|sum| sum / pairs.len() as f64)
}

fn assert_published(set: &str, images: usize, expected: [f64; 2]) {
    let pairs = pairs(set, 1);
    if pairs.is_empty() {
        return;
    }
    assert_eq!(pairs.len(), images);
    let [decibels, similarity] = bicubic(&pairs);
    assert!((decibels - expected[0]).abs() < 0.001, "{set}: {decibels} dB for {}", expected[0]);
    assert!((similarity - expected[1]).abs() < 0.0001, "{set}: {similarity} for {}", expected[1]);
}

#[test]
fn bicubic_interpolation_scores_as_published_on_set5() {
    assert_published("set5", 5, [28.418, 0.8101]);
}

#[test]
fn bicubic_interpolation_scores_as_published_on_set14() {
    // One of the 14 is grey and scored on its grey values.
    assert_published("set14", 14, [25.993, 0.7023]);
}

#[test]
#[ignore = "takes half a minute without optimization: cargo test -p lossnet-plugin-kit --test quality -- --ignored"]
fn bicubic_interpolation_scores_as_published_on_bsd100() {
    assert_published("bsd100", 100, [25.957, 0.6672]);
}
