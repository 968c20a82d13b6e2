//! All data sets, through the traits that a host uses.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says when it skips"
)]

mod own_data;
mod support;

use std::path::Path;
use std::sync::Arc;

use lossnet_plugin_api::abi::LoadedPlugin;
use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Distortion, crop, distort, read, write_png};

use support::{Fake, npy, open_with, picture, refused};

/// BAPPS in small: two samples of each group of `val` and `jnd`.
fn bapps(root: &Path) {
    for group in ["traditional", "cnn", "superres", "deblur", "color", "frameinterp"] {
        let folder = root.join("2afc/val").join(group);
        for number in ["000000", "000001"] {
            for (name, value) in [("ref", 10), ("p0", 20), ("p1", 30)] {
                picture(&folder.join(name).join(format!("{number}.png")), value);
            }
            npy(&folder.join("judge").join(format!("{number}.npy")), 0.25);
        }
    }
    for group in ["traditional", "cnn"] {
        let folder = root.join("jnd/val").join(group);
        for (name, value) in [("p0", 20), ("p1", 30)] {
            picture(&folder.join(name).join("000000.png"), value);
        }
        npy(&folder.join("same/000000.npy"), 1.0);
    }
}

#[test]
fn bapps_is_read_where_it_was_put_by_hand() {
    let root = tempfile::tempdir().unwrap();
    bapps(root.path());
    let val = open_with("bapps", "{}", root.path(), "val").unwrap();
    assert_eq!(val.len(), 12);
    let sample = val.sample(2).unwrap();
    assert_eq!((sample.id.as_str(), sample.group.as_str()), ("cnn/000000", "cnn"));
    assert_eq!(sample.field("judge"), Some(&Field::Number(0.25)));
    let Some(Field::Image(image)) = sample.field("p1") else { panic!("p1 is an image") };
    assert_eq!((image.width, image.height, image.channels, image.data[0]), (8, 8, 3, 30));
    assert_eq!(open_with("bapps", "{}", root.path(), "val/color").unwrap().len(), 2);
    assert_eq!(open_with("bapps", "{}", root.path(), "jnd").unwrap().len(), 2);
    assert!(refused("bapps", root.path(), "vale").contains("no split `vale`"));
    // The part that is not there would be downloaded.
    assert!(refused("bapps", root.path(), "train").contains("twoafc_train.tar.gz (lossnet fetch bapps)"));
}

#[test]
fn what_is_wrong_with_bapps_is_named() {
    let root = tempfile::tempdir().unwrap();
    let judge = root.path().join("2afc/val/cnn/judge/000001.npy");
    let wrong = |break_it: &dyn Fn(), parts: &[&str]| {
        bapps(root.path());
        break_it();
        let error = refused("bapps", root.path(), "val");
        for part in parts {
            assert!(error.contains(part), "no `{part}` in {error}");
        }
    };
    wrong(&|| npy(&judge, f32::NAN), &["000001.npy", "NaN", "between 0 and 1"]);
    wrong(&|| npy(&judge, 1.5), &["000001.npy", "1.5"]);
    wrong(
        &|| {
            let bytes = std::fs::read(&judge).unwrap();
            std::fs::write(&judge, &bytes[..bytes.len() - 2]).unwrap();
        },
        &["000001.npy", "cut off"],
    );
    wrong(&|| std::fs::write(&judge, "").unwrap(), &["000001.npy"]);
    wrong(&|| std::fs::remove_file(&judge).unwrap(), &["000001", "no partner", "judge"]);
    let image = root.path().join("2afc/val/cnn/p0/000000.png");
    wrong(
        &|| {
            let bytes = std::fs::read(&image).unwrap();
            std::fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
        },
        &["000000.png"],
    );
    wrong(&|| std::fs::write(&image, "").unwrap(), &["000000.png", "empty"]);
}

#[test]
fn generated_samples_are_the_same_every_time_and_judged_by_strength() {
    let folder = Path::new(".");
    for (name, settings, splits) in [
        ("photos", "{\"triplets\": 3}", ["val", "jnd", "views"].as_slice()),
        ("synthetic", "{\"samples\": 16}", &["train", "val", "test", "jnd", "unlabeled", "extra"]),
        ("synthetic", "{\"samples\": 16, \"content\": \"shapes\"}", &["train"]),
        ("synthetic", "{\"samples\": 16, \"content\": \"curves\", \"side\": 32}", &["train"]),
    ] {
        for split in splits {
            let first = open_with(name, settings, folder, split).unwrap();
            let second = open_with(name, settings, folder, split).unwrap();
            let mut ids: Vec<String> = Vec::new();
            for index in (0..first.len()).rev() {
                let sample = first.sample(index).unwrap();
                assert_eq!(sample, second.sample(index).unwrap(), "{name} {split} {index}");
                ids.push(sample.id);
            }
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), first.len(), "ids of {name} {split} are not unique");
        }
    }
}

#[test]
fn the_closer_photo_is_mostly_the_less_distorted_one_in_pixels_too() {
    let photos = open_with("photos", "{\"triplets\": 30}", Path::new("."), "val").unwrap();
    let mut agreed = 0;
    for index in 0..photos.len() {
        let sample = photos.sample(index).unwrap();
        let image = |name: &str| match sample.field(name) {
            Some(Field::Image(image)) => image.clone(),
            other => panic!("{name} is {other:?}"),
        };
        let reference = image("ref");
        assert_eq!((reference.width, reference.height, reference.channels), (64, 64, 3));
        let error = |image: &ImageData| -> f64 {
            image.data.iter().zip(&reference.data).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let Some(Field::Number(judge)) = sample.field("judge") else { panic!("a judge") };
        let closer_is_p0 = error(&image("p0")) < error(&image("p1"));
        agreed += usize::from(closer_is_p0 == (*judge < 0.5));
    }
    // Mostly: both are moved by a pixel, which can weigh more than the distortions' difference.
    let share = agreed * 100 / photos.len();
    assert!((75..97).contains(&share), "{agreed} of {}", photos.len());
}

/// In `views` neither pixels nor colors tell which image shows the same place: that is what features are for.
#[test]
fn pixels_and_colors_hardly_tell_views_of_one_place_from_another() {
    let views = open_with("photos", "{\"triplets\": 60}", Path::new("."), "views").unwrap();
    assert_eq!(views.len(), 5 * 60);
    let (mut by_pixels, mut by_colors, mut first) = (0, 0, 0);
    for index in 0..views.len() {
        let sample = views.sample(index).unwrap();
        let image = |name: &str| match sample.field(name) {
            Some(Field::Image(image)) => image.data.clone(),
            other => panic!("{name} is {other:?}"),
        };
        let (reference, p0, p1) = (image("ref"), image("p0"), image("p1"));
        assert_eq!(reference.len(), 64 * 64 * 3);
        let Some(Field::Number(judge)) = sample.field("judge") else { panic!("a judge") };
        let error = |image: &[u8]| -> f64 {
            image.iter().zip(&reference).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let mean = |image: &[u8], channel: usize| -> f64 {
            image.iter().skip(channel).step_by(3).map(|value| f64::from(*value)).sum::<f64>() / (64.0 * 64.0)
        };
        let color = |image: &[u8]| -> f64 {
            (0..3).map(|channel| (mean(image, channel) - mean(&reference, channel)).abs()).sum()
        };
        first += usize::from(*judge < 0.5);
        by_pixels += usize::from((error(&p0) < error(&p1)) == (*judge < 0.5));
        by_colors += usize::from((color(&p0) < color(&p1)) == (*judge < 0.5));
    }
    let share = |count: usize| count * 100 / views.len();
    assert!((40..60).contains(&share(first)), "{first}");
    assert!((45..80).contains(&share(by_pixels)), "{by_pixels}");
    assert!((40..65).contains(&share(by_colors)), "{by_colors}");
}

#[test]
fn a_kind_of_photos_is_a_part_of_the_whole() {
    let open = |split: &str| open_with("photos", "{\"triplets\": 2}", Path::new("."), split);
    let (whole, part) = (open("val").unwrap(), open("val/blur").unwrap());
    assert_eq!(part.len(), 2);
    let in_whole: Vec<Sample> = (0..whole.len())
        .map(|index| whole.sample(index).unwrap())
        .filter(|sample| sample.group == "blur")
        .collect();
    assert_eq!(in_whole, [part.sample(0).unwrap(), part.sample(1).unwrap()]);
    assert!(open("val/fog").err().unwrap().to_string().contains("no split `val/fog`"));
    let more = open_with("photos", "{\"triplets\": 5}", Path::new("."), "val/blur").unwrap();
    assert_eq!(more.sample(1).unwrap(), part.sample(1).unwrap(), "samples depend on no others");
    let pairs = open("jnd/noise").unwrap();
    assert!(pairs.sample(0).unwrap().field("same").is_some());
}

/// BAPPS's folders from real photographs: what was written is what is read.
#[test]
fn bapps_made_of_photographs_is_read_pixel_by_pixel() {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bsds300_test/orig");
    if !photos.exists() {
        eprintln!("skipped: {} is not here", photos.display());
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(&photos).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut written = Vec::new();
    for group in ["traditional", "cnn"] {
        let folder = root.path().join("jnd/val").join(group);
        for (number, file) in files.iter().take(10).enumerate() {
            let reference = crop(&read(file).unwrap().image, 100, 100, 64, 64).unwrap();
            let distorted = distort(&reference, Distortion::Noise, 0.2, number as u64).unwrap();
            for (name, image) in [("p0", &reference), ("p1", &distorted)] {
                std::fs::create_dir_all(folder.join(name)).unwrap();
                write_png(folder.join(name).join(format!("{number:06}.png")), image).unwrap();
            }
            npy(&folder.join(format!("same/{number:06}.npy")), 0.5);
            written.push([
                Field::Image(reference.into()),
                Field::Image(distorted.into()),
                Field::Number(0.5),
            ]);
        }
    }
    let jnd = open_with("bapps", "{}", root.path(), "jnd").unwrap();
    assert_eq!(jnd.len(), 20);
    for (index, expected) in written.into_iter().enumerate() {
        let fields: Vec<Field> =
            jnd.sample(index).unwrap().fields.into_iter().map(|(_, field)| field).collect();
        assert_eq!(fields, expected, "{index}");
    }
}

/// The shared library that a host loads, which cargo puts beside the tests.
#[test]
fn the_plugin_can_be_loaded_and_opened() {
    let library =
        format!("{}lossnet_plugin_datasets{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = std::env::current_exe().unwrap().parent().unwrap().join(library);
    let plugin = LoadedPlugin::load(&library).unwrap();
    let names: Vec<&str> = plugin.manifest().components.iter().map(|held| held.name.as_str()).collect();
    let linked: Vec<String> = lossnet_plugin_datasets::datasets().iter().map(|held| held.name()).collect();
    assert_eq!(names, linked);
    let request =
        OpenSplit { split: "val".to_owned(), folder: Path::new(".").to_owned(), offline: true, seed: 0 };
    let settings = serde_json::json!({"triplets": 1});
    let loaded = plugin.open_dataset("photos", &settings, &request, Arc::new(Fake::default())).unwrap();
    let linked = open_with("photos", &settings.to_string(), Path::new("."), "val").unwrap();
    assert_eq!(loaded.len(), linked.len());
    assert_eq!(loaded.sample(3).unwrap(), linked.sample(3).unwrap());
    let missing = plugin.open_dataset("bapps", &serde_json::json!({}), &request, Arc::new(Fake::default()));
    assert!(missing.err().unwrap().to_string().contains("twoafc_val.tar.gz (lossnet fetch bapps)"));
}
