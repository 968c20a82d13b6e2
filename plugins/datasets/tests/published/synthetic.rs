//! Generated samples: all splits, and contents that can be learned.

use std::sync::Arc;

use lossnet_plugin_api::prelude::*;

use crate::support::{Place, all, image};

fn synthetic(content: &str, samples: usize, split: &str) -> Vec<Sample> {
    let settings = format!("{{\"content\": \"{content}\", \"samples\": {samples}, \"side\": 32}}");
    all(&*Place::new("synthetic").open_with(&Arc::default(), &settings, split).unwrap())
}

#[test]
fn synthetic_has_all_splits_with_fields_of_its_content_and_no_image_twice() {
    for (content, fields, field) in [
        ("shapes", vec!["image", "label"], "image"),
        ("curves", vec!["input", "output"], "input"),
        ("triplets", vec!["ref", "p0", "p1", "judge"], "p0"),
    ] {
        let mut seen = std::collections::BTreeSet::new();
        for split in ["train", "val", "test", "unlabeled", "extra"] {
            for sample in synthetic(content, 10, split) {
                let names: Vec<&str> = sample.fields.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, fields);
                assert!(sample.id.starts_with(split));
                assert!(seen.insert(image(&sample, field).data.clone()), "{} twice", sample.id);
            }
        }
    }
    let curves = synthetic("curves", 1, "train");
    let (input, output) = (image(&curves[0], "input"), image(&curves[0], "output"));
    assert_eq!((input.channels, output.channels, output.width), (3, 1, 32));
}

/// The figure of a shape, bright on dark, in the 8×8 cells of its bounding box.
fn figure(sample: &Sample) -> [f64; 64] {
    let image = image(sample, "image");
    let bright =
        |x: usize, y: usize| image.data[(y * image.width + x) * 3..][..3].iter().all(|&value| value > 145);
    let places = (0..image.height).flat_map(|y| (0..image.width).map(move |x| (x, y)));
    let places: Vec<(usize, usize)> = places.filter(|&(x, y)| bright(x, y)).collect();
    let (left, right) =
        (places.iter().map(|p| p.0).min().unwrap(), places.iter().map(|p| p.0).max().unwrap());
    let (top, bottom) =
        (places.iter().map(|p| p.1).min().unwrap(), places.iter().map(|p| p.1).max().unwrap());
    // A square around it, so that bars stay bars.
    let side = (right - left).max(bottom - top) + 1;
    let mut cells = [0.0; 64];
    for (x, y) in places {
        let column = (2 * x + side - left - right) * 4 / side;
        let row = (2 * y + side - top - bottom) * 4 / side;
        cells[row.min(7) * 8 + column.min(7)] += 64.0 / (side * side) as f64;
    }
    cells
}

fn label(sample: &Sample) -> usize {
    match sample.field("label") {
        Some(&Field::Number(label)) => label as usize,
        other => panic!("label is {other:?}"),
    }
}

/// If the mean figure of each class tells most test samples apart, a network learns them, too.
#[test]
fn classes_of_shapes_can_be_learned() {
    let train = synthetic("shapes", 300, "train");
    let mut means = [([0.0; 64], 0.0); 10];
    for sample in &train {
        let (mean, count) = &mut means[label(sample)];
        *count += 1.0;
        mean.iter_mut().zip(figure(sample)).for_each(|(sum, cell)| *sum += cell);
    }
    assert!(means.iter().all(|(_, count)| *count >= 15.0), "all classes are about equally frequent");
    let test = synthetic("shapes", 200, "test");
    let right = test.iter().filter(|sample| {
        let figure = figure(sample);
        let distance = |(mean, count): &([f64; 64], f64)| -> f64 {
            mean.iter().zip(figure).map(|(sum, cell)| (sum / count - cell).powi(2)).sum()
        };
        let nearest = (0..10).min_by(|a, b| distance(&means[*a]).total_cmp(&distance(&means[*b])));
        nearest == Some(label(sample))
    });
    let right = right.count();
    assert!(right > 170, "{right} of {}", test.len());
}

/// What the mask calls a line is darker than what is beside it, which is all that a network has to find.
#[test]
fn curves_are_dark_where_their_mask_says_so() {
    for sample in synthetic("curves", 20, "test") {
        let (input, output) = (image(&sample, "input"), image(&sample, "output"));
        let (mut line, mut beside) = ((0.0, 0.0), (0.0, 0.0));
        for (pixel, &mask) in input.data.chunks_exact(3).zip(&output.data) {
            let sum = if mask == 255 { &mut line } else { &mut beside };
            sum.0 += pixel.iter().map(|&value| f64::from(value)).sum::<f64>();
            sum.1 += 1.0;
        }
        assert!(line.1 > 20.0 && beside.1 > 100.0, "{}: {} pixels of lines", sample.id, line.1);
        assert!(line.0 / line.1 < 0.5 * beside.0 / beside.1, "{}", sample.id);
        assert!(output.data.iter().all(|&value| value == 0 || value == 255));
    }
}
