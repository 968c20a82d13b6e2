use std::sync::Arc;
use std::time::Instant;

use lossnet_plugin_api::prelude::*;

use crate::matlab_file::{Array, compressed, file, tag};
use crate::support::{Internet, Place, all, image};

const FILE: &str = "test_32x32.mat";

/// The value of a pixel of the image of this number, as in `golden/generate.py`.
fn value(number: usize, x: usize, y: usize, channel: usize) -> u8 {
    ((y * 7 + x * 13 + channel * 29 + number * 53) % 251) as u8
}

fn images(count: usize) -> Array {
    let mut data = Vec::new();
    for number in 0..count {
        for channel in 0..3 {
            for x in 0..32 {
                data.extend((0..32).map(|y| value(number, x, y, channel)));
            }
        }
    }
    Array::bytes("X", &[32, 32, 3, count as i32], data)
}

fn labels(values: &[u8]) -> Array {
    Array::bytes("y", &[values.len() as i32, 1], values.to_vec())
}

fn place(bytes: impl AsRef<[u8]>) -> Place {
    let place = Place::new("svhn");
    place.write(FILE, bytes);
    place
}

/// Reads a file of as many samples as labels.
fn read(bytes: impl AsRef<[u8]>, expected: &[f64]) {
    let samples = all(&*place(bytes).open("test"));
    let labels: Vec<_> = samples.iter().map(|sample| sample.field("label").cloned()).collect();
    let expected: Vec<_> = expected.iter().map(|&label| Some(Field::Number(label))).collect();
    assert_eq!(labels, expected);
    for (number, sample) in samples.iter().enumerate() {
        let image = image(sample, "image");
        assert_eq!((image.width, image.height, image.channels), (32, 32, 3));
        for y in 0..32 {
            for x in 0..32 {
                for channel in 0..3 {
                    let found = image.data[(y * 32 + x) * 3 + channel];
                    assert_eq!(found, value(number, x, y, channel), "{number} {x} {y} {channel}");
                }
            }
        }
    }
}

fn refused(bytes: impl AsRef<[u8]>, parts: &[&str]) {
    let place = place(bytes);
    place.refused("test", parts);
    place.refused("test", &[FILE]);
    assert!(!place.path("packed/test.lossnet").exists());
}

#[test]
fn files_that_scipy_wrote_are_read() {
    let digits = [0.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 9.0];
    read(include_bytes!("../golden/compressed.mat"), &digits);
    read(include_bytes!("../golden/plain.mat"), &digits[..2]);
    refused(include_bytes!("../golden/version4.mat"), &["not a MATLAB file of version 5"]);
}

#[test]
fn arrays_may_be_stored_in_other_ways() {
    read(file(&[images(2).compressed(), labels(&[3, 10]).compressed()]), &[3.0, 0.0]);
    // Labels first, of the class double but stored as bytes, in a row; and something else between.
    let mut row = labels(&[1, 2, 3, 4, 5]);
    (row.class, row.shape) = (6, vec![1, 5]);
    let text = Array { class: 4, kind: 16, ..Array::bytes("note", &[1, 3], b"abc".to_vec()) };
    let opaque = Array { class: 17, ..Array::bytes("object", &[1, 1], vec![0]) };
    let elements = [row.element(), text.compressed(), opaque.compressed(), tag(2, 0), images(5).element()];
    read(file(&elements), &[1.0, 2.0, 3.0, 4.0, 5.0]);
    // One image, whose last dimension MATLAB drops.
    let mut one = images(1);
    one.shape.pop();
    read(file(&[one.compressed(), labels(&[7]).compressed()]), &[7.0]);
    let numbers =
        |kind: u32, class: u8, data: Vec<u8>| Array { class, kind, ..Array::bytes("y", &[2, 1], data) };
    for y in [
        numbers(9, 6, [1.0_f64, 10.0].iter().flat_map(|value| value.to_le_bytes()).collect()),
        numbers(7, 7, [1.0_f32, 10.0].iter().flat_map(|value| value.to_le_bytes()).collect()),
        numbers(3, 10, vec![1, 0, 10, 0]),
        numbers(12, 14, [1_i64, 10].iter().flat_map(|value| value.to_le_bytes()).collect()),
    ] {
        read(file(&[images(2).compressed(), y.compressed()]), &[1.0, 0.0]);
    }
}

#[test]
fn a_split_is_unpacked_once_and_again_when_its_file_changes() {
    let place = place(file(&[images(3).compressed(), labels(&[1, 2, 3]).compressed()]));
    let first = all(&*place.open("test"));
    let packed = std::fs::metadata(place.path("packed/test.lossnet")).unwrap().modified().unwrap();
    assert_eq!(first[1].id, "test/000001");
    assert_eq!(all(&*place.open("test")), first);
    assert_eq!(std::fs::metadata(place.path("packed/test.lossnet")).unwrap().modified().unwrap(), packed);
    place.write(FILE, file(&[images(2).compressed(), labels(&[4, 5]).compressed()]));
    assert_eq!(place.open("test").len(), 2);
}

#[test]
fn published_files_are_fetched_by_their_sums() {
    let place = Place::new("svhn");
    let bytes = file(&[images(2).compressed(), labels(&[1, 2]).compressed()]);
    let sums = [
        ("train", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        ("test", "eb5a983be6a315427106f1b164d9cef3"),
        ("extra", "a93ce644f1a588dc4d68dda5feec44a7"),
    ];
    for (split, md5) in sums {
        let url = format!("http://ufldl.stanford.edu/housenumbers/{split}_32x32.mat");
        place.refused(split, &[&format!("{split}_32x32.mat"), &url, "lossnet fetch svhn"]);
        let internet = Arc::new(Internet::default().with(&url, bytes.clone()));
        assert_eq!(place.open_with(&internet, "{}", split).unwrap().len(), 2);
        assert_eq!(internet.fetched.lock().unwrap()[0].md5.as_deref(), Some(md5));
        assert_eq!(place.open(split).len(), 2);
    }
    place.refused("val", &["no split `val`", "train, test, extra"]);
}

#[test]
fn other_files_are_told_apart() {
    refused("", &["empty"]);
    refused("not a MATLAB file", &["not a MATLAB file of version 5"]);
    refused(vec![b'x'; 4000], &["not a MATLAB file of version 5"]);
    refused([b"\x89HDF\r\n\x1a\n".as_slice(), &[0; 500]].concat(), &["version 7.3", "-v7"]);
    refused(b"MATLAB 7.3 MAT-file, Platform", &["version 7.3"]);
    let whole = file(&[images(1).compressed()]);
    let mut big_endian = whole.clone();
    big_endian[124..128].copy_from_slice(&[1, 0, b'M', b'I']);
    refused(big_endian, &["big-endian"]);
    refused(&whole[..128], &["`X`", "none of this name among []"]);
    refused(whole, &["`y`", "none of this name among [X]"]);
}

#[test]
fn arrays_that_do_not_fit_are_named() {
    let pair = |x: &Array, y: &Array| file(&[x.compressed(), y.compressed()]);
    let x = images(3);
    refused(pair(&x, &labels(&[1, 2])), &["`y`", "2×1 labels for 3 images"]);
    refused(pair(&x, &labels(&[1, 0, 3])), &["`y`", "label number 1 is 0"]);
    refused(pair(&x, &labels(&[1, 2, 11])), &["`y`", "label number 2 is 11"]);
    let fractions: Vec<u8> = [1.0, 2.5, f64::NAN].iter().flat_map(|value| value.to_le_bytes()).collect();
    refused(pair(&x, &Array { kind: 9, data: fractions, ..labels(&[0; 3]) }), &["label number 1 is 2.5"]);
    refused(pair(&Array { shape: vec![16, 64, 3, 3], ..x.clone() }, &labels(&[1; 3])), &["`X`", "16×64×3×3"]);
    refused(pair(&Array { shape: vec![32, 32, 9], ..x.clone() }, &labels(&[1; 3])), &["`X`", "32×32×9"]);
    refused(pair(&Array { class: 6, ..x.clone() }, &labels(&[1; 3])), &["`X`", "not of the class uint8"]);
    refused(
        pair(&Array { class: 2, ..x.clone() }, &labels(&[1; 3])),
        &["`X`", "not an array of real numbers"],
    );
    refused(
        pair(&Array { flags: 8, ..x.clone() }, &labels(&[1; 3])),
        &["`X`", "not an array of real numbers"],
    );
    refused(pair(&Array { kind: 77, ..x.clone() }, &labels(&[1; 3])), &["`X`", "unknown type 77"]);
    refused(pair(&images(0), &labels(&[])), &["`X`", "no images"]);
    refused(pair(&Array { shape: vec![-1, 32, 3, 3], ..x }, &labels(&[1; 3])), &["makes no sense"]);
}

#[test]
fn sizes_that_are_only_claimed_take_no_memory() {
    let started = Instant::now();
    // So many images that their bytes overflow, and fewer.
    for count in [i32::MAX, 1_000_000] {
        let x = Array { shape: vec![32, 32, 3, count], ..images(2) };
        let y = Array { shape: vec![count, 1], ..labels(&[1, 2]) };
        refused(file(&[x.compressed(), y.compressed()]), &["`X`", &format!("32×32×3×{count}")]);
    }
    // The values' tag agrees with the shape, and nothing follows.
    let mut element = Array { shape: vec![32, 32, 3, 1_000_000], data: Vec::new(), ..images(1) }.element();
    let end = element.len() - 4;
    element[end..].copy_from_slice(&3_072_000_000_u32.to_le_bytes());
    let y = Array::bytes("y", &[1_000_000, 1], vec![1; 1_000_000]);
    refused(file(&[compressed(&element), y.compressed()]), &["`X`", "32×32×3×1000000 values in"]);
    // Elements longer than the file.
    let mut whole = file(&[images(2).compressed(), labels(&[1, 2]).compressed()]);
    whole[132..136].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(&whole, &["cut off", "bytes are missing"]);
    // A name of gigabytes.
    let mut element = images(1).element();
    element[48..52].copy_from_slice(&1_u32.to_le_bytes());
    element[52..56].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(file(&[compressed(&element)]), &["4294967295 bytes"]);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    let whole = file(&[images(2).compressed(), labels(&[1, 2]).compressed()]);
    for length in (0..whole.len()).step_by(37).chain(whole.len() - 9..whole.len()) {
        refused(&whole[..length], &[]);
    }
    let plain = file(&[images(1).element(), labels(&[1]).element()]);
    for length in (128..plain.len() - 8).step_by(211) {
        refused(&plain[..length], &[]);
    }
}

#[test]
fn no_flipped_byte_in_compressed_data_goes_unnoticed() {
    let whole = file(&[images(1).compressed(), labels(&[6]).compressed()]);
    let place = place(&whole);
    let expected = all(&*place.open("test"));
    let (mut noticed, mut tried) = (0, 0);
    for at in (124..whole.len()).step_by(3) {
        tried += 1;
        let mut damaged = whole.clone();
        damaged[at] ^= 0x04;
        place.write(FILE, damaged);
        match place.open_with(&Arc::new(Internet::default()), "{}", "test") {
            Ok(samples) => assert_eq!(all(&*samples), expected, "byte {at}"),
            Err(error) => {
                assert!(error.to_string().contains(FILE), "{error}");
                noticed += 1;
            }
        }
    }
    assert!(noticed + 5 > tried, "{noticed} of {tried}");
}
