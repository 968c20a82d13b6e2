use std::io::Cursor;
use std::sync::Arc;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use lossnet_plugin_api::prelude::*;

use crate::support::{Internet, Place, all, image as field, png};

const SOURCE: &str = "http://www.cs.toronto.edu/~vmnih/data/mass_roads";

fn tiff(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Tiff).unwrap();
    bytes.into_inner()
}

fn photograph(side: u32, value: u8) -> Vec<u8> {
    tiff(RgbImage::from_pixel(side, side, image::Rgb([value, 2, 3])))
}

fn map(side: u32) -> Vec<u8> {
    tiff(GrayImage::from_fn(side, side, |x, _| image::Luma([if x == 1 { 255 } else { 0 }])))
}

/// A page as the server has them, with whole addresses.
fn page(split: &str, part: &str, names: &[&str]) -> String {
    let link = |name: &&str| format!("<a href=\"{SOURCE}/{split}/{part}/{name}\">{name}</a><br>\n");
    let links = names.iter().map(link).collect::<Vec<String>>().concat();
    format!("<html><head><title>Index</title></head><body><a href=\"../\">up</a>\n{links}</body></html>")
}

fn internet(split: &str, sat: &[&str], maps: &[&str]) -> Internet {
    let mut internet = Internet::default()
        .with(&format!("{SOURCE}/{split}/sat/index.html"), page(split, "sat", sat))
        .with(&format!("{SOURCE}/{split}/map/index.html"), page(split, "map", maps));
    for (number, name) in sat.iter().enumerate() {
        internet = internet.with(&format!("{SOURCE}/{split}/sat/{name}"), photograph(6, 100 + number as u8));
    }
    for name in maps {
        internet = internet.with(&format!("{SOURCE}/{split}/map/{name}"), map(6));
    }
    internet
}

#[test]
fn tiles_are_found_by_index_pages_and_fetched() {
    let place = Place::new("massachusetts-roads");
    place.write("valid/sat/20_15.tiff", photograph(6, 9));
    let internet = Arc::new(internet("valid", &["10_15.tiff", "20_15.tiff"], &["20_15.tif", "10_15.tif"]));
    let val = all(&*place.open_with(&internet, "{}", "val").unwrap());
    assert_eq!(val.iter().map(|sample| sample.id.as_str()).collect::<Vec<_>>(), ["10_15", "20_15"]);
    let (input, output) = (field(&val[0], "input"), field(&val[0], "output"));
    assert_eq!((input.width, input.channels, &input.data[..3]), (6, 3, [100, 2, 3].as_slice()));
    assert_eq!((output.width, output.channels, &output.data[..3]), (6, 1, [0, 255, 0].as_slice()));
    assert_eq!(field(&val[1], "input").data[0], 9, "by hand, and used as it is");
    assert_eq!(internet.urls().len(), 2 + 3);
    assert_eq!(place.open("val").len(), 2);
}

#[test]
fn an_interrupted_download_goes_on() {
    let place = Place::new("massachusetts-roads");
    let whole = internet("test", &["1.tiff", "2.tiff"], &["1.tif", "2.tif"]);
    let broken = internet("test", &["1.tiff", "2.tiff"], &["1.tif"])
        .with(&format!("{SOURCE}/test/map/index.html"), page("test", "map", &["1.tif", "2.tif"]));
    let error = place.open_with(&Arc::new(broken), "{}", "test").err().unwrap().to_string();
    assert!(error.contains("map/2.tif"), "{error}");
    // The pages say that the one pair that lies there is not all.
    place.refused("test", &["map/2.tif", "lossnet fetch massachusetts-roads"]);
    let whole = Arc::new(whole);
    assert_eq!(place.open_with(&whole, "{}", "test").unwrap().len(), 2);
    assert_eq!(whole.urls(), [format!("{SOURCE}/test/map/2.tif")]);
}

#[test]
fn pairs_by_hand_need_no_index_page() {
    let place = Place::new("massachusetts-roads");
    place.refused("train", &["train/sat/index.html", SOURCE, "lossnet fetch massachusetts-roads"]);
    place.write("train/sat/a.tiff", photograph(6, 1));
    place.write("train/map/a.png", png(6, 6, 3, 255));
    let train = all(&*place.open("train"));
    assert_eq!(field(&train[0], "output").channels, 1);
}

#[test]
fn what_is_wrong_with_tiles_is_named() {
    let unpaired = Arc::new(internet("train", &["1.tiff", "2.tiff"], &["1.tif"]));
    let place = Place::new("massachusetts-roads");
    let error = place.open_with(&unpaired, "{}", "train").err().unwrap().to_string();
    assert!(error.contains("2.tiff of") && error.contains("no partner named `2` in"), "{error}");
    assert!(error.contains("train/map/index.html"), "{error}");

    let empty = Arc::new(
        Internet::default()
            .with(&format!("{SOURCE}/test/sat/index.html"), "<html>moved</html>")
            .with(&format!("{SOURCE}/test/map/index.html"), ""),
    );
    let error = place.open_with(&empty, "{}", "test").err().unwrap().to_string();
    assert!(error.contains("test/sat/index.html links to no .tif"), "{error}");

    let broken = |sat: &[u8], map: &[u8], parts: &[&str]| {
        let place = Place::new("massachusetts-roads");
        place.write("valid/sat/a.tiff", sat);
        place.write("valid/map/a.tif", map);
        place.refused("val", parts);
    };
    broken(&photograph(6, 1), &map(5), &["sat/a.tiff has 6×6", "map/a.tif has 5×5"]);
    broken(b"", &map(6), &["sat/a.tiff", "empty"]);
    broken(&photograph(6, 1), &map(6)[..20], &["map/a.tif"]);
    broken(b"II*\0\x08\0\0\0", &map(6), &["sat/a.tiff"]);
    broken(b"<html>not found</html>", &map(6), &["sat/a.tiff"]);
}

#[test]
fn without_a_network_the_missing_partner_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("sat/a.tiff", photograph(4, 1)), ("sat/b.tiff", photograph(4, 1)), ("map/a.tif", map(4))]
    {
        crate::support::write(&folder.path().join("test").join(name), bytes);
    }
    let datasets = lossnet_plugin_datasets::datasets();
    let roads = datasets.iter().find(|held| held.name() == "massachusetts-roads").unwrap();
    let folder = folder.path().to_owned();
    let request = OpenSplit { split: "test".to_owned(), folder, offline: true, seed: 0 };
    let error = roads.open_json("{}", &request, Arc::new(Internet::default())).err().unwrap().to_string();
    assert!(error.contains("sat/b.tiff has no partner named `b`"), "{error}");
}
