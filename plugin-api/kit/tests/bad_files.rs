//! Files that are not images, or not all of one: one sentence each, that names the file.

#![allow(clippy::unwrap_used)]

use lossnet_plugin_kit::image::{Image, check, jpeg, read, write_png};
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
    assert_eq!(
        text,
        "cannot read the image a.png: its content is not PNG, JPEG, BMP, GIF, TIFF, PNM or WebP"
    );
    let known: [(&[u8], &str); 5] = [
        (b"\0\0\0\x1cftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "a film"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"8BPS\0\x01", "a Photoshop document"),
    ];
    for (bytes, name) in known {
        let text = message("a.png", bytes);
        assert!(text.ends_with(&format!("(it looks like {name}): convert it, for example to PNG")), "{text}");
    }
    let missing = read("nowhere/a.png").unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the image nowhere/a.png: "), "{missing}");
    let folder = read(env!("CARGO_MANIFEST_DIR")).unwrap_err().to_string();
    assert!(folder.ends_with("it is a folder, not a file"), "{folder}");
}

#[test]
fn truncated_files_are_refused_wherever_they_end() {
    for name in [
        "rgb.png",
        "grey.bmp",
        "rgb.ppm",
        "rgb.tiff",
        "420.jpg",
        "420_progressive.jpg",
        "cmyk.jpg",
        "palette.gif",
        "rgb_lossless.webp",
        "rgb_lossy.webp",
    ] {
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
    for name in [
        "rgb.png",
        "palette.png",
        "grey.bmp",
        "rgb.tiff",
        "big.tiff",
        "rgb_lzw.tiff",
        "grey.pgm",
        "420_progressive.jpg",
        "turned.jpg",
        "animated.gif",
        "animated.webp",
        "rgb_lossy.webp",
    ] {
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
fn tiff_files_that_are_not_read_say_why() {
    let whole = fixture("rgb.tiff");
    // The entries of the first directory: 12 bytes each, a tag first and a short value last.
    let changed = |tag: u16, value: u16| {
        let mut bytes = whole.clone();
        let start = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let count = u16::from_le_bytes([bytes[start], bytes[start + 1]]);
        let entry = (0..usize::from(count)).map(|position| start + 2 + position * 12);
        let entry = entry.into_iter().find(|&at| bytes[at..at + 2] == tag.to_le_bytes()).unwrap();
        bytes[entry + 8..entry + 10].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    for (tag, value, what) in
        [(262, 3, "a palette"), (262, 8, "a color in the Lab space"), (259, 50000, "ZSTD compression")]
    {
        let text = message("a.tiff", &changed(tag, value));
        assert_eq!(
            text,
            format!(
                "cannot read the image a.tiff: {what} in TIFF files is not supported; convert the file to 8-bit RGB, for \
                 example a PNG file"
            )
        );
    }
}

#[test]
fn files_are_checked_without_decoding_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rgb.png", "420.jpg", "palette.gif", "rgb_lossless.webp", "grey.bmp", "rgb.tiff", "grey.pgm"]
    {
        let whole = fixture(name);
        let path: PathBuf = folder.path().join(name);
        fs_err::write(&path, &whole).unwrap();
        check(&path).unwrap();
        // What follows the image is not a fault.
        fs_err::write(&path, [whole.as_slice(), b"\0\0"].concat()).unwrap();
        check(&path).unwrap();
        fs_err::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
        let error = check(&path).unwrap_err().to_string();
        assert!(error.contains(name) && error.ends_with("the file is truncated"), "{error}");
    }
    fs_err::write(folder.path().join("a.png"), "").unwrap();
    assert!(check(folder.path().join("a.png")).unwrap_err().to_string().ends_with("the file is empty"));
    assert!(check(folder.path().join("none.png")).is_err());
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
