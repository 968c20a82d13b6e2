//! All data sets, through the traits that a host uses.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says when it skips"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use lossnet_plugin_api::abi::LoadedPlugin;
use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Distortion, Image, crop, distort, read, write_png};

/// Records what is asked for, and unpacks what a test prepared.
#[derive(Default)]
struct Fake {
    fetched: Mutex<Vec<String>>,
    notices: Mutex<Vec<String>>,
}

impl Services for Fake {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        self.fetched.lock().unwrap().push(request.url.clone());
        Err(PluginError::input(format!("no network: {} ({})", request.to.display(), request.command)))
    }

    fn unpack(&self, _: &Path, _: &Path) -> Result<(), PluginError> {
        Ok(())
    }

    fn notice(&self, message: &str) {
        self.notices.lock().unwrap().push(message.to_owned());
    }

    fn progress(&self, _: &Progress) {}

    fn cancelled(&self) -> bool {
        false
    }
}

fn open_with(
    name: &str,
    settings: &str,
    folder: &Path,
    split: &str,
) -> Result<Box<dyn Samples>, PluginError> {
    open_for(&Arc::new(Fake::default()), name, settings, folder, split)
}

fn open_for(
    services: &Arc<Fake>,
    name: &str,
    settings: &str,
    folder: &Path,
    split: &str,
) -> Result<Box<dyn Samples>, PluginError> {
    let datasets = lossnet_plugin_datasets::datasets();
    let dataset = datasets.iter().find(|held| held.name() == name).unwrap();
    let request = OpenSplit { split: split.to_owned(), folder: folder.to_owned(), offline: true, seed: 0 };
    dataset.open_json(settings, &request, Arc::<Fake>::clone(services))
}

fn refused(name: &str, folder: &Path, split: &str) -> String {
    let opened = open_with(name, "{}", folder, split);
    match opened {
        Err(error) => error.to_string(),
        Ok(samples) => (0..samples.len())
            .find_map(|index| samples.sample(index).err())
            .unwrap_or_else(|| panic!("{name} {split} was read"))
            .to_string(),
    }
}

fn picture(path: &Path, value: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_png(path, &Image::rgb(8, 8, vec![value; 8 * 8 * 3]).unwrap()).unwrap();
}

/// A NumPy file, version 1.0, with one float32.
fn npy(path: &Path, value: f32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".to_owned();
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(value.to_le_bytes());
    std::fs::write(path, bytes).unwrap();
}

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
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-kit/tests/fixtures/decode");
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
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-kit/tests/fixtures/decode");
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
