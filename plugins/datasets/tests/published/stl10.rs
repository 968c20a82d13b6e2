use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::support::{Internet, Place, all, image};

const URL: &str = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz";
const BYTES: usize = 3 * 96 * 96;

/// The value of a pixel of the image of this number.
fn value(number: usize, x: usize, y: usize, channel: usize) -> u8 {
    ((x * 3 + y * 5 + channel * 70 + number * 11) % 256) as u8
}

/// Images as they are stored: channel after channel, column after column.
fn images(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        for channel in 0..3 {
            for x in 0..96 {
                bytes.extend((0..96).map(|y| value(number, x, y, channel)));
            }
        }
    }
    bytes
}

fn place() -> Place {
    let place = Place::new("stl10");
    for (name, bytes) in files() {
        place.write(name, bytes);
    }
    place
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("stl10_binary/train_X.bin", images(0..3)),
        ("stl10_binary/train_y.bin", vec![1, 10, 4]),
        ("stl10_binary/test_X.bin", images(10..12)),
        ("stl10_binary/test_y.bin", vec![2, 2]),
        ("stl10_binary/unlabeled_X.bin", images(20..24)),
        ("stl10_binary/fold_indices.txt", b"0 1\n".to_vec()),
    ]
}

#[test]
fn images_and_labels_are_read_by_position() {
    let train = all(&*place().open("train"));
    let labels: Vec<_> = train.iter().map(|sample| sample.field("label").cloned()).collect();
    assert_eq!(labels, [0.0, 9.0, 3.0].map(|label| Some(Field::Number(label))));
    assert_eq!((train[2].id.as_str(), train[2].group.as_str()), ("train/000002", ""));
    for (number, sample) in train.iter().enumerate() {
        let image = image(sample, "image");
        assert_eq!((image.width, image.height, image.channels), (96, 96, 3));
        for (x, y, channel) in [(0, 0, 0), (95, 0, 1), (0, 95, 2), (17, 60, 1), (95, 95, 2)] {
            assert_eq!(
                image.data[(y * 96 + x) * 3 + channel],
                value(number, x, y, channel),
                "{x} {y} {channel}"
            );
        }
    }
    assert_eq!(place().open("test").len(), 2);
}

#[test]
fn what_has_no_label_has_no_field_for_it() {
    let place = place();
    let unlabeled = all(&*place.open("unlabeled"));
    assert_eq!(unlabeled.len(), 4);
    assert!(unlabeled.iter().all(|sample| sample.field("label").is_none()));

    let both = all(&*place.open("train+unlabeled"));
    let seen: Vec<(&str, &str, bool)> = both
        .iter()
        .map(|sample| (sample.id.as_str(), sample.group.as_str(), sample.field("label").is_some()))
        .collect();
    assert_eq!(seen[2..4], [("train/000002", "train", true), ("unlabeled/000000", "unlabeled", false)]);
    assert_eq!(both.len(), 7);
    assert_eq!(both[5].field("image"), unlabeled[2].field("image"));
    place.refused("val", &["no split `val`", "train, test, unlabeled, train+unlabeled"]);
}

#[test]
fn files_that_do_not_fit_are_named() {
    let broken = |name: &str, bytes: &[u8], split: &str, parts: &[&str]| {
        let place = place();
        place.write(name, bytes);
        place.refused(split, parts);
    };
    let (x, y) = ("stl10_binary/train_X.bin", "stl10_binary/train_y.bin");
    broken(x, &images(0..3)[..2 * BYTES + 100], "train", &["train_X.bin", "55396 bytes", "96×96×3"]);
    broken(x, &[], "train", &["train_X.bin", "0 bytes"]);
    broken(x, &images(0..2), "train", &["train_y.bin has 3 labels", "train_X.bin has 2 images"]);
    broken(y, &[], "train", &["train_y.bin has 0 labels"]);
    broken(y, &[1, 0, 2], "train", &["train_y.bin", "0 as label number 1", "1 to 10"]);
    broken(y, &[1, 2, 11], "train+unlabeled", &["train_y.bin", "11 as label number 2"]);
    broken("stl10_binary/unlabeled_X.bin", &[1; 10], "unlabeled", &["unlabeled_X.bin", "10 bytes"]);

    let place = place();
    std::fs::remove_file(place.path(x)).unwrap();
    std::fs::create_dir(place.path(x)).unwrap();
    place.refused("train", &["train_X.bin", "not a file"]);
}

#[test]
fn a_file_that_is_cut_off_while_it_is_read_is_named() {
    let place = place();
    let train = place.open("train");
    place.write("stl10_binary/train_X.bin", &images(0..3)[..BYTES]);
    assert!(train.sample(0).is_ok());
    assert!(train.sample(2).unwrap_err().to_string().contains("train_X.bin"));
}

#[test]
fn the_archive_is_fetched_and_what_was_there_stays() {
    let place = Place::new("stl10");
    place.refused("train", &["stl10_binary.tar.gz", URL, "lossnet fetch stl10"]);
    place.write("stl10_binary/test_X.bin", images(50..51));
    place.write("stl10_binary/test_y.bin", [7]);
    let internet = Arc::new(Internet::default().with_archive(URL, files()));
    assert_eq!(place.open_with(&internet, "{}", "test").unwrap().len(), 1);
    assert_eq!(place.open_with(&internet, "{}", "train").unwrap().len(), 3);
    assert_eq!(place.open_with(&internet, "{}", "unlabeled").unwrap().len(), 4);
    assert_eq!(internet.urls(), [URL]);
    let md5 = internet.fetched.lock().unwrap()[0].md5.clone();
    assert_eq!(md5.as_deref(), Some("91f7769df0f17e558f3565bffb0c7dfb"));
    // By hand, and not replaced by the archive's.
    assert_eq!(place.open("test").len(), 1);
    assert!(!place.path(".stl10_binary.tar.gz.unpacked").exists());

    let place = Place::new("stl10");
    place.open_with(&internet, "{\"verify\": false}", "test").unwrap();
    assert_eq!(internet.fetched.lock().unwrap()[1].md5, None);
}

#[test]
fn another_archive_is_refused() {
    let internet = Arc::new(Internet::default().with_archive(URL, vec![("readme.txt", vec![1])]));
    let error = Place::new("stl10").open_with(&internet, "{}", "test").err().unwrap().to_string();
    assert!(error.contains("stl10_binary.tar.gz holds no stl10_binary/test_X.bin"), "{error}");
}
