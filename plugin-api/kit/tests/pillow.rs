//! Pixels against Pillow's: `fixtures/generate.py` made the files. All of them must be equal, without tolerance.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use lossnet_plugin_kit::image::{ColorMode, Filter, Image, read, resize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn difference(a: &Image, b: &Image) -> (usize, u8) {
    let differences = a.data().iter().zip(b.data()).map(|(a, b)| a.abs_diff(*b));
    (differences.clone().filter(|difference| *difference > 0).count(), differences.max().unwrap())
}

#[test]
fn every_form_of_file_is_read_as_pillow_reads_it() {
    let mut read_files = 0;
    for path in files(&fixtures().join("decode")) {
        let expected = path.with_file_name(format!("{}.expected.png", name(&path)));
        if !expected.exists() {
            continue;
        }
        let (found, expected) = (read(&path).unwrap().image, read(&expected).unwrap().image);
        assert_eq!((found.width(), found.height()), (33, 21), "{}", name(&path));
        assert_eq!(difference(&found, &expected), (0, 0), "{}", name(&path));
        read_files += 1;
    }
    assert_eq!(read_files, 37);
}

#[test]
fn conversions_are_told() {
    let mode = |name: &str| read(fixtures().join("decode").join(name)).unwrap().converted_from;
    assert_eq!(mode("rgb.png"), None);
    assert_eq!(mode("420.jpg"), None);
    assert_eq!(mode("grey.png"), Some(ColorMode::Grey));
    assert_eq!(mode("grey.jpg"), Some(ColorMode::Grey));
    assert_eq!(mode("grey_alpha.png"), Some(ColorMode::GreyAlpha));
    assert_eq!(mode("rgba.png"), Some(ColorMode::Rgba));
    assert_eq!(mode("palette.png"), Some(ColorMode::Palette));
    assert_eq!(mode("cmyk.jpg"), Some(ColorMode::Cmyk));
    let notes = |name: &str| read(fixtures().join("decode").join(name)).unwrap().notes();
    assert_eq!(notes("rgba.png"), ["opacity was dropped"]);
    assert_eq!(notes("rgb.png"), [""; 0]);
    let first = "it holds several images, of which the first one is read";
    assert_eq!(notes("animated.gif"), ["palette indices were replaced by their colors", first]);
    for name in ["animated.png", "pages.tiff"] {
        assert_eq!(notes(name), [first], "{name}");
    }
    // Pillow writes animated WebP files with opacity.
    assert_eq!(notes("animated.webp"), ["opacity was dropped", first]);
    // One frame is nothing to speak of, and a TIFF file is turned as Pillow turns it.
    assert_eq!(notes("palette.gif").len(), 1);
    assert_eq!(notes("mirrored.tiff"), [""; 0]);
}

#[test]
fn images_are_turned_where_it_is_asked_for() {
    for (name, orientation) in [("turned.jpg", 6), ("turned.png", 8), ("turned.webp", 3)] {
        let path = fixtures().join("decode").join(name);
        let decoded = read(&path).unwrap();
        assert_eq!(decoded.orientation.exif(), orientation, "{name}");
        assert_eq!(decoded.notes(), ["the orientation in its EXIF data is not applied, as Pillow does not"]);
        let upright = decoded.upright();
        let expected = read(path.with_file_name(format!("{name}.upright.png"))).unwrap().image;
        assert_eq!(difference(&upright.image, &expected), (0, 0), "{name}");
        assert_eq!((upright.image.width(), upright.notes().len()), (expected.width(), 0));
    }
}

#[test]
fn resized_images_are_pillows() {
    let source = read(fixtures().join("resize/source.png")).unwrap().image;
    let mut compared = 0;
    for path in files(&fixtures().join("resize")) {
        let name = name(&path);
        let Some((filter, size)) = name.trim_end_matches(".png").split_once('_') else { continue };
        let (width, height) = size.split_once('x').unwrap();
        let filter = Filter::from_name(filter).unwrap();
        let found = resize(&source, width.parse().unwrap(), height.parse().unwrap(), filter).unwrap();
        let expected = read(&path).unwrap().image;
        assert_eq!(difference(&found, &expected), (0, 0), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 42);
}

#[test]
fn photographs_are_read_as_pillow_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bsds300_test/orig");
    if !folder.exists() {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    }
    let sums = fs_err::read_to_string(fixtures().join("bsds300_test.sha256")).unwrap();
    let mut compared = 0;
    for (name, sum) in sums.lines().filter_map(|line| line.split_once(' ')) {
        let image = read(folder.join(name)).unwrap().image;
        let found = format!("{:x}", Sha256::digest(image.data()));
        assert_eq!(found, sum, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 100);
}
