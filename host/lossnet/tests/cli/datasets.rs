//! Every dataset as it is fetched by users, from a server on this machine that has small files in the published places and
//! formats.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use crate::fetch_server::Server;
use crate::support::{Done, User};

type Files = BTreeMap<String, Vec<u8>>;

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(side: u32, value: u8) -> Vec<u8> {
    encoded(RgbImage::from_pixel(side, side, image::Rgb([value; 3])), ImageFormat::Png)
}

pub(crate) fn npy(value: f32) -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".to_owned();
    header.push_str(&" ".repeat(128 - 10 - header.len() - 1));
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), &value.to_le_bytes()].concat()
}

fn tar_gz(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Not `set_path`, which refuses what a hostile archive has.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        archive.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn stl10() -> Vec<(String, Vec<u8>)> {
    let images = |count: usize| vec![7; count * 3 * 96 * 96];
    let files = [
        ("train_X.bin", images(3)),
        ("train_y.bin", vec![1, 2, 10]),
        ("test_X.bin", images(2)),
        ("test_y.bin", vec![3, 3]),
        ("unlabeled_X.bin", images(4)),
    ];
    files.map(|(name, bytes)| (format!("stl10_binary/{name}"), bytes)).to_vec()
}

const STL10: &str = "/~acoates/stl10/stl10_binary.tar.gz";

fn roads(files: &mut Files) {
    let base = "/~vmnih/data/mass_roads";
    for (split, count) in [("train", 3), ("valid", 2), ("test", 1)] {
        for (part, ending) in [("sat", "tiff"), ("map", "tif")] {
            let mut page = vec!["<html><body><a href=\"../index.html\">up</a>\n".to_owned()];
            for number in 0..count {
                let name = format!("{split}{number}_15.{ending}");
                let photograph = || RgbImage::from_pixel(10, 10, image::Rgb([90, 120, number]));
                let map = || GrayImage::from_fn(10, 10, |x, _| image::Luma([255 * u8::from(x == 4)]));
                let tile: DynamicImage = if part == "sat" { photograph().into() } else { map().into() };
                files.insert(format!("{base}/{split}/{part}/{name}"), encoded(tile, ImageFormat::Tiff));
                page.push(format!(
                    "<a href=\"http://www.cs.toronto.edu{base}/{split}/{part}/{name}\">{name}</a><br>\n"
                ));
            }
            files.insert(format!("{base}/{split}/{part}/index.html"), page.concat().into_bytes());
        }
    }
}

fn bapps(files: &mut Files) {
    let triplets = |split: &str, groups: &[&str], parts: &[&str], opinion: &str| {
        let mut entries = Vec::new();
        for group in groups {
            for number in 0..2 {
                for (value, part) in parts.iter().enumerate() {
                    let path = format!("{split}/{group}/{part}/{number:06}.png");
                    entries.push((path, png(64, 10 * (value as u8 + 1) + number)));
                }
                entries.push((format!("{split}/{group}/{opinion}/{number:06}.npy"), npy(0.25)));
            }
        }
        tar_gz(&entries)
    };
    let three = ["ref", "p0", "p1"];
    let val = ["traditional", "cnn", "superres", "deblur", "color", "frameinterp"];
    for (name, archive) in [
        ("twoafc_train", triplets("train", &["traditional", "cnn", "mix"], &three, "judge")),
        ("twoafc_val", triplets("val", &val, &three, "judge")),
        ("jnd", triplets("jnd/val", &["traditional", "cnn"], &three[1..], "same")),
    ] {
        files.insert(format!("/dataset/{name}.tar.gz"), archive);
    }
}

/// What lies on the servers of all datasets.
fn published() -> Files {
    let mut files = Files::new();
    files.insert(STL10.to_owned(), tar_gz(&stl10()));
    for split in ["train", "test", "extra"] {
        let written_by_scipy = include_bytes!("../../../../plugins/datasets/tests/golden/compressed.mat");
        files.insert(format!("/housenumbers/{split}_32x32.mat"), written_by_scipy.to_vec());
    }
    roads(&mut files);
    bapps(&mut files);
    for (split, count) in [("train", 3), ("val", 2), ("test", 1)] {
        let entry = |number: u8| (format!("{split}2014/COCO_{split}2014_{number:012}.jpg"), png(20, number));
        files.insert(format!("/zips/{split}2014.zip"), zip(&(0..count).map(entry).collect::<Vec<_>>()));
    }
    let photographs = ["train/1.jpg", "train/2.jpg", "test/3.jpg"];
    let photographs = photographs.map(|name| (format!("BSDS300/images/{name}"), png(30, 5)));
    files.insert("/Research/Projects/CS/vision/bsds/BSDS300-images.tgz".to_owned(), tar_gz(&photographs));
    for (set, count) in [("Set5", 5), ("Set14", 14)] {
        for factor in [2, 4] {
            for number in 1..=count {
                let name = format!("image_SRF_{factor}/img_{number:03}_SRF_{factor}_HR.png");
                files.insert(format!("/jbhuang0604/SelfExSR/master/data/{set}/{name}"), png(8, number));
            }
        }
    }
    files
}

fn fetch(user: &User, server: &Server, arguments: &[&str]) -> Done {
    let mut command = user.command(&["fetch"]);
    command.args(arguments).env("LOSSNET_MIRROR", server.url(""));
    Done::of(&command.output().unwrap())
}

/// All datasets that are downloaded, and how many samples their splits have here.
const COUNTS: &[(&str, &[&str])] = &[
    ("stl10", &["test: 2", "train: 3", "train+unlabeled: 7", "unlabeled: 4"]),
    ("svhn", &["extra: 12", "test: 12", "train: 12"]),
    ("massachusetts-roads", &["test: 1", "train: 3", "val: 2"]),
    ("coco2014", &["test: 1", "train: 3", "val: 2"]),
    ("bsds300", &["test: 1", "train: 2"]),
    ("set5", &["test: 5"]),
    ("set14", &["test: 14"]),
    ("bapps", &["jnd: 4", "jnd/cnn: 2", "train: 6", "train/mix: 2", "val: 12", "val/frameinterp: 2"]),
];

#[test]
fn all_datasets_are_fetched_from_where_they_were_published_once() {
    let (user, server) = (User::new(), Server::of_files(published()));
    let names = COUNTS.iter().map(|(name, _)| *name);
    // The published sums are not those of small files.
    let arguments: Vec<&str> = names.chain(["-s", "verify=false"]).collect();
    let done = fetch(&user, &server, &arguments);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    for (name, counts) in COUNTS {
        for count in *counts {
            let samples = if count.ends_with(": 1") { "sample" } else { "samples" };
            let line = format!("{name} {count} {samples}");
            let said = done.out.lines().chain(done.err.lines()).any(|said| said == line);
            assert!(said, "no `{line}` in {}{}", done.out, done.err);
        }
    }
    // 1 + 3 archives and files, 6 pages and 12 tiles, 3 + 1 archives, 19 images, 3 archives.
    let asked = server.requests().len();
    assert_eq!(asked, 1 + 3 + 6 + 12 + 3 + 1 + 19 + 3);

    // What is there is not asked for again, and found without a network.
    let again = fetch(&user, &server, &[&arguments[..], &["--check"]].concat());
    assert_eq!((again.code, &again.out), (0, &done.out), "{}", again.err);
    assert_eq!(server.requests().len(), asked);
    for (name, _) in COUNTS {
        let left = user.names(&format!("datasets/{name}"));
        let half_made = left.iter().find(|name| name.contains(".part") || name.contains(".unpacked"));
        assert_eq!(half_made, None, "{left:?}");
    }
}

#[test]
fn what_is_not_there_is_named_where_nothing_may_be_downloaded() {
    let (user, server) = (User::new(), Server::of_files(Files::new()));
    for (name, file, url) in [
        ("stl10", "stl10/stl10_binary.tar.gz", "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"),
        ("svhn", "svhn/train_32x32.mat", "http://ufldl.stanford.edu/housenumbers/train_32x32.mat"),
        (
            "massachusetts-roads",
            "train/sat/index.html",
            "http://www.cs.toronto.edu/~vmnih/data/mass_roads/train/sat/index.html",
        ),
        ("coco2014", "coco2014/train2014.zip", "http://images.cocodataset.org/zips/train2014.zip"),
        (
            "bsds300",
            "bsds300/BSDS300-images.tgz",
            "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/BSDS300-images.tgz",
        ),
        (
            "set5",
            "set5/image_SRF_4/img_001_SRF_4_HR.png",
            "https://raw.githubusercontent.com/jbhuang0604/SelfExSR/master/data/Set5/image_SRF_4/img_001_SRF_4_HR.png",
        ),
        (
            "set14",
            "set14/image_SRF_4/img_001_SRF_4_HR.png",
            "https://raw.githubusercontent.com/jbhuang0604/SelfExSR/master/data/Set14/image_SRF_4/img_001_SRF_4_HR.png",
        ),
    ] {
        for arguments in [[name, "--check"], [name, "--offline"]] {
            let done = fetch(&user, &server, &arguments);
            assert_eq!(done.code, 2, "{arguments:?}: {}{}", done.out, done.err);
            for part in [file, url, &format!("`lossnet fetch {name}`")] {
                assert!(done.err.contains(part), "no `{part}` in {}", done.err);
            }
        }
    }
    assert!(server.requests().is_empty());
    // With a network, what the server lacks is named.
    let done = fetch(&user, &server, &["set5"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("img_001_SRF_4_HR.png") && done.err.contains("404"), "{}", done.err);
}

#[test]
fn other_files_than_the_published_ones_are_refused() {
    let (user, server) = (User::new(), Server::of_files(published()));
    for (name, sum) in
        [("stl10", "91f7769df0f17e558f3565bffb0c7dfb"), ("svhn", "e26dedcc434d2e4c54c9b2d4a06d8373")]
    {
        let done = fetch(&user, &server, &[name]);
        assert_eq!(done.code, 2, "{}{}", done.out, done.err);
        assert!(done.err.contains("not the published file") && done.err.contains(sum), "{}", done.err);
        assert!(user.names(&format!("datasets/{name}")).is_empty());
    }
}

#[test]
fn an_archive_that_would_leave_its_folder_is_refused() {
    for hostile in ["../outside.txt", "/tmp/lossnet-outside.txt", "stl10_binary/../../outside.txt"] {
        let mut entries = stl10();
        entries.insert(2, (hostile.to_owned(), b"outside".to_vec()));
        let server = Server::of_files(Files::from([(STL10.to_owned(), tar_gz(&entries))]));
        let user = User::new();
        let done = fetch(&user, &server, &["stl10", "-s", "verify=false"]);
        assert_eq!(done.code, 2, "{}{}", done.out, done.err);
        assert!(
            done.err.contains("stl10_binary.tar.gz") && done.err.contains("leave the folder"),
            "{}",
            done.err
        );
        assert!(!user.path("datasets/outside.txt").exists() && !user.path("outside.txt").exists());
        assert!(!user.path("datasets/stl10/stl10_binary").exists());
    }
}

#[test]
fn settings_choose_what_is_fetched() {
    let (user, server) = (User::new(), Server::of_files(published()));
    let done = fetch(&user, &server, &["set5", "-s", "data.factor=2"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(user.path("datasets/set5/image_SRF_2/img_005_SRF_2_HR.png").is_file());
    assert!(!user.path("datasets/set5/image_SRF_4").exists());
    user.refused(&["fetch", "set5", "-s", "factor=3"], &["factor", "`2`", "`4`"]);
    user.refused(&["fetch", "set5", "-s", "factory=2"], &["factory", "set"]);
    user.refused(&["fetch", "set5", "-s", "factor"], &["KEY=VALUE"]);
}
