//! Files that are no images, or not all of one: one sentence each, that names the file.

#![allow(clippy::unwrap_used)]

use lossnet_plugin_kit::image::{Image, jpeg, read, write_png};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/decode");
    fs_err::read(folder.join(name)).unwrap()
}

/// The message for a file of these bytes, with the folder taken out of it.
fn message(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, bytes).unwrap();
    let message = read(&path).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn files_that_are_no_images_are_named() {
    assert_eq!(message("a.png", b""), "cannot read the image a.png: the file is empty");
    let text = message("a.png", b"not an image at all");
    assert_eq!(text, "cannot read the image a.png: its content is not PNG, JPEG, BMP, TIFF or PNM");
    let gif = message("a.png", b"GIF89a\x01\x00\x01\x00");
    assert!(gif.ends_with("(it looks like Gif)"), "{gif}");
    let missing = read("nowhere/a.png").unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the image nowhere/a.png: "), "{missing}");
    let folder = read(env!("CARGO_MANIFEST_DIR")).unwrap_err().to_string();
    assert!(folder.ends_with("it is a folder, not a file"), "{folder}");
}

#[test]
fn truncated_files_are_refused_wherever_they_end() {
    for name in ["rgb.png", "grey.bmp", "rgb.ppm", "rgb.tiff", "420.jpg", "420_progressive.jpg", "cmyk.jpg"] {
        let whole = fixture(name);
        for share in 1..20 {
            let message = message(name, &whole[..whole.len() * share / 20]);
            assert!(message.starts_with(&format!("cannot read the image {name}: ")), "{message}");
        }
        let message = message(name, &whole[..whole.len() / 2]);
        assert!(message.ends_with("the file is truncated"), "{message}");
    }
}

#[test]
fn no_byte_that_is_wrong_brings_the_reader_down() {
    let folder = tempfile::tempdir().unwrap();
    for name in
        ["rgb.png", "palette.png", "grey.bmp", "rgb.tiff", "rgb_lzw.tiff", "grey.pgm", "420_progressive.jpg"]
    {
        let whole = fixture(name);
        let path: PathBuf = folder.path().join(name);
        for position in (0..whole.len().min(700)).step_by(3) {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x5a;
            fs_err::write(&path, &bytes).unwrap();
            // Damage inside the pixels may go unnoticed; what matters is an answer that names the file.
            if let Err(error) = read(&path) {
                assert!(error.to_string().contains(name), "{error}");
            }
        }
    }
}

#[test]
fn absurd_sizes_are_refused_before_memory_is_taken() {
    let huge = message("huge.pgm", b"P5 4000000000 4000000000 255\n1234");
    assert!(huge.contains("huge.pgm"), "{huge}");
    let large = message("large.pgm", b"P5 60000 60000 255\n1234");
    assert!(large.contains("declares 60000×60000 pixels"), "{large}");
}

#[test]
fn png_files_are_replaced_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    fs_err::write(&path, "old").unwrap();
    let image = Image::rgb(3, 2, (0..18).collect()).unwrap();
    write_png(&path, &image).unwrap();
    assert_eq!(read(&path).unwrap().image, image);
    let missing = write_png(folder.path().join("no/such/a.png"), &image).unwrap_err().to_string();
    assert!(missing.contains("no/such/a.png"), "{missing}");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn jpeg_qualities_outside_are_refused() {
    let image = Image::grey(8, 8, vec![9; 64]).unwrap();
    assert!(jpeg::encode(&image, 90).is_ok());
    assert!(jpeg::encode(&image, 0).unwrap_err().to_string().contains("1..=100"));
}
