use super::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const EXTENT: Extent = Extent { channels: 3, height: 12, width: 16 };

fn picture(extent: Extent) -> Vec<f32> {
    (0..extent.samples()).map(|index| (index * 7919 % 256) as f32 / 255.0).collect()
}

fn draws(kind: Augmentation, count: usize) -> Vec<Parameters> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    (0..count).map(|_| kind.draw(64, 32, &mut random)).collect()
}

#[test]
fn names_lead_back_to_their_kinds() {
    for kind in Augmentation::ALL {
        assert_eq!(Augmentation::from_name(kind.name()), Some(kind));
        assert!(draws(kind, 3).iter().all(|parameters| parameters.augmentation() == kind));
    }
    assert_eq!(Augmentation::from_name("zoom-in"), None);
}

/// Smallest, mean and largest of uniform numbers lie where they should: 3000 draws miss an end by a percent of the range
/// only once in 10^13 times, and their mean the middle by a fiftieth once in 5000 times; the seed is fixed.
#[test]
fn parameters_are_uniform_in_their_ranges() {
    let check = |kind: Augmentation, low: f64, high: f64, value: &dyn Fn(Parameters) -> f64| {
        let values: Vec<f64> = draws(kind, 3000).into_iter().map(value).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = values.iter().sum::<f64>() / 3000.0;
        let range = high - low;
        assert!(least >= low && least < low + 0.01 * range, "{kind:?}: {least}");
        assert!(most <= high && most > high - 0.01 * range, "{kind:?}: {most}");
        assert!((mean - f64::midpoint(low, high)).abs() < 0.02 * range, "{kind:?}: {mean}");
    };
    let value = |parameters| match parameters {
        Parameters::Rotate { degrees } => degrees,
        Parameters::Translate { right, .. } => right as f64,
        Parameters::Darken { factor } => factor,
        Parameters::Color { hue } => hue,
        Parameters::Blur { sigma } => sigma,
        Parameters::ZoomIn { scale } => scale,
    };
    check(Augmentation::Rotate, 30.0, 330.0, &value);
    check(Augmentation::Translate, -32.0, 32.0, &value);
    let down = |parameters| match parameters {
        Parameters::Translate { down, .. } => down as f64,
        other => panic!("{other:?}"),
    };
    check(Augmentation::Translate, -16.0, 16.0, &down);
    check(Augmentation::Darken, f64::from(0.1f32), 0.5, &value);
    check(Augmentation::Color, -0.5, 0.5, &value);
    check(Augmentation::Blur, 4.0, 10.0, &value);
    check(Augmentation::ZoomIn, f64::from(1.1f32), 2.0, &value);
}

#[test]
fn what_changes_nothing_gives_the_image() {
    let image = picture(EXTENT);
    for parameters in [
        Parameters::Rotate { degrees: 0.0 },
        Parameters::Translate { right: 0, down: 0 },
        Parameters::Darken { factor: 1.0 },
        Parameters::ZoomIn { scale: 1.0 },
    ] {
        assert_eq!(augment_planes(&image, EXTENT, parameters).unwrap(), image, "{parameters:?}");
    }
}

#[test]
fn images_are_turned_counter_clockwise_and_moved_right_and_down() {
    let extent = Extent { channels: 1, height: 2, width: 2 };
    let image = [1.0, 2.0, 3.0, 4.0];
    let augmented = |parameters| augment_planes(&image, extent, parameters).unwrap();
    assert_eq!(augmented(Parameters::Rotate { degrees: 90.0 }), [2.0, 4.0, 1.0, 3.0]);
    assert_eq!(augmented(Parameters::Translate { right: 1, down: 0 }), [0.0, 1.0, 0.0, 3.0]);
    assert_eq!(augmented(Parameters::Translate { right: -1, down: 1 }), [0.0, 0.0, 2.0, 0.0]);
    assert_eq!(augmented(Parameters::Translate { right: 2, down: i64::MIN }), [0.0; 4]);
}

#[test]
fn a_batch_is_augmented_image_by_image() {
    let samples = picture(Extent { channels: 6, ..EXTENT });
    let batch = Tensor::from_slice(&samples).view([2, 3, 12, 16]);
    for kind in Augmentation::ALL {
        let parameters = draws(kind, 1)[0];
        let found = augment(&batch, parameters).unwrap();
        for image in 0..2 {
            assert_eq!(found.get(image), augment(&batch.get(image), parameters).unwrap(), "{kind:?}");
        }
        assert_eq!(found.size(), [2, 3, 12, 16]);
    }
}

#[test]
fn grey_images_have_no_hue() {
    let extent = Extent { channels: 1, ..EXTENT };
    let image = picture(extent);
    assert_eq!(augment_planes(&image, extent, Parameters::Color { hue: 0.3 }).unwrap(), image);
}

#[test]
fn impossible_images_and_parameters_are_refused() {
    let message = |parameters| augment_planes(&picture(EXTENT), EXTENT, parameters).unwrap_err().message;
    assert_eq!(
        message(Parameters::Color { hue: 0.7 }),
        "the augmentation color can't be applied with 0.7: it takes a hue shift in [-0.5, 0.5]"
    );
    assert!(message(Parameters::ZoomIn { scale: 0.0 }).contains("a scale above 0"));
    assert!(message(Parameters::Blur { sigma: f64::NAN }).contains("a standard deviation above 0"));
    let extent = Extent { channels: 3, height: 10, width: 16 };
    assert_eq!(
        augment_planes(&picture(extent), extent, Parameters::Blur { sigma: 4.0 }).unwrap_err().message,
        "an image of 16×10 pixels is too small for the augmentation blur, which needs at least 6×11"
    );
    assert!(augment_planes(&[0.0; 5], EXTENT, Parameters::Darken { factor: 0.5 }).is_err());
    let wrong = Tensor::zeros([2, 2, 4], (Kind::Float, Device::Cpu));
    let message = augment(&wrong, Parameters::Darken { factor: 0.5 }).unwrap_err().message;
    assert!(message.contains("[2, 2, 4]"), "{message}");
}
