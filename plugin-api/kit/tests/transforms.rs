//! Transformed images against those of Pillow, torchvision and scikit-image: `fixtures/transforms/generate.py` made the
//! files. All of them must be equal, without tolerance.

#![allow(clippy::unwrap_used)]

use lossnet_plugin_kit::image::{Image, crop, gaussian_blur, match_histograms, pad_reflect, read, read_grey};
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transforms").join(name)
}

fn stored(name: &str) -> Image {
    read(file(name)).unwrap().image
}

fn source() -> Image {
    stored("../resize/source.png")
}

fn assert_same(found: &Image, expected: &Image, name: &str) {
    assert_eq!((found.width(), found.height()), (expected.width(), expected.height()), "{name}");
    let differences = found.data().iter().zip(expected.data()).map(|(a, b)| a.abs_diff(*b));
    let differing = differences.clone().filter(|difference| *difference > 0).count();
    assert_eq!((differing, differences.max().unwrap()), (0, 0), "{name}");
}

#[test]
fn blurred_images_are_pillows() {
    for (radius, name) in [(0.3, "0.3"), (0.5, "0.5"), (1.0, "1"), (2.0, "2"), (7.3, "7.3")] {
        let found = gaussian_blur(&source(), radius).unwrap();
        assert_same(&found, &stored(&format!("blur_{name}.png")), name);
    }
}

#[test]
fn boxes_wider_than_the_image_repeat_its_edge() {
    let found = gaussian_blur(&read_grey(file("tiny.png")).unwrap(), 4.0).unwrap();
    assert_eq!((found.width(), found.height(), found.channels()), (5, 3, 1));
    assert_same(&found, &read_grey(file("tiny_blur_4.png")).unwrap(), "radius 4");
}

#[test]
fn mirrored_borders_are_torchvisions() {
    let part = crop(&source(), 0, 0, 12, 17).unwrap();
    assert_same(&pad_reflect(&part, 5, 3, 11, 16).unwrap(), &stored("pad_5_3_11_16.png"), "four sides");
    assert_same(&pad_reflect(&part, 0, 6, 1, 0).unwrap(), &stored("pad_0_6_1_0.png"), "two sides");
    // As many pixels as a side has can't be mirrored.
    for (left, top, right, bottom) in [(12, 0, 0, 0), (0, 17, 0, 0), (0, 0, 12, 0), (0, 0, 0, 17)] {
        let message = pad_reflect(&part, left, top, right, bottom).unwrap_err().to_string();
        assert!(
            message.ends_with("of 12×17: each number must be smaller than the image's side"),
            "{message}"
        );
    }
}

#[test]
fn matched_histograms_are_scikit_images() {
    let (source, reference) = (source(), stored("reference.png"));
    assert_same(&match_histograms(&source, &reference).unwrap(), &stored("matched.png"), "to few levels");
    assert_same(
        &match_histograms(&reference, &source).unwrap(),
        &stored("matched_back.png"),
        "to many levels",
    );
}
