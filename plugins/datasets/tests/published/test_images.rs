//! Set5 and Set14.

use std::sync::Arc;

use crate::support::{Internet, Place, all, image, png};

const SOURCE: &str = "https://raw.githubusercontent.com/jbhuang0604/SelfExSR/master/data";

fn internet(set: &str, count: usize, factor: usize) -> Internet {
    (1..=count).fold(Internet::default(), |internet, number| {
        let url = format!("{SOURCE}/{set}/image_SRF_{factor}/img_{number:03}_SRF_{factor}_HR.png");
        internet.with(&url, png(8, 4, if number == 3 { 1 } else { 3 }, number as u8))
    })
}

#[test]
fn files_are_fetched_one_by_one_and_grey_ones_stay_grey() {
    for (dataset, set, count) in [("set5", "Set5", 5), ("set14", "Set14", 14)] {
        for factor in [2, 4] {
            let place = Place::new(dataset);
            let settings = format!("{{\"factor\": {factor}}}");
            let by_hand = format!("image_SRF_{factor}/img_002_SRF_{factor}_HR.png");
            place.write(&by_hand, png(2, 2, 3, 77));
            // What else lies in the repository's folder.
            place.write(&format!("image_SRF_{factor}/img_002_SRF_{factor}_LR.png"), png(2, 2, 3, 78));
            let internet = Arc::new(internet(set, count, factor));
            let samples = all(&*place.open_with(&internet, &settings, "test").unwrap());
            assert_eq!(internet.urls().len(), count - 1);
            let found: Vec<(usize, u8)> = samples
                .iter()
                .map(|sample| (image(sample, "image").channels, image(sample, "image").data[0]))
                .collect();
            let expected: Vec<(usize, u8)> = (1..=count)
                .map(|number| (if number == 3 { 1 } else { 3 }, if number == 2 { 77 } else { number as u8 }))
                .collect();
            assert_eq!(found, expected, "{dataset} {factor}");
            assert_eq!(samples[count - 1].id, format!("img_{count:03}"));
            assert!(internet.notices.lock().unwrap().is_empty());
        }
    }
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let place = Place::new("set5");
    let url = format!("{SOURCE}/Set5/image_SRF_4/img_001_SRF_4_HR.png");
    place.refused("test", &["image_SRF_4/img_001_SRF_4_HR.png", &url, "lossnet fetch set5"]);
    place.refused("train", &["no split `train`", "test"]);
    let open = |settings: &str| place.open_with(&Arc::new(Internet::default()), settings, "test");
    let error = open("{\"factor\": 3}").err().unwrap().to_string();
    assert!(error.contains("2 and 4, not 3"), "{error}");
    assert!(open("{\"factors\": 2}").is_err());
}
