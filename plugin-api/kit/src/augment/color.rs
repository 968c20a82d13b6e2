//! Brightness and hue, in torchvision's single-precision steps, so that the results are its own to the bit.

use super::Extent;

pub(super) fn darken(samples: &[f32], factor: f64) -> Vec<f32> {
    let factor = factor as f32;
    samples.iter().map(|sample| (factor * sample).clamp(0.0, 1.0)).collect()
}

pub(super) fn shift_hue(samples: &[f32], extent: Extent, hue: f64) -> Vec<f32> {
    if extent.channels != 3 {
        return samples.to_vec();
    }
    let shift = hue as f32;
    let pixels = extent.plane();
    let (red, rest) = samples.split_at(pixels);
    let (green, blue) = rest.split_at(pixels);
    let mut result = vec![0.0; samples.len()];
    for pixel in 0..pixels {
        let (hue, saturation, value) = to_hsv(red[pixel], green[pixel], blue[pixel]);
        let rgb = to_rgb(wrapped(hue + shift), saturation, value);
        for (channel, sample) in rgb.into_iter().enumerate() {
            result[channel * pixels + pixel] = sample;
        }
    }
    result
}

/// Hue, saturation and value, all in [0, 1]. The hue of grey is 0.
fn to_hsv(red: f32, green: f32, blue: f32) -> (f32, f32, f32) {
    let value = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    if value == least {
        return (0.0, 0.0, value);
    }
    let range = value - least;
    let below = |sample: f32| (value - sample) / range;
    let (red_below, green_below, blue_below) = (below(red), below(green), below(blue));
    let sixths = if value == red {
        blue_below - green_below
    } else if value == green {
        2.0 + red_below - blue_below
    } else {
        4.0 + green_below - red_below
    };
    (wrapped(sixths / 6.0 + 1.0), range / value, value)
}

/// Brings a hue in [-1, 2) into [0, 1]: the remainder of a division by 1, which is exact below 2.
fn wrapped(hue: f32) -> f32 {
    if hue >= 1.0 {
        hue - 1.0
    } else if hue < 0.0 {
        hue + 1.0
    } else {
        hue
    }
}

fn to_rgb(hue: f32, saturation: f32, value: f32) -> [f32; 3] {
    let sixths = hue * 6.0;
    let sector = sixths as i32;
    let within = sixths - sector as f32;
    let low = (value * (1.0 - saturation)).clamp(0.0, 1.0);
    let falling = (value * (1.0 - saturation * within)).clamp(0.0, 1.0);
    let rising = (value * (1.0 - saturation * (1.0 - within))).clamp(0.0, 1.0);
    // A hue that was rounded up to 1 is in the first sector again.
    match sector % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    }
}
