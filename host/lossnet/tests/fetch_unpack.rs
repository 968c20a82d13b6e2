//! Archives, good and hostile.

#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use lossnet_core::fetch::unpack;
use tar::{EntryType, Header};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Names in the folder, hidden ones included.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn go(archive: &Path, into: &Path) -> Result<(), String> {
    unpack(archive, into, &|_| ()).map_err(|error| error.to_string())
}

/// An entry's bytes, whose name is written as it is: the tar crate would refuse to write a hostile one.
fn entry(name: &str, kind: EntryType, declared: u64, bytes: &[u8], link: &str) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(declared);
    header.set_mode(0o644);
    let raw = header.as_mut_bytes();
    raw[..name.len()].copy_from_slice(name.as_bytes());
    raw[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let mut all = header.as_bytes().to_vec();
    all.extend(bytes);
    all.resize(all.len().next_multiple_of(512), 0);
    all
}

fn file(name: &str, bytes: &[u8]) -> Vec<u8> {
    entry(name, EntryType::Regular, bytes.len() as u64, bytes, "")
}

fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.extend([0; 1024]);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn good() -> [Vec<u8>; 3] {
    [
        entry("set/", EntryType::Directory, 0, b"", ""),
        file("set/a.bin", &[7; 1000]),
        file("./set/deep/b.txt", b"text"),
    ]
}

#[test]
fn all_kinds_of_archive_are_unpacked_and_leave_nothing_else() {
    let plain = tar(&good());
    let kinds = [
        ("x.tar", plain.clone()),
        ("x.tar.gz", gzip(&plain)),
        ("X.TGZ", gzip(&plain)),
        ("x.zip", zip(&[("set/a.bin", &[7; 1000]), ("set/deep/b.txt", b"text")])),
    ];
    for (name, bytes) in kinds {
        let place = Place::new();
        let archive = place.write(name, &bytes);
        let into = place.path("out");
        go(&archive, &into).unwrap();
        assert_eq!(std::fs::read(into.join("set/a.bin")).unwrap(), [7; 1000], "{name}");
        assert_eq!(std::fs::read(into.join("set/deep/b.txt")).unwrap(), b"text", "{name}");
        assert_eq!(place.names().len(), 2, "{name}: {:?}", place.names());
    }
}

#[test]
fn files_that_are_there_are_kept_and_those_of_the_archive_are_added() {
    let place = Place::new();
    let archive = place.write("x.tar", &tar(&good()));
    let into = place.path("out");
    std::fs::create_dir_all(into.join("set")).unwrap();
    std::fs::write(into.join("set/own.txt"), "mine").unwrap();
    std::fs::write(into.join("set/a.bin"), "old").unwrap();
    go(&archive, &into).unwrap();
    assert_eq!(std::fs::read(into.join("set/own.txt")).unwrap(), b"mine");
    assert_eq!(std::fs::read(into.join("set/a.bin")).unwrap(), [7; 1000]);
    assert_eq!(std::fs::read(into.join("set/deep/b.txt")).unwrap(), b"text");
}

#[test]
fn hostile_archives_are_refused_and_nothing_is_written() {
    let link = |kind, name: &str, to: &str| entry(name, kind, 0, b"", to);
    let evil: Vec<(&str, Vec<u8>, &str)> = vec![
        ("up.tar", tar(&[file("set/ok", b"1"), file("../evil", b"x")]), "would leave the folder"),
        ("deep.tar", tar(&[file("set/../../evil", b"x")]), "would leave the folder"),
        ("root.tar", tar(&[file("/tmp/lossnet-evil", b"x")]), "would leave the folder"),
        ("back.tar", tar(&[file("..\\evil", b"x")]), "would leave the folder"),
        (
            "sym.tar",
            tar(&[link(EntryType::Symlink, "out", "/tmp"), file("out/evil", b"x")]),
            "link or device",
        ),
        ("hard.tar", tar(&[link(EntryType::Link, "passwd", "/etc/passwd")]), "link or device"),
        ("fifo.tar", tar(&[link(EntryType::Fifo, "pipe", "")]), "link or device"),
        ("device.tar", tar(&[link(EntryType::Char, "null", "")]), "link or device"),
        ("huge.tar", tar(&[entry("big", EntryType::Regular, 1 << 60, b"x", "")]), "fit on the disk"),
        ("bell.tar", tar(&[file("../\u{1b}[2J", b"x")]), "\\u{1b}[2J"),
        ("up.zip", zip(&[("set/ok", b"1"), ("../evil", b"x")]), "would leave the folder"),
        ("root.zip", zip(&[("/tmp/lossnet-evil", b"x")]), "would leave the folder"),
    ];
    for (name, bytes, words) in evil {
        let place = Place::new();
        std::fs::create_dir(place.path("inner")).unwrap();
        let archive = place.write(name, &bytes);
        let message = go(&archive, &place.path("inner/out")).unwrap_err();
        assert!(message.contains(words) && message.contains(name), "{name}: {message}");
        assert_eq!(place.names().len(), 2, "{name}: {:?}", place.names());
        assert_eq!(std::fs::read_dir(place.path("inner")).unwrap().count(), 0, "{name}");
        assert!(!Path::new("/tmp/lossnet-evil").exists());
    }
}

#[test]
fn a_symbolic_link_in_a_zip_is_refused() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("out", "/tmp", zip::write::SimpleFileOptions::default()).unwrap();
    let place = Place::new();
    let archive = place.write("link.zip", &writer.finish().unwrap().into_inner());
    let message = go(&archive, &place.path("out")).unwrap_err();
    assert!(message.contains("link or device"), "{message}");
}

/// A zip whose directory declares less than its data holds, or more.
#[test]
fn lies_about_sizes_are_noticed() {
    let original = zip(&[("a", &[5; 5000])]);
    let at = original.windows(4).rposition(|window| window == 5000_u32.to_le_bytes()).unwrap();
    for lie in [100_u32, 6000] {
        let place = Place::new();
        let mut bytes = original.clone();
        bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
        let archive = place.write("lie.zip", &bytes);
        go(&archive, &place.path("out")).unwrap_err();
        assert_eq!(place.names(), ["lie.zip"]);
    }
}

#[test]
fn cut_and_damaged_archives_are_refused_and_what_was_there_stays() {
    let bytes =
        gzip(&tar(&[file("a", &[1; 3000]), file("b", &(0..=255).cycle().take(9000).collect::<Vec<u8>>())]));
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let zipped = zip(&[("a", &[1; 3000]), ("b", b"2")]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("half.tgz", bytes[..bytes.len() / 2].to_vec()),
        ("tail.tgz", bytes[..bytes.len() - 3].to_vec()),
        ("flip.tgz", flipped),
        ("cut.tar", tar(&good())[..1400].to_vec()),
        ("cut.zip", zipped[..zipped.len() - 30].to_vec()),
        ("text.tar.gz", b"<html>not found</html>".to_vec()),
        ("empty.zip", Vec::new()),
        ("empty.tar", Vec::new()),
        ("empty.tar.gz", Vec::new()),
        ("x.rar", b"Rar!".to_vec()),
    ];
    for (name, bytes) in cases {
        let place = Place::new();
        std::fs::create_dir(place.path("out")).unwrap();
        std::fs::write(place.path("out/a"), "old").unwrap();
        let archive = place.write(name, &bytes);
        let message = go(&archive, &place.path("out")).unwrap_err();
        assert!(message.contains(name) && !message.contains('\n'), "{name}: {message}");
        assert_eq!(std::fs::read(place.path("out/a")).unwrap(), b"old", "{name}");
        assert_eq!(std::fs::read_dir(place.path("out")).unwrap().count(), 1, "{name}");
        assert_eq!(place.names().len(), 2, "{name}: {:?}", place.names());
    }
    let place = Place::new();
    let message = go(&place.path("absent.zip"), &place.path("out")).unwrap_err();
    assert!(message.contains("absent.zip"), "{message}");
}
