//! A map of values drawn over the image that it belongs to, with a scale beside it.

use super::colormap::viridis;
use super::{Filter, Image, ImageError, resize, text};

/// Share of the colour in what is drawn; the rest is the image in grey.
const OPACITY: f64 = 0.65;
/// A picture whose shorter side is below this is magnified a whole number of times.
const SHORTEST_SIDE: usize = 256;
const GAP: usize = 12;
const BAR_WIDTH: usize = 18;
const LABEL_SCALE: usize = 2;

/// Draws `map`, one value for each pixel of `image` row after row, in the colours of [`viridis`] over a grey
/// version of the image. To the right stands a bar of the colours from `range.0` (bottom) to `range.1` (top) with
/// both numbers; values outside the range take the colour of its end.
///
/// Small pictures are magnified by a whole number. Fails where the map has another number of values, holds NaN, or
/// the range is not finite and rising. A range of one value (as a map of zeros has) is drawn in the lowest colour.
pub fn overlay(image: &Image, map: &[f32], range: (f32, f32)) -> Result<Image, ImageError> {
    let picture = overlay_alone(image, map, range)?;
    let factor = SHORTEST_SIDE.div_ceil(image.width().min(image.height()));
    let picture = resize(&picture, image.width() * factor, image.height() * factor, Filter::Nearest)?;
    Ok(with_bar(&picture, &text::number(range.0.into()), &text::number(range.1.into())))
}

/// As [`overlay()`], in the image's own size and without the bar: for pictures that stand beside others.
pub fn overlay_alone(image: &Image, map: &[f32], range: (f32, f32)) -> Result<Image, ImageError> {
    let (low, high) = (f64::from(range.0), f64::from(range.1));
    check(image, map, low, high)?;
    let position = |value: f64| if high > low { (value - low) / (high - low) } else { 0.0 };
    let grey = image.to_grey();
    let blend = |(value, grey): (&f32, &u8)| {
        viridis(position(f64::from(*value))).map(|color| mix(f64::from(color), f64::from(*grey)))
    };
    let data = map.iter().zip(grey.data()).flat_map(blend).collect();
    Image::rgb(image.width(), image.height(), data)
}

fn check(image: &Image, map: &[f32], low: f64, high: f64) -> Result<(), ImageError> {
    let wrong = |message| Err(ImageError::Argument { operation: "drawing a map", message });
    let (width, height) = (image.width(), image.height());
    if map.len() != width * height {
        return wrong(format!(
            "a map of {} values does not fit an image of {width}×{height} pixels",
            map.len()
        ));
    }
    if let Some(index) = map.iter().position(|value| value.is_nan()) {
        return wrong(format!("the map holds NaN in column {}, row {}", index % width, index / width));
    }
    if !low.is_finite() || !high.is_finite() || high < low {
        return wrong(format!("{low} to {high} is not a range of values"));
    }
    Ok(())
}

fn mix(color: f64, grey: f64) -> u8 {
    (OPACITY * color + (1.0 - OPACITY) * grey).round() as u8
}

/// The picture on white, with the bar and its labels to the right.
fn with_bar(picture: &Image, low: &str, high: &str) -> Image {
    let labels = text::width(low).max(text::width(high)) * LABEL_SCALE;
    let bar_left = picture.width() + GAP;
    let labels_left = bar_left + BAR_WIDTH + GAP / 2;
    let (width, height) = (labels_left + labels + GAP / 2, picture.height());
    let mut canvas = Image::from_parts(width, height, 3, vec![255; width * height * 3]);
    for y in 0..height {
        let start = y * width * 3;
        canvas.data_mut()[start..start + picture.stride()].copy_from_slice(picture.row(y));
        // The bar's colours are mixed as the picture's are over middle grey.
        let value = 1.0 - y as f64 / (height - 1).max(1) as f64;
        let color = viridis(value).map(|color| mix(f64::from(color), 128.0));
        for x in bar_left..bar_left + BAR_WIDTH {
            canvas.data_mut()[start + x * 3..][..3].copy_from_slice(&color);
        }
    }
    text::draw(&mut canvas, high, (labels_left, 2), LABEL_SCALE);
    let bottom = height - 2 - text::HEIGHT * LABEL_SCALE;
    text::draw(&mut canvas, low, (labels_left, bottom), LABEL_SCALE);
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize) -> Image {
        Image::rgb(width, height, vec![100; width * height * 3]).unwrap()
    }

    #[test]
    fn low_and_high_values_take_the_ends_of_the_colours() {
        let drawn = overlay(&grey(64, 64), &[vec![0.0; 2048], vec![2.0; 2048]].concat(), (0.0, 2.0)).unwrap();
        assert_eq!(drawn.height(), 256);
        assert!(drawn.width() > 256 + BAR_WIDTH);
        let expected = |value| viridis(value).map(|color| mix(f64::from(color), 100.0));
        assert_eq!(drawn.pixel(10, 10), expected(0.0));
        assert_eq!(drawn.pixel(255, 255), expected(1.0));
        // The bar has the highest colour at the top.
        assert_eq!(drawn.pixel(256 + GAP, 0), viridis(1.0).map(|color| mix(f64::from(color), 128.0)));
        // Something is written beside it.
        let labels = (0..drawn.height()).flat_map(|y| drawn.row(y)[(256 + GAP + BAR_WIDTH) * 3..].to_vec());
        assert!(labels.filter(|&sample| sample == 0).count() > 20);
    }

    #[test]
    fn a_map_of_one_value_is_drawn() {
        assert!(overlay(&grey(3, 300), &[0.0; 900], (0.0, 0.0)).is_ok());
    }

    #[test]
    fn wrong_maps_are_refused() {
        let message = |map: &[f32], range| overlay(&grey(2, 2), map, range).unwrap_err().to_string();
        assert_eq!(
            message(&[0.0; 3], (0.0, 1.0)),
            "drawing a map: a map of 3 values does not fit an image of 2×2 pixels"
        );
        assert_eq!(
            message(&[0.0, 0.0, 0.0, f32::NAN], (0.0, 1.0)),
            "drawing a map: the map holds NaN in column 1, row 1"
        );
        assert_eq!(message(&[0.0; 4], (1.0, 0.0)), "drawing a map: 1 to 0 is not a range of values");
    }
}
