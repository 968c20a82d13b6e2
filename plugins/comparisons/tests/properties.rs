//! What holds for any features: settings, gradients at zero, untouched inputs, wrong shapes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::component::{AnyComparison, Compare};
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::tch::{Device, Kind, Tensor};
use lossnet_plugin_comparisons::{FeatureComparison, Transform};
use serde_json::json;

/// All comparisons in all settings.
fn all() -> Vec<(String, Box<dyn Compare>)> {
    let mut all = Vec::new();
    for transform in Transform::ALL {
        for (channel_norm, epsilon) in [(true, "f-normalize"), (true, "lpips"), (false, "lpips")] {
            let settings = json!({ "channel_norm": channel_norm, "epsilon": epsilon }).to_string();
            let built = FeatureComparison::new(transform).build_json(&settings).unwrap();
            all.push((format!("{} {settings}", transform.name()), built));
        }
    }
    all
}

/// Values in [-1, 1) that are the same every time.
fn features(shape: &[i64], seed: u32) -> Tensor {
    let mut state = seed;
    let values: Vec<f32> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((state >> 16) as u16) / 32768.0 - 1.0
    })
    .take(shape.iter().product::<i64>() as usize)
    .collect();
    Tensor::from_slice(&values).view(shape)
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let values: Vec<f32> = tensor.contiguous().flatten(0, -1).try_into().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

fn all_finite(tensor: &Tensor) -> bool {
    tensor.isfinite().all().int64_value(&[]) == 1
}

#[test]
fn settings_are_described_and_checked() {
    let comparison = FeatureComparison::new(Transform::Spatial);
    let manifest = comparison.manifest().unwrap();
    assert_eq!(manifest.name, "spatial");
    let properties = &manifest.config_schema["properties"];
    assert_eq!(properties["channel_norm"]["default"], true);
    assert_eq!(properties["epsilon"]["default"], "f-normalize");
    let schema = manifest.config_schema.to_string();
    for part in ["lpips", "max(norm, 1e-12)", "norm + 1e-10"] {
        assert!(schema.contains(part), "{schema}");
    }
    for wrong in [json!({ "epsilon": "l2" }), json!({ "channelnorm": true }), json!({ "channel_norm": 1 })] {
        let error = comparison.build_json(&wrong.to_string()).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Input);
        assert!(error.message.contains("`spatial`"), "{error}");
    }
}

#[test]
fn gradients_are_finite_at_zero_features() {
    let weights = Tensor::from_slice(&[0.5f32, 0.0, 2.0]);
    let zeros = || Tensor::zeros([2, 3, 4, 5], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    for (name, comparison) in all() {
        // All zero; and zero channel vectors among others, in one image only and in both.
        let some = features(&[2, 3, 4, 5], 1);
        let holes = |keep: i64| {
            let mask =
                Tensor::arange(20, (Kind::Float, Device::Cpu)).view([1, 1, 4, 5]).remainder(keep).ne(0);
            (&some * mask).set_requires_grad(true)
        };
        for (a, b) in [(zeros(), zeros()), (zeros(), holes(3)), (holes(2), holes(3))] {
            for calibration in [None, Some(&weights)] {
                let prepared = [comparison.prepare(&a).unwrap(), comparison.prepare(&b).unwrap()];
                let distance = comparison.distance(&prepared[0], &prepared[1], calibration).unwrap();
                let map = comparison.map(&prepared[0], &prepared[1], calibration).unwrap();
                assert!(all_finite(&distance) && all_finite(&map), "{name}");
                (distance.sum(Kind::Float) + map.sum(Kind::Float)).backward();
                assert!(all_finite(&a.grad()) && all_finite(&b.grad()), "{name}");
            }
        }
    }
}

#[test]
fn the_gradient_is_the_slope() {
    // Central differences in float64 at a point without ties; step 1e-6, error of the order 1e-9.
    for (name, comparison) in all() {
        let a = features(&[1, 3, 3, 2], 7).to_kind(Kind::Double).set_requires_grad(true);
        let b = comparison.prepare(&features(&[1, 3, 3, 2], 8).to_kind(Kind::Double)).unwrap();
        let value = |a: &Tensor| comparison.distance(&comparison.prepare(a).unwrap(), &b, None).unwrap();
        value(&a).sum(Kind::Double).backward();
        let gradient = a.grad().flatten(0, -1);
        let _guard = lossnet_plugin_api::tch::no_grad_guard();
        for at in 0..18 {
            let moved = |by: f64| {
                let moved = a.detach().copy();
                let _ = moved.flatten(0, -1).narrow(0, at, 1).g_add_scalar_(by);
                value(&moved).double_value(&[0])
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            let stated = gradient.double_value(&[at]);
            assert!((slope - stated).abs() < 1e-7, "{name} at {at}: {stated} instead of {slope}");
        }
    }
}

#[test]
fn inputs_are_left_as_they_are_and_equal_images_have_distance_zero() {
    for (name, comparison) in all() {
        let (a, b) = (features(&[2, 3, 4, 5], 2), features(&[2, 3, 4, 5], 3));
        let before = (bits(&a), bits(&b));
        let (x, y) = (comparison.prepare(&a).unwrap(), comparison.prepare(&b).unwrap());
        assert_eq!(x.size(), a.size(), "{name}");
        let prepared = bits(&x);
        let forth = comparison.distance(&x, &y, None).unwrap();
        let _ = comparison.map(&x, &y, None).unwrap();
        assert_eq!((bits(&a), bits(&b), bits(&x)), (before.0, before.1, prepared), "{name}");
        assert_eq!(bits(&forth), bits(&comparison.distance(&y, &x, None).unwrap()), "{name}");
        assert_eq!(bits(&comparison.distance(&x, &x, None).unwrap()), [0, 0], "{name}");
    }
}

#[test]
fn batch_mates_and_memory_format_do_not_matter() {
    for (name, comparison) in all() {
        let (a, b) = (features(&[5, 8, 6, 7], 4), features(&[5, 8, 6, 7], 5));
        let distance = |a: &Tensor, b: &Tensor| {
            let (a, b) = (comparison.prepare(a).unwrap(), comparison.prepare(b).unwrap());
            comparison.distance(&a, &b, None).unwrap()
        };
        let together = distance(&a, &b);
        for at in 0..5 {
            let alone = distance(&a.narrow(0, at, 1), &b.narrow(0, at, 1));
            assert_eq!(bits(&alone), bits(&together.narrow(0, at, 1)), "{name}");
        }
        // Stored channels last: the same numbers, added up in another order.
        let channels_last = |x: &Tensor| x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        let other = distance(&channels_last(&a), &channels_last(&b));
        let difference = (&other - &together).abs().max() / together.max();
        assert!(difference.double_value(&[]) < 1e-6, "{name}");
    }
}

#[test]
fn sorting_ignores_where_values_are_and_means_ignore_more() {
    let settings = json!({}).to_string();
    let [spatial, mean, sort] =
        Transform::ALL.map(|transform| FeatureComparison::new(transform).build_json(&settings).unwrap());
    let image = features(&[1, 4, 3, 3], 6);
    let turned = image.rot90(1, [2i64, 3]);
    let distance = |comparison: &dyn Compare| {
        let (a, b) = (comparison.prepare(&image).unwrap(), comparison.prepare(&turned).unwrap());
        comparison.distance(&a, &b, None).unwrap().double_value(&[0])
    };
    assert!(distance(spatial.as_ref()) > 0.1);
    assert!(distance(mean.as_ref()) < 1e-12);
    assert!(distance(sort.as_ref()) == 0.0);
}

#[test]
fn features_behind_a_flattening_have_one_position() {
    for (name, comparison) in all() {
        let [flat, square] = [&[2i64, 6] as &[i64], &[2, 6, 1, 1]].map(|shape| {
            let (a, b) = (features(shape, 9), features(shape, 10));
            let (a, b) = (comparison.prepare(&a).unwrap(), comparison.prepare(&b).unwrap());
            (comparison.distance(&a, &b, None).unwrap(), comparison.map(&a, &b, None).unwrap().size())
        });
        assert_eq!((bits(&flat.0), flat.1), (bits(&square.0), square.1), "{name}");
    }
}

#[test]
fn wrong_shapes_are_errors_with_a_sentence() {
    for (name, comparison) in all() {
        let prepare = |shape: &[i64]| comparison.prepare(&features(shape, 1));
        for shape in [&[2i64, 3, 4] as &[i64], &[1, 3, 0, 4]] {
            let error = prepare(shape).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Input, "{name}");
            assert!(error.message.contains("N×C×H×W"), "{error}");
        }
        let (a, b) = (prepare(&[1, 3, 4, 4]).unwrap(), prepare(&[1, 3, 5, 4]).unwrap());
        for error in [comparison.distance(&a, &b, None), comparison.map(&a, &b, None)].map(Result::unwrap_err)
        {
            assert!(
                error.message.contains("[1, 3, 4, 4]") && error.message.contains("[1, 3, 5, 4]"),
                "{error}"
            );
        }
        let weights = Tensor::from_slice(&[1.0f32; 4]);
        let error = comparison.distance(&a, &a, Some(&weights)).unwrap_err();
        assert!(error.message.contains("4 weights for a layer of 3 channels"), "{error}");
    }
}

#[test]
fn what_needs_no_gradient_is_computed_directly_to_the_same_distances() {
    // Channels that fill no vector, few and many positions, and a sample that is read in parts.
    for shape in [[3, 5, 1, 1], [2, 19, 7, 9], [5, 64, 31, 31], [1, 4, 50, 60]] {
        let [one, two, three] = [1, 2, 3].map(|seed| features(&shape, seed).relu());
        let weights = features(&[shape[1]], 4).abs();
        for (name, comparison) in all() {
            for calibration in [None, Some(&weights)] {
                let distances = |wanted: bool| {
                    let sides = [&one, &two, &three].map(|side| side.copy().set_requires_grad(wanted));
                    let [one, two, three] = sides.map(|side| comparison.prepare(&side).unwrap());
                    comparison.distances(&one, &[two, three], calibration).unwrap()
                };
                for (ours, theirs) in distances(false).iter().zip(&distances(true)) {
                    assert!(!ours.requires_grad() && theirs.requires_grad());
                    let error = (ours - theirs).abs() / theirs.abs().clamp_min(1e-6);
                    let error = error.max().double_value(&[]);
                    assert!(error < 2e-6, "{name} {shape:?}: {error}");
                }
                // A side for which a gradient is wanted may meet one for which none is.
                let wanted = comparison.prepare(&one.copy().set_requires_grad(true)).unwrap();
                let plain = comparison.prepare(&two).unwrap();
                let mixed = comparison.distance(&wanted, &plain, calibration).unwrap();
                let expected = &distances(false)[0];
                assert!(
                    ((mixed - expected) / expected.clamp_min(1e-6)).abs().max().double_value(&[]) < 2e-6,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn each_value_may_have_a_weight_of_its_own() {
    let shape = [2, 6, 5, 4];
    let (a, b, mask) =
        (features(&shape, 1), features(&shape, 2), features(&shape, 3).gt(0.0).to_kind(Kind::Float));
    for (name, comparison) in all() {
        let (a, b) = (comparison.prepare(&a).unwrap(), comparison.prepare(&b).unwrap());
        let masked = comparison.distance(&a, &b, Some(&mask)).unwrap();
        let rest = comparison.distance(&a, &b, Some(&(1.0 - &mask))).unwrap();
        let whole = comparison.distance(&a, &b, None).unwrap();
        assert!((masked + rest - whole).abs().max().double_value(&[]) < 1e-6, "{name}");
    }
}
