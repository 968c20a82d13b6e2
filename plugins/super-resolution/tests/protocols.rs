//! The test protocols.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what is skipped is told")]

use std::path::{Path, PathBuf};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Image, matlab_resize, read, read_as_is};
use lossnet_plugin_kit::testing::MemoryRun;
use lossnet_plugin_super_resolution::{
    Case, Protocol, Scores, SuperResolutionSettings, TestProtocol, evaluate, test_sets,
};

/// Real images are not part of the project.
fn images(set: &str) -> Option<Vec<(String, Image)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(set);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no {}", folder.display());
        return None;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let image = |path: &PathBuf| {
        (path.file_stem().unwrap().to_string_lossy().into_owned(), read_as_is(path).unwrap().image)
    };
    Some(paths.iter().map(image).collect())
}

fn sample((id, image): (String, Image)) -> Sample {
    Sample { id, group: String::new(), fields: vec![("image".to_owned(), Field::Image(image.into()))] }
}

/// The standard test of bicubic interpolation in the network's place.
fn bicubic_metrics(set: &str) -> Option<Vec<Metric>> {
    let samples: Vec<Sample> = images(set)?.into_iter().map(sample).collect();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap().with_samples("images:test", samples);
    let settings = SuperResolutionSettings {
        test_protocols: vec![TestProtocol::Standard],
        save_images: 1,
        match_histograms: true,
        ..SuperResolutionSettings::default()
    };
    let bicubic = |image: &Image| Ok(matlab_resize(&image.to_rgb(), image.width() * 4, image.height() * 4)?);
    for set in test_sets(&run).unwrap() {
        evaluate(&set, &settings, &run, &bicubic, None).unwrap();
    }
    let pictures = run.reports().into_iter().filter_map(|report| match report {
        Report::Image { path, .. } => Some(path),
        _ => None,
    });
    let pictures: Vec<PathBuf> = pictures.collect();
    assert!(pictures.len() == 1 && pictures[0].is_file(), "{pictures:?}");
    let first = &images(set)?[0].1;
    let sheet = read(&pictures[0]).unwrap().image;
    assert_eq!((sheet.width(), sheet.height()), (5 * first.width() + 4 * 2, first.height()));
    Some(run.metrics())
}

#[test]
fn bicubic_interpolation_has_its_published_scores() {
    for (set, psnr, ssim) in [("set5/x4", 28.418, 0.8101), ("set14/x4", 25.993, 0.7023)] {
        let Some(metrics) = bicubic_metrics(set) else { continue };
        let value = |name: &str| {
            let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
            assert_eq!(metric.split, "images/standard");
            metric.value
        };
        // As output of the network, of which nothing is known but its levels, and as baseline. Set14 has a grey image,
        // which would add 0.09 dB if it were scored through the RGB formula.
        for prefix in ["", "bicubic_"] {
            let (found_psnr, found_ssim) = (value(&format!("{prefix}psnr")), value(&format!("{prefix}ssim")));
            assert!((found_psnr - psnr).abs() < 0.001, "{set}: {prefix}psnr {found_psnr}");
            assert!((found_ssim - ssim).abs() < 0.0001, "{set}: {prefix}ssim {found_ssim}");
        }
    }
}

/// `golden/center-crop.py` computes the same without lossnet.
#[test]
fn crops_have_the_scores_of_pillow_and_numpy() {
    for (set, psnr, ssim) in [("set5/x4", 29.071_414, 0.838_583), ("set14/x4", 25.698_487, 0.710_832)] {
        let Some(images) = images(set) else { continue };
        let scores: Vec<Scores> = images
            .iter()
            .map(|(_, image)| {
                let case = Case::crop(image, 288, 4, Protocol::Corrected).unwrap();
                case.scores(&case.bicubic, Protocol::Corrected).unwrap()
            })
            .collect();
        let mean = |of: fn(&Scores) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
        let found = [mean(|scores| scores.psnr), mean(|scores| scores.ssim)];
        assert!((found[0] - psnr).abs() < 1e-5 && (found[1] - ssim).abs() < 1e-6, "{set}: {found:?}");
    }
}

/// A picture of smooth colours, or of their green alone.
fn picture(width: usize, height: usize, grey: bool) -> Image {
    let level = |x: usize, y: usize, channel: usize| {
        let (x, y) = (x as f64, y as f64);
        let wave = (x / 3.0 + channel as f64).sin() + (y / (4.0 + channel as f64)).cos();
        (127.5 + 60.0 * wave) as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    if grey {
        Image::grey(width, height, pixels.map(|(x, y)| level(x, y, 1)).collect()).unwrap()
    } else {
        let data = pixels.flat_map(|(x, y)| [0, 1, 2].map(|channel| level(x, y, channel))).collect();
        Image::rgb(width, height, data).unwrap()
    }
}

#[test]
fn the_standard_protocol_cuts_to_a_multiple_and_leaves_a_border_out() {
    let case = Case::standard(&picture(47, 43, false), 4).unwrap();
    assert_eq!((case.target.width(), case.target.height()), (44, 40));
    assert_eq!((case.input.width(), case.input.height()), (11, 10));
    let mut spoilt = case.target.clone();
    for x in 0..44 {
        for y in [0, 3, 36, 39] {
            spoilt.data_mut()[(y * 44 + x) * 3] ^= 128;
        }
    }
    let scores = case.scores(&spoilt, Protocol::Corrected).unwrap();
    assert_eq!((scores.psnr, scores.ssim), (f64::INFINITY, 1.0));
    spoilt.data_mut()[(4 * 44 + 4) * 3] ^= 128;
    assert!(case.scores(&spoilt, Protocol::Corrected).unwrap().psnr < 60.0);
}

#[test]
fn all_of_a_crop_counts() {
    let case = Case::crop(&picture(70, 50, false), 32, 8, Protocol::Corrected).unwrap();
    assert_eq!((case.target.width(), case.target.height(), case.input.width()), (32, 32, 4));
    let mut spoilt = case.target.clone();
    spoilt.data_mut()[0] ^= 128;
    // One red level of 128 too many or too few in 32×32 pixels: 128/255 · 65.481 of luma.
    let expected = 10.0 * (255.0f64.powi(2) * 1024.0 / (128.0 / 255.0 * 65.481_f64).powi(2)).log10();
    let found = case.scores(&spoilt, Protocol::Corrected).unwrap().psnr;
    assert!((found - expected).abs() < 1e-9, "{found} in place of {expected}");
}

/// The twin of `pattern` in scripts/published/super_resolution_numbers.py.
fn pattern(seed: usize, side: usize) -> Image {
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let colour = |(x, y): (usize, usize)| {
        [0, 1, 2].map(|c| ((x * x * (1 + c) + 3 * y * (5 - c) + x * y + 31 * seed) % 256) as u8)
    };
    Image::rgb(side, side, places.flat_map(colour).collect()).unwrap()
}

#[test]
fn published_scores_are_those_of_the_published_test_program() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("golden/published.json")).unwrap();
    let cases = golden["scores"].as_array().unwrap();
    for (seed, expected) in cases.iter().enumerate() {
        let case = Case::crop(&pattern(seed, 64), 64, 4, Protocol::Published).unwrap();
        assert_eq!(case.target, pattern(seed, 64));
        let scores = case.scores(&pattern(seed + 10, 64), Protocol::Published).unwrap();
        for (name, found) in [("psnr", scores.psnr), ("ssim", scores.ssim)] {
            let expected = expected[name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-5, "{name}: {found} instead of {expected}");
        }
    }
    assert_eq!(cases.len(), 3);
}

#[test]
fn the_published_protocol_takes_grey_images_for_rgb_and_scores_whole_images_as_the_other() {
    let grey = picture(70, 50, false).to_grey();
    let [corrected, published] = [Protocol::Corrected, Protocol::Published]
        .map(|protocol| Case::crop(&grey, 32, 4, protocol).unwrap().target.channels());
    assert_eq!((corrected, published), (1, 3));
    let case = Case::standard(&picture(70, 50, false), 4).unwrap();
    let scores = [Protocol::Corrected, Protocol::Published]
        .map(|protocol| case.scores(&case.bicubic, protocol).unwrap());
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn grey_images_are_scored_on_their_own_levels() {
    let case = Case::standard(&picture(40, 40, true), 4).unwrap();
    assert_eq!((case.input.channels(), case.target.channels()), (1, 1));
    // What a network gives is RGB; without colour it has the levels of the grey image.
    for protocol in [Protocol::Corrected, Protocol::Published] {
        let grey = case.scores(&case.bicubic, protocol).unwrap();
        assert_eq!(case.scores(&case.bicubic.to_rgb(), protocol).unwrap(), grey);
        let colored = Case::standard(&picture(40, 40, true).to_rgb(), 4).unwrap();
        let gain = colored.scores(&colored.bicubic, protocol).unwrap().psnr - grey.psnr;
        assert!((gain - 1.32).abs() < 0.2, "{gain}");
    }
}

#[test]
fn images_too_small_for_the_network_are_refused() {
    let error = Case::standard(&picture(60, 39, false), 8).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an image of 60×39 pixels is too small to be tested with the factor 8: each side must have 40 pixels at least"
    );
    assert!(Case::standard(&picture(40, 40, false), 8).is_ok());
}
