//! Augmentations against torchvision's with the same drawn parameters: `fixtures/transforms/generate.py` made the files.

#![allow(clippy::unwrap_used)]

use lossnet_plugin_kit::augment::{Extent, Parameters, augment_planes};
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transforms").join(name)
}

/// What the file's writer has drawn: a name of an augmentation and numbers.
fn parameters(name: &str, values: &str) -> Parameters {
    let value = || values.parse().unwrap();
    match name {
        "rotate" => Parameters::Rotate { degrees: value() },
        "translate" => {
            let (right, down) = values.split_once(',').unwrap();
            Parameters::Translate { right: right.parse().unwrap(), down: down.parse().unwrap() }
        }
        "darken" => Parameters::Darken { factor: value() },
        "color" => Parameters::Color { hue: value() },
        "blur" => Parameters::Blur { sigma: value() },
        "zoom_in" => Parameters::ZoomIn { scale: value() },
        name => panic!("what is {name}?"),
    }
}

/// The picture of the file's writer: neighbours always differ.
fn levels(extent: Extent) -> Vec<f32> {
    let mut samples = Vec::with_capacity(extent.samples());
    for channel in 0..extent.channels {
        for y in 0..extent.height {
            samples
                .extend((0..extent.width).map(|x| ((x * 7 + y * 13 + channel * 101) % 256) as f32 / 255.0));
        }
    }
    samples
}

fn to_levels(samples: &[f32]) -> Vec<u8> {
    samples.iter().map(|sample| (sample * 255.0).round() as u8).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn images_are_turned_moved_and_enlarged_as_torchvision_does() {
    let text = fs_err::read_to_string(file("warps.txt")).unwrap();
    let (mut compared, mut others) = (0, String::new());
    for line in text.lines() {
        let [name, height, width, values, sum] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let extent = Extent { channels: 3, height: height.parse().unwrap(), width: width.parse().unwrap() };
        let found = augment_planes(&levels(extent), extent, parameters(name, values)).unwrap();
        let digest = format!("{:x}", Sha256::digest(to_levels(&found)));
        if !digest.starts_with(sum) {
            writeln!(others, "{line}").unwrap();
        }
        compared += 1;
    }
    assert_eq!(others, "", "other pixels");
    assert_eq!(compared, 540);
}

#[test]
fn whole_augmented_images_are_torchvisions() {
    let bytes = fs_err::read(file("augmentations.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let source = stored.tensor("source").unwrap();
    let source_extent =
        Extent { channels: source.shape()[0], height: source.shape()[1], width: source.shape()[2] };
    let source = floats(source.data());
    let mut compared = [0; 2];
    for (key, expected) in stored.iter() {
        let Some((name, values)) = key.split_once('/') else { continue };
        let parameters = parameters(name, values);
        if expected.dtype() == Dtype::U8 {
            let extent = Extent { channels: 1, height: 64, width: 64 };
            let found = to_levels(&augment_planes(&levels(extent), extent, parameters).unwrap());
            let differing = found.iter().zip(expected.data()).filter(|(a, b)| a != b).count();
            assert_eq!(differing, 0, "{key}");
            compared[0] += 1;
        } else {
            let found = augment_planes(&source, source_extent, parameters).unwrap();
            let expected = floats(expected.data());
            assert_eq!(found.len(), expected.len());
            let differences = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            let largest = differences.fold(0.0, f32::max);
            let tolerance = if name == "blur" { 1e-6 } else { 0.0 };
            assert!(largest <= tolerance, "{key}: {largest}");
            compared[1] += 1;
        }
    }
    assert_eq!(compared, [6, 13]);
}
