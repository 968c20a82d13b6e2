use super::*;

/// Smooth hills with some texture, as photographs have them.
fn scene(side: usize) -> Image {
    hills(side, 10.0)
}

fn hills(side: usize, texture: f64) -> Image {
    let mut data = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let (x, y) = (x as f64, y as f64);
            let hills = (x / 9.0).sin() * (y / 13.0).cos() * 60.0 + (x * 0.7 + y * 1.9).sin() * texture;
            let shade = [120.0 + hills, 110.0 + x, 140.0 - hills * 0.5 - y * 0.6];
            data.extend(shade.map(to_level));
        }
    }
    Image::rgb(side, side, data).unwrap()
}

fn squared_error(a: &Image, b: &Image) -> u64 {
    a.data().iter().zip(b.data()).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum()
}

#[test]
fn stronger_distortions_are_further_from_the_image() {
    for kind in Distortion::ALL {
        // Texture that repeats itself comes back to itself when moved.
        let image = if kind == Distortion::Translate { hills(64, 0.0) } else { scene(64) };
        for seed in 0..8 {
            let error = |step: u32| {
                let distorted = distort(&image, kind, f64::from(step) / 20.0, seed).unwrap();
                squared_error(&image, &distorted)
            };
            let errors: Vec<u64> = (0..=20).map(error).collect();
            assert!(errors.is_sorted_by(|a, b| a < b), "{kind:?}, seed {seed}: {errors:?}");
        }
    }
}

#[test]
fn grey_and_one_pixel_images_are_distorted_too() {
    for kind in Distortion::ALL {
        for image in [scene(17).to_grey(), Image::rgb(1, 1, vec![7, 80, 200]).unwrap()] {
            let distorted = distort(&image, kind, 1.0, 3).unwrap();
            assert_eq!((distorted.width(), distorted.channels()), (image.width(), image.channels()));
        }
    }
    let grey = scene(17).to_grey();
    assert_ne!(distort(&grey, Distortion::ColorCast, 0.5, 1).unwrap(), grey);
}

#[test]
fn the_seed_decides_noise_and_directions() {
    let image = scene(32);
    for kind in [Distortion::Noise, Distortion::ColorCast, Distortion::Translate] {
        let made = |seed| distort(&image, kind, 0.5, seed).unwrap();
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2), "{kind:?}");
    }
}

#[test]
fn noise_has_the_stated_deviation() {
    let image = Image::rgb(100, 100, vec![128; 30_000]).unwrap();
    let noisy = distort(&image, Distortion::Noise, 0.25, 5).unwrap();
    let deviation = (squared_error(&image, &noisy) as f64 / 30_000.0).sqrt();
    // 16 levels; the deviation of 30,000 samples is within 3 % of it but once in a million times.
    assert!((deviation - 16.0).abs() < 0.5, "{deviation}");
}

#[test]
fn full_strengths_are_as_documented() {
    let image = scene(64);
    let blocks = distort(&image, Distortion::Pixelate, 1.0, 0).unwrap();
    assert_eq!(blocks.pixel(0, 0), blocks.pixel(15, 15));
    assert_ne!(blocks.pixel(15, 15), blocks.pixel(16, 16));
    let mean = |channel: usize| {
        let block = (0..16).flat_map(|y| (0..16).map(move |x| (x, y)));
        block.map(|(x, y)| f64::from(image.pixel(x, y)[channel])).sum::<f64>() / 256.0
    };
    assert_eq!(blocks.pixel(3, 3), [mean(0), mean(1), mean(2)].map(to_level));

    let quantized = distort(&image, Distortion::Quantize, 1.0, 0).unwrap();
    let levels: std::collections::BTreeSet<u8> = quantized.data().iter().step_by(3).copied().collect();
    assert!((2..=4).contains(&levels.len()), "{levels:?}");

    let dark = distort(&image, Distortion::Brightness, 1.0, 0).unwrap();
    assert_eq!(dark.pixel(5, 5)[1], to_level(f64::from(image.pixel(5, 5)[1]) * 0.2));
}

#[test]
fn strengths_outside_are_refused() {
    for strength in [-0.1, 1.1, f64::NAN] {
        let error = distort(&scene(8), Distortion::Blur, strength, 0).unwrap_err();
        assert_eq!(error.to_string(), format!("distorting: a strength of {strength} is not in [0, 1]"));
    }
}

#[test]
fn names_lead_back_to_their_kinds() {
    for kind in Distortion::ALL {
        assert_eq!(Distortion::from_name(kind.name()), Some(kind));
    }
}
