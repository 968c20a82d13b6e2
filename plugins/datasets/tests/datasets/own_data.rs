//! Folders and tables of the user's.

use std::path::Path;
use std::sync::Arc;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Image, write_png};

use crate::support::{Fake, npy, open_for, open_with, picture, refused};

#[test]
fn folders_of_the_user_are_read() {
    let root = tempfile::tempdir().unwrap();
    for (name, value) in [("b.png", 2), ("a.png", 1), ("night/c.png", 3)] {
        picture(&root.path().join(name), value);
    }
    std::fs::write(root.path().join("notes.txt"), "not an image").unwrap();
    let all = open_with("image-folder", "{}", root.path(), "all").unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all.sample(0).unwrap().id, "a");
    assert_eq!(open_with("image-folder", "{}", root.path(), "night").unwrap().len(), 1);
    assert!(refused("image-folder", &root.path().join("nowhere"), "all").contains("nowhere"));
}

#[test]
fn images_of_a_table_outside_of_its_folder_are_told_of() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("table");
    picture(&folder.join("in.png"), 1);
    picture(&root.path().join("out.png"), 2);
    let services = Arc::new(Fake::default());
    std::fs::write(folder.join("images.csv"), "image\nin.png\n").unwrap();
    assert_eq!(open_for(&services, "csv", "{}", &folder, "all").unwrap().len(), 1);
    assert_eq!(*services.notices.lock().unwrap(), [""; 0]);
    let whole = root.path().join("out.png");
    std::fs::write(folder.join("images.csv"), format!("image\nin.png\n../out.png\n{}\n", whole.display()))
        .unwrap();
    for _ in 0..2 {
        assert_eq!(open_for(&services, "csv", "{}", &folder, "all").unwrap().len(), 3);
    }
    let told = services.notices.lock().unwrap().clone();
    assert!(told.len() == 1 && told[0].contains("2 of 3 images lie outside of"), "{told:?}");
}

#[test]
fn what_is_left_out_of_folders_is_told_once() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png", "._a.png"] {
        picture(&root.path().join(name), 1);
    }
    for name in ["c.heic", "d.HEIC", "notes.txt", ".DS_Store"] {
        std::fs::write(root.path().join(name), "x").unwrap();
    }
    let services = Arc::new(Fake::default());
    for _ in 0..2 {
        assert_eq!(open_for(&services, "image-folder", "{}", root.path(), "all").unwrap().len(), 2);
    }
    let told = services.notices.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].ends_with(
            "3 files are left out: 2 .heic (not read here: convert them, for example to PNG), 1 .txt"
        ),
        "{told:?}"
    );
    // Where nothing else is there, that is the error.
    for name in ["a.png", "b.png"] {
        std::fs::remove_file(root.path().join(name)).unwrap();
    }
    let error = refused("image-folder", root.path(), "all");
    assert!(error.contains("there are no images in") && error.contains("2 .heic"), "{error}");

    let pairs = tempfile::tempdir().unwrap();
    for name in ["x/1.png", "y/1.png", "y/._1.png"] {
        picture(&pairs.path().join(name), 5);
    }
    std::fs::write(pairs.path().join("y/1.json"), "x").unwrap();
    let services = Arc::new(Fake::default());
    assert_eq!(open_for(&services, "paired-folder", "{}", pairs.path(), "all").unwrap().len(), 1);
    let told = services.notices.lock().unwrap().clone();
    assert!(told.len() == 1 && told[0].ends_with("y: 1 file is left out: 1 .json"), "{told:?}");
}

#[test]
fn every_ending_that_is_read_is_found_in_folders() {
    let root = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-api/kit/tests/fixtures/decode");
    for (file, name) in [
        ("palette.gif", "1.gif"),
        ("rgb_lossless.webp", "2.webp"),
        ("rgb.jfif", "3.jfif"),
        ("one_bit.pbm", "4.pbm"),
        ("grey.pgm", "5.pnm"),
        ("animated.png", "6.apng"),
        ("big.tiff", "7.tif"),
        ("420.jpg", "8.JPE"),
    ] {
        std::fs::copy(fixtures.join(file), root.path().join(name)).unwrap();
    }
    let services = Arc::new(Fake::default());
    let all = open_for(&services, "image-folder", "{}", root.path(), "all").unwrap();
    assert_eq!(all.len(), 8);
    for index in 0..8 {
        all.sample(index).unwrap();
    }
    // Each kind of conversion is told: palette, several frames, grey.
    let told = services.notices.lock().unwrap().join("\n");
    for part in ["palette indices", "it holds several images", "grey values were repeated"] {
        assert_eq!(told.matches(part).count(), 1, "{part}: {told}");
    }
}

#[test]
fn broken_images_are_found_when_a_folder_is_opened() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        picture(&root.path().join(name), 1);
    }
    let whole = std::fs::read(root.path().join("b.png")).unwrap();
    std::fs::write(root.path().join("b.png"), &whole[..whole.len() / 2]).unwrap();
    let error = open_with("image-folder", "{}", root.path(), "all").err().unwrap().to_string();
    assert!(error.contains("b.png") && error.ends_with("the file is truncated"), "{error}");
}

#[test]
fn images_are_turned_by_their_exif_data_where_that_is_set() {
    let root = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-api/kit/tests/fixtures/decode");
    std::fs::copy(fixtures.join("turned.jpg"), root.path().join("turned.jpg")).unwrap();
    let services = Arc::new(Fake::default());
    let size = |settings: &str| {
        let all = open_for(&services, "image-folder", settings, root.path(), "all").unwrap();
        let Field::Image(image) = all.sample(0).unwrap().fields.remove(0).1 else { panic!("an image") };
        (image.width, image.height)
    };
    assert_eq!(size("{\"exif_orientation\": true}"), (21, 33));
    assert!(services.notices.lock().unwrap().is_empty());
    assert_eq!(size("{}"), (33, 21));
    assert!(services.notices.lock().unwrap()[0].contains("orientation in its EXIF data is not applied"));
}

#[test]
fn flat_folders_are_split_by_fractions() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..20 {
        picture(&root.path().join(format!("{number:02}.png")), number);
    }
    let settings = "{\"split\": {\"train\": 0.8, \"val\": 0.1, \"test\": 0.1}}";
    let ids = |split: &str| {
        let samples = open_with("image-folder", settings, root.path(), split).unwrap();
        (0..samples.len()).map(|index| samples.sample(index).unwrap().id).collect::<Vec<_>>()
    };
    let mut all: Vec<String> = ["train", "val", "test"].iter().flat_map(|split| ids(split)).collect();
    assert_eq!(["train", "val", "test", "all"].map(|split| ids(split).len()), [16, 2, 2, 20]);
    all.sort();
    assert_eq!(all, ids("all"));
    let error = open_with("image-folder", settings, root.path(), "extra").err().unwrap().to_string();
    assert!(error.contains("there is no split `extra`") && error.contains("test, train, val"), "{error}");
    assert!(open_with("image-folder", "{\"split\": {\"train\": 1.5}}", root.path(), "train").is_err());
}

#[test]
fn folders_take_the_fields_that_they_are_given() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..10 {
        for folder in ["original", "a", "b", "other"] {
            picture(&root.path().join(format!("{folder}/{number}.png")), number);
        }
        npy(&root.path().join(format!("votes/{number}.npy")), 0.5);
    }
    let settings = "{\"fields\": {\"ref\": \"original\", \"p0\": \"a\", \"p1\": \"b\", \"judge\": \"votes\"}, \
                    \"split\": {\"train\": 0.7, \"val\": 0.3}}";
    let val = open_with("paired-folder", settings, root.path(), "val").unwrap();
    assert_eq!(val.len(), 3);
    let names: Vec<String> = val.sample(0).unwrap().fields.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["judge", "p0", "p1", "ref"]);
    let wrong = open_with("paired-folder", "{\"fields\": {\"ref\": \"originals\"}}", root.path(), "all");
    let error = wrong.err().unwrap().to_string();
    assert!(error.contains("no folder `originals`") && error.contains("a, b, original"), "{error}");
}

#[test]
fn tables_name_files_and_judgements() {
    let root = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(root.path().join("votes.csv"), text).unwrap();
    for number in 0..4 {
        for folder in ["r", "a", "b"] {
            picture(&root.path().join(format!("{folder}/{number}.png")), number);
        }
    }
    let row = |number: usize, more: &str| format!("r/{number}.png,a/{number}.png,b/{number}.png,{more}\n");
    let rows: Vec<String> = [(0, "3,1,x,train"), (1, "0,4,y,train"), (2, "2,2,x,val"), (3, "1,3,y,val")]
        .map(|(n, m)| row(n, m))
        .into();
    write(&format!("reference,first,second,va,vb,kind,split\n{}", rows.concat()));
    let settings = "{\"fields\": {\"ref\": \"reference\", \"p0\": \"first\", \"p1\": \"second\", \"judge\": [\"va\", \
                    \"vb\"]}, \"group\": \"kind\"}";
    let all = open_with("csv", settings, root.path(), "all").unwrap();
    let judges: Vec<f64> = (0..4)
        .map(|index| match all.sample(index).unwrap().field("judge") {
            Some(Field::Number(value)) => *value,
            other => panic!("judge is {other:?}"),
        })
        .collect();
    assert_eq!(judges, [0.25, 1.0, 0.5, 0.75]);
    let val = open_with("csv", settings, root.path(), "val").unwrap();
    let sample = val.sample(1).unwrap();
    assert_eq!((val.len(), sample.id.as_str(), sample.group.as_str()), (2, "000004", "y"));
    let Some(Field::Image(image)) = sample.field("p1") else { panic!("an image") };
    assert_eq!(image.data[0], 3);
    // A column of counts, of how many people; and semicolons, a byte-order mark and carriage returns, as Excel has them.
    let counted = "{\"fields\": {\"ref\": \"reference\", \"judge\": \"vb\"}, \"votes\": 4}";
    let fraction = |settings: &str| {
        open_with("csv", settings, root.path(), "all").unwrap().sample(1).unwrap().field("judge").cloned()
    };
    assert_eq!(fraction(counted), Some(Field::Number(1.0)));
    write("\u{feff}reference;vb\r\nr/0.png;1\r\nr/1.png;2\r\n");
    assert_eq!(fraction(counted), Some(Field::Number(0.5)));

    let refused = |text: &str, settings: &str, parts: &[&str]| {
        write(text);
        let error = open_with("csv", settings, root.path(), "all").err().unwrap().to_string();
        for part in parts {
            assert!(error.contains(part), "no `{part}` in {error}");
        }
    };
    let judge = "{\"fields\": {\"ref\": \"reference\", \"judge\": \"vb\"}}";
    refused("reference,vb\nr/0.png,3\n", judge, &["votes.csv, line 2", "`vb` is 3", "fraction"]);
    refused("reference,vb\nr/0.png,x\n", judge, &["line 2", "`x`"]);
    refused("reference,vb\nr/0.png\n", judge, &["line 2 has 1 cells, and the first line 2"]);
    refused("reference,vb\nr/0.png,1\nr/9.png,1\n", judge, &["line 3", "there is no file", "r/9.png"]);
    refused("reference,b\nr/0.png,1\n", judge, &["no column `vb`", "reference, b"]);
    refused("reference,vb\n", judge, &["no rows"]);
    std::fs::write(root.path().join("b.csv"), "x").unwrap();
    refused("reference,vb\nr/0.png,1\n", judge, &["several tables", "b.csv, votes.csv", "data.file"]);
}

#[test]
fn paired_folders_need_partners() {
    let root = tempfile::tempdir().unwrap();
    for name in ["x/1.png", "y/1.png", "x/2.png", "y/2.png"] {
        picture(&root.path().join(name), 5);
    }
    npy(&root.path().join("score/1.npy"), 0.5);
    npy(&root.path().join("score/2.npy"), 0.75);
    let pairs = open_with("paired-folder", "{}", root.path(), "all").unwrap();
    assert_eq!(pairs.len(), 2);
    let names: Vec<String> = pairs.sample(1).unwrap().fields.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["score", "x", "y"]);
    assert_eq!(pairs.sample(1).unwrap().field("score"), Some(&Field::Number(0.75)));
    picture(&root.path().join("x/3.png"), 5);
    let error = refused("paired-folder", root.path(), "all");
    assert!(error.contains("3.png has no partner named `3`"), "{error}");
}

#[test]
fn converted_images_are_spoken_of_once() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        write_png(root.path().join(name), &Image::grey(4, 4, vec![7; 16]).unwrap()).unwrap();
    }
    let services = Arc::new(Fake::default());
    let all = open_for(&services, "image-folder", "{}", root.path(), "all").unwrap();
    for index in [0, 1, 0] {
        let Field::Image(image) = all.sample(index).unwrap().fields.remove(0).1 else { panic!("an image") };
        assert_eq!((image.channels, image.data), (3, vec![7; 48]));
    }
    let notices = services.notices.lock().unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("a.png: grey values were repeated in three channels"), "{notices:?}");
}
