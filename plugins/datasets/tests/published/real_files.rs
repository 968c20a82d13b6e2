//! Real files beside the project, put where the datasets expect them. Nothing is checked where they are missing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::{Place, all, image};

fn shared(folder: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not here", folder.display());
    None
}

/// Copies the files of a folder, at most so many.
fn copy(from: &Path, place: &Place, to: &str, most: usize) {
    std::fs::create_dir_all(place.path(to)).unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().take(most) {
        std::fs::copy(file, place.path(to).join(file.file_name().unwrap())).unwrap();
    }
}

#[test]
fn set5_and_set14_have_their_known_sizes() {
    let (Some(five), Some(fourteen)) = (shared("set5"), shared("set14")) else { return };
    let sizes = |dataset, folder: &Path, factor: usize| -> Vec<(usize, usize, usize)> {
        let place = Place::new(dataset);
        copy(&folder.join(format!("x{factor}")), &place, &format!("image_SRF_{factor}"), 14);
        let settings = format!("{{\"factor\": {factor}}}");
        let samples = place.open_with(&Arc::default(), &settings, "test").unwrap();
        all(&*samples)
            .iter()
            .map(|sample| image(sample, "image"))
            .map(|image| (image.width, image.height, image.channels))
            .collect()
    };
    let set5 = [(512, 512, 3), (288, 288, 3), (256, 256, 3), (280, 280, 3), (228, 344, 3)];
    assert_eq!(sizes("set5", &five, 4), set5);
    assert_eq!(sizes("set5", &five, 2), set5);
    for factor in [2, 4] {
        let set14 = sizes("set14", &fourteen, factor);
        assert_eq!(set14.len(), 14);
        let grey: Vec<usize> = (1..=14).filter(|number| set14[number - 1].2 == 1).collect();
        assert_eq!(grey, [3], "img_003 alone is grey");
        assert!(set14.iter().all(|(width, height, _)| width % factor == 0 && height % factor == 0));
        let fifth = set14[4];
        assert_eq!((fifth.0, fifth.1), if factor == 2 { (250, 360) } else { (248, 360) });
    }
}

#[test]
fn the_test_images_of_bsds300_are_read() {
    let Some(folder) = shared("bsds300_test/orig") else { return };
    let place = Place::new("bsds300");
    copy(&folder, &place, "BSDS300/images/test", 100);
    let test = all(&*place.open("test"));
    let lying = test.iter().filter(|sample| {
        let image = image(sample, "image");
        assert_eq!(image.channels, 3);
        (image.width, image.height) == (481, 321)
    });
    assert_eq!((lying.count(), test.len()), (77, 100));
}

#[test]
fn road_tiles_and_cracks_come_with_masks_of_one_channel() {
    if let Some(folder) = shared("mass_roads") {
        let place = Place::new("massachusetts-roads");
        copy(&folder.join("input"), &place, "valid/sat", 2);
        copy(&folder.join("output"), &place, "valid/map", 2);
        let val = all(&*place.open("val"));
        assert_eq!(val[0].id, "17428750_15");
        let (input, output) = (image(&val[0], "input"), image(&val[0], "output"));
        assert_eq!((input.width, input.height, input.channels), (1500, 1500, 3));
        assert_eq!((output.width, output.height, output.channels), (1500, 1500, 1));
        let total: f64 = output.data.iter().map(|&value| f64::from(value) / 255.0).sum();
        let road = total / output.data.len() as f64;
        assert!((road - 0.009).abs() < 0.0005, "{road}");
        assert!(output.data.iter().all(|&value| value == 0 || value == 255));
    }
    if let Some(folder) = shared("crackforest") {
        let place = Place::new("paired-folder");
        copy(&folder.join("input"), &place, "input", 5);
        copy(&folder.join("output"), &place, "output", 5);
        let samples = place.open_with(&Arc::default(), "{\"grey\": [\"output\"]}", "all").unwrap();
        for sample in all(&*samples) {
            let (input, output) = (image(&sample, "input"), image(&sample, "output"));
            assert_eq!((input.width, input.height, input.channels), (480, 320, 3));
            assert_eq!((output.width, output.height, output.channels), (480, 320, 1));
            assert!(output.data.iter().all(|&value| value == 0 || value == 255));
        }
    }
}
