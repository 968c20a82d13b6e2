//! BAPPS from its packed files.

use std::sync::Arc;
use std::time::Instant;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Image, encode_png};

use crate::support::{Internet, Place, all};

/// A NumPy file, version 1.0, with one float32.
fn npy(value: f32) -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".to_owned();
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), &value.to_le_bytes()].concat()
}

/// A picture whose pixels are hard to guess from their neighbours, as in a photograph with noise.
fn picture(side: usize, seed: usize) -> Vec<u8> {
    let data = (0..side * side * 3)
        .map(|at| (at / 9 + (at * 2_654_435_761 + seed * 97) % 4096 / 128) as u8)
        .collect();
    encode_png(&Image::rgb(side, side, data).unwrap()).unwrap()
}

fn triplets(place: &Place, group: &str, side: usize, count: usize) {
    for number in 0..count {
        for (seed, part) in ["ref", "p0", "p1"].iter().enumerate() {
            let path = format!("2afc/train/{group}/{part}/{number:06}.png");
            place.write(&path, picture(side, number * 3 + seed));
        }
        place.write(&format!("2afc/train/{group}/judge/{number:06}.npy"), npy(number as f32 / count as f32));
    }
}

#[test]
fn packed_judgements_are_those_of_the_files() {
    let place = Place::new("bapps");
    for group in ["traditional", "cnn", "mix"] {
        triplets(&place, group, 8, 5);
    }
    let open = |settings: &str| all(&*place.open_with(&Arc::default(), settings, "train").unwrap());
    let files = open("{\"packed\": false}");
    assert!(!place.path("packed").exists());
    assert_eq!(files.len(), 15);
    for _ in 0..2 {
        assert_eq!(open("{}"), files);
    }
    // A group's file serves the whole and the part.
    assert!(place.path("packed/train/mix.lossnet").is_file());
    assert_eq!(all(&*place.open("train/mix")), files[10..]);

    // A changed file shows.
    place.write("2afc/train/mix/judge/000002.npy", npy(0.125));
    let changed = open("{}");
    assert_eq!(changed[12].field("judge"), Some(&Field::Number(0.125)));
    assert_eq!(changed, open("{\"packed\": false}"));
    // So does a damaged one, and a removed pair.
    place.write("2afc/train/mix/p0/000001.png", &picture(8, 1)[..50]);
    place.refused("train", &["000001.png"]);
    for part in ["ref", "p0", "p1"] {
        std::fs::remove_file(place.path(&format!("2afc/train/mix/{part}/000001.png"))).unwrap();
    }
    std::fs::remove_file(place.path("2afc/train/mix/judge/000001.npy")).unwrap();
    assert_eq!(open("{}").len(), 14);
}

#[test]
fn a_damaged_packed_file_is_made_anew_and_that_is_said() {
    let place = Place::new("bapps");
    triplets(&place, "cnn", 8, 3);
    let before = all(&*place.open("train/cnn"));
    let packed = place.path("packed/train/cnn.lossnet");
    let bytes = std::fs::read(&packed).unwrap();
    std::fs::write(&packed, &bytes[..bytes.len() - 1]).unwrap();
    let internet = Arc::new(Internet::default());
    assert_eq!(all(&*place.open_with(&internet, "{}", "train/cnn").unwrap()), before);
    let notices = internet.notices.lock().unwrap();
    assert!(notices[0].contains("cnn.lossnet is damaged"), "{notices:?}");
}

/// How fast triplets of BAPPS's size are read: `cargo test -p lossnet-plugin-datasets -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed_of_reading_triplets() {
    let place = Place::new("bapps");
    let count = 2000;
    triplets(&place, "cnn", 64, count);
    let mut size = 0;
    for part in ["ref", "p0", "p1"] {
        let files = std::fs::read_dir(place.path(&format!("2afc/train/cnn/{part}"))).unwrap();
        size += files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>();
    }
    eprintln!("{} bytes per PNG", size / (3 * count as u64));
    let timed = |what: &str, work: &dyn Fn() -> Box<dyn Samples>| {
        let start = Instant::now();
        let samples = work();
        let opened = start.elapsed();
        let start = Instant::now();
        for index in 0..samples.len() {
            samples.sample(index * 7919 % count).unwrap();
        }
        let rate = count as f64 / start.elapsed().as_secs_f64();
        eprintln!("{what}: opened in {:.3} s, then {rate:.0} triplets/s on one thread", opened.as_secs_f64());
    };
    let open = |settings: &str| place.open_with(&Arc::default(), settings, "train/cnn").unwrap();
    timed("files", &|| open("{\"packed\": false}"));
    timed("packed, the first time", &|| open("{}"));
    timed("packed, again", &|| open("{}"));
}
