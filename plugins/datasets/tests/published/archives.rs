//! COCO 2014 and BSDS300: folders of JPEG files from archives.

use std::sync::Arc;

use crate::support::{Internet, Place, all, image, png};

/// Formats are told apart by content, so that PNG serves as well as JPEG here.
fn coco() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("val2014/COCO_val2014_000000000042.jpg", png(6, 4, 3, 9)),
        ("val2014/COCO_val2014_000000000073.jpg", png(5, 7, 1, 80)),
    ]
}

const VAL: &str = "http://images.cocodataset.org/zips/val2014.zip";

#[test]
fn only_the_archive_of_the_wanted_split_of_coco_is_fetched() {
    let place = Place::new("coco2014");
    let internet = Arc::new(Internet::default().with_archive(VAL, coco()));
    let val = all(&*place.open_with(&internet, "{}", "val").unwrap());
    assert_eq!(internet.urls(), [VAL]);
    assert_eq!(val[0].id, "COCO_val2014_000000000042");
    // Grey files are made RGB, and that is said.
    let grey = image(&val[1], "image");
    assert_eq!((grey.width, grey.height, grey.channels), (5, 7, 3));
    assert!(grey.data.iter().all(|&value| value == 80));
    let notices = internet.notices.lock().unwrap();
    assert!(notices.len() == 1 && notices[0].contains("000000000073.jpg"), "{notices:?}");
    assert_eq!(place.open("val").len(), 2);
    for split in ["train", "test"] {
        let url = format!("http://images.cocodataset.org/zips/{split}2014.zip");
        place.refused(split, &[&format!("{split}2014.zip"), &url, "lossnet fetch coco2014"]);
    }
}

#[test]
fn what_is_wrong_with_coco_is_named() {
    let place = Place::new("coco2014");
    std::fs::create_dir(place.path("train2014")).unwrap();
    place.refused("train", &["no images in", "train2014"]);
    place.write("train2014/a.jpg", "");
    place.refused("train", &["a.jpg", "empty"]);
    place.write("train2014/a.jpg", &png(40, 40, 3, 7)[..60]);
    place.refused("train", &["a.jpg"]);
    place.write("test2014", "a file where a folder should be");
    place.refused("test", &["test2014"]);
    place.refused("2014", &["no split `2014`", "train, val, test"]);
}

#[test]
fn both_splits_of_bsds300_come_from_one_archive() {
    let place = Place::new("bsds300");
    let url = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/BSDS300-images.tgz";
    place.refused("test", &["BSDS300-images.tgz", url, "lossnet fetch bsds300"]);
    let files = vec![
        ("BSDS300/iids_train.txt", b"1\n2\n".to_vec()),
        ("BSDS300/images/train/1.jpg", png(481, 321, 3, 1)),
        ("BSDS300/images/train/2.jpg", png(321, 481, 3, 2)),
        ("BSDS300/images/test/3.jpg", png(481, 321, 3, 3)),
    ];
    let internet = Arc::new(Internet::default().with_archive(url, files));
    assert_eq!(place.open_with(&internet, "{}", "test").unwrap().len(), 1);
    let train = all(&*place.open("train"));
    assert_eq!(train[1].id, "2");
    assert_eq!(image(&train[1], "image").height, 481);
    assert_eq!(internet.urls(), [url]);
    place.refused("val", &["no split `val`"]);
}

#[test]
fn an_unreadable_folder_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new("coco2014");
    place.write("val2014/a.jpg", png(4, 4, 3, 1));
    let folder = place.path("val2014");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read it all the same.
    let readable = std::fs::read_dir(&folder).is_ok();
    if !readable {
        place.refused("val", &["val2014", "can't be read"]);
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(place.open("val").len(), 1);
}

#[test]
fn image_folders_may_keep_grey_files_grey() {
    let channels = |settings: &str| {
        // Another folder each time: what is noticed is told once of each.
        let place = Place::new("image-folder");
        place.write("a.png", png(3, 3, 1, 5));
        place.write("b.png", png(3, 3, 3, 5));
        let internet = Arc::new(Internet::default());
        let samples = all(&*place.open_with(&internet, settings, "all").unwrap());
        let notices = internet.notices.lock().unwrap().len();
        (samples.iter().map(|sample| image(sample, "image").channels).collect::<Vec<_>>(), notices)
    };
    assert_eq!(channels("{}"), (vec![3, 3], 1));
    assert_eq!(channels("{\"mode\": \"rgb\"}"), (vec![3, 3], 1));
    assert_eq!(channels("{\"mode\": \"as-is\"}"), (vec![1, 3], 0));
}

#[test]
fn paired_folders_may_name_masks() {
    let place = Place::new("paired-folder");
    for (name, channels) in [("input/1.png", 3), ("output/1.png", 1), ("input/2.png", 1), ("output/2.png", 3)]
    {
        place.write(name, png(3, 3, channels, 200));
    }
    let open = |settings: &str| place.open_with(&Arc::new(Internet::default()), settings, "all");
    let channels = |settings: &str| {
        let samples = all(&*open(settings).unwrap());
        samples
            .iter()
            .map(|sample| (image(sample, "input").channels, image(sample, "output").channels))
            .collect::<Vec<_>>()
    };
    assert_eq!(channels("{}"), [(3, 3), (3, 3)]);
    assert_eq!(channels("{\"grey\": [\"output\"]}"), [(3, 1), (3, 1)]);
    let samples = all(&*open("{\"grey\": [\"output\"]}").unwrap());
    assert_eq!(samples[1].field("output"), samples[0].field("output"));
    let Some(error) = open("{\"grey\": [\"mask\"]}").err() else { panic!("`mask` is not a field") };
    assert!(
        error.to_string().contains("no field `mask`") && error.to_string().contains("input, output"),
        "{error}"
    );
}
