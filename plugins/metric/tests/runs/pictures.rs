//! What runs draw.

use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::testing::MemoryRun;

use crate::support::{execute, settings, triplets};

/// The pictures of a run: name, caption, and the file's bytes.
fn pictures(run: &MemoryRun) -> Vec<(String, String, Vec<u8>)> {
    let picture = |report| match report {
        Report::Image { name, path, caption, .. } => Some((name, caption, std::fs::read(path).unwrap())),
        _ => None,
    };
    run.reports().into_iter().filter_map(picture).collect()
}

/// As [`triplets`], but people choose the noisier image: distances can't agree.
fn contested(count: usize) -> Vec<Sample> {
    let mut triplets = triplets("val", count);
    for (_, field) in triplets.iter_mut().flat_map(|sample| &mut sample.fields) {
        if let Field::Number(judge) = field {
            *judge = 1.0 - *judge;
        }
    }
    triplets
}

#[test]
fn a_picture_shows_what_judgements_and_distances_disagree_on() {
    let folder = tempfile::tempdir().unwrap();
    let run = || MemoryRun::new(folder.path()).unwrap().with_samples("val", contested(9)).with_batch_size(2);
    // What nobody was asked, people have not chosen.
    let generated = run();
    execute(&settings("baseline"), &generated).unwrap();
    let (_, caption, _) = &pictures(&generated)[0];
    assert_eq!(
        (caption.matches("people").count(), caption.matches("the given answer is").count()),
        (0, 4),
        "{caption}"
    );
    let whole = run().asking_people();
    execute(&settings("baseline"), &whole).unwrap();
    let shown = pictures(&whole);
    let [(name, caption, _), (maps, ..)] = &shown[..] else { panic!("{}", shown.len()) };
    assert_eq!((name.as_str(), maps.as_str()), ("disagreements/val", "spatial maps/val"));
    assert_eq!(caption.matches("of people chose").count(), 4, "{caption}");
    assert_eq!(caption.matches("(yellow: ").count(), 4, "{caption}");
    let sheet =
        lossnet_plugin_kit::image::read(folder.path().join("logs/disagreements-val.png")).unwrap().image;
    // Three images and two maps in each of four rows, with gaps of two pixels.
    assert_eq!((sheet.width(), sheet.height()), (5 * 16 + 4 * 2, 4 * 16 + 3 * 2));

    // The first row is the triplet that the caption names first.
    let first = caption.lines().nth(1).unwrap().split(':').next().unwrap();
    let samples = whole.samples("val").unwrap();
    let sample = (0..9).map(|index| samples.sample(index).unwrap()).find(|sample| sample.id == first);
    let sample = sample.unwrap();
    for (position, field) in ["ref", "p0", "p1"].into_iter().enumerate() {
        let image = lossnet_plugin_kit::samples::image(&sample, field).unwrap();
        assert_eq!(sheet.pixel(18 * position + 5, 7), image.pixel(5, 7), "{field}");
    }

    // After an interruption it is the same to the byte, whatever has been scored.
    for kept in [1, 5, 9] {
        let mut rows = whole.reports().into_iter().fold(SampleRows::default(), |mut all, report| {
            if let Report::Samples(rows) = report {
                if all.ids.is_empty() {
                    return rows;
                }
                all.ids.extend(rows.ids);
                all.groups.extend(rows.groups);
                for (column, more) in all.columns.iter_mut().zip(rows.columns) {
                    column.values.extend(more.values);
                }
            }
            all
        });
        assert_eq!(rows.len(), 9);
        rows.ids.truncate(kept);
        rows.groups.truncate(kept);
        rows.columns.iter_mut().for_each(|column| column.values.truncate(kept));
        std::fs::remove_file(folder.path().join("logs/disagreements-val.png")).unwrap();
        let resumed = run().asking_people().with_recorded(rows);
        execute(&settings("baseline"), &resumed).unwrap();
        assert_eq!(pictures(&resumed), shown, "{kept}");
    }
}

#[test]
fn no_picture_is_made_where_none_is_wanted_or_all_agree() {
    let folder = tempfile::tempdir().unwrap();
    let unwanted = MemoryRun::new(folder.path()).unwrap().with_samples("val", contested(9));
    let mut settings = settings("baseline");
    settings["picture_pairs"] = 0.into();
    execute(&settings, &unwanted).unwrap();
    assert_eq!(pictures(&unwanted).len(), 0);
    settings["picture_pairs"] = 4.into();
    let agreed = MemoryRun::new(folder.path()).unwrap().with_samples("val", triplets("val", 9));
    execute(&settings, &agreed).unwrap();
    let names: Vec<String> = pictures(&agreed).into_iter().map(|picture| picture.0).collect();
    assert_eq!(names, ["spatial maps/val"]);
}

/// A grey image with a black square at this position, if any.
fn marked(name: &str, at: Option<(usize, usize)>) -> (String, Field) {
    let mut data = vec![128; 16 * 16 * 3];
    for (x, y) in at.into_iter().flat_map(|(left, top)| (0..9).map(move |n| (left + n % 3, top + n / 3))) {
        data[(y * 16 + x) * 3..][..3].fill(0);
    }
    (name.to_owned(), Field::Image(Image::rgb(16, 16, data).unwrap().into()))
}

/// The brightest pixel of the image that stands in the first row of a sheet, so far from its left.
fn brightest(sheet: &Image, left: usize) -> (usize, usize) {
    let brightness = |x: usize, y: usize| sheet.pixel(left + x, y).iter().map(|&v| u32::from(v)).sum::<u32>();
    (0..256).map(|at| (at % 16, at / 16)).max_by_key(|&(x, y)| brightness(x, y)).unwrap()
}

#[test]
fn spatial_maps_are_bright_where_images_differ() {
    let folder = tempfile::tempdir().unwrap();
    let number = |name: &str, value: f64| (name.to_owned(), Field::Number(value));
    let triplet = |index: usize| Sample {
        id: format!("t{index}"),
        group: String::new(),
        fields: vec![
            marked("ref", None),
            marked("p0", Some((2, 3))),
            marked("p1", Some((11, 10))),
            number("judge", 0.5),
        ],
    };
    let pair = Sample {
        id: "pair".into(),
        group: String::new(),
        fields: vec![marked("p0", Some((9, 2))), marked("p1", None), number("same", 0.0)],
    };
    for variant in ["baseline", "lin"] {
        let run = MemoryRun::new(folder.path())
            .unwrap()
            .with_samples("train", triplets("train", 12))
            .with_samples("val", (0..7).map(triplet).collect())
            .with_samples("jnd", vec![pair.clone()]);
        execute(&settings(variant), &run).unwrap();
        let captions: Vec<(String, String)> = pictures(&run).into_iter().map(|(n, c, _)| (n, c)).collect();
        let of = |name: &str| &captions.iter().find(|(found, _)| found == name).unwrap().1;
        // Four of seven, from the first on, evenly.
        let caption = of("spatial maps/val");
        let shown = ["t0", "t1", "t3", "t5"];
        assert!(shown.iter().all(|id| caption.contains(&format!("{id} (yellow: "))), "{caption}");
        assert_eq!(caption.matches("(yellow: ").count(), 4, "{caption}");
        assert!(
            of("spatial maps/jnd").contains("p0, p1, and where they differ"),
            "{}",
            of("spatial maps/jnd")
        );

        let sheet = |name: &str| {
            lossnet_plugin_kit::image::read(folder.path().join("logs").join(name)).unwrap().image
        };
        let (triplets, pairs) = (sheet("spatial-maps-val.png"), sheet("spatial-maps-jnd.png"));
        assert_eq!((triplets.width(), triplets.height()), (5 * 18 - 2, 4 * 18 - 2));
        assert_eq!((pairs.width(), pairs.height()), (3 * 18 - 2, 16));
        // Convolutions see two pixels beyond the square.
        let near = |(x, y): (usize, usize), left: usize, top: usize| {
            assert!(x.abs_diff(left + 1) <= 3 && y.abs_diff(top + 1) <= 3, "{variant}: {x}, {y}");
        };
        near(brightest(&triplets, 3 * 18), 2, 3);
        near(brightest(&triplets, 4 * 18), 11, 10);
        near(brightest(&pairs, 2 * 18), 9, 2);
    }
}
