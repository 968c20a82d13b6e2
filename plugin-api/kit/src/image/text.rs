//! Numbers written into pictures.

use super::Image;

/// Rows of a character.
pub(super) const HEIGHT: usize = 5;
/// Columns of a character.
const WIDTH: usize = 3;

/// The rows of a character from top to bottom, three bits each, the leftmost pixel in the highest bit.
fn glyph(character: char) -> [u8; HEIGHT] {
    match character {
        '0' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b010, 0b010, 0b010],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        '.' => [0b000, 0b000, 0b000, 0b000, 0b010],
        '-' => [0b000, 0b000, 0b111, 0b000, 0b000],
        'e' => [0b000, 0b111, 0b110, 0b100, 0b111],
        _ => [0; HEIGHT],
    }
}

/// A number with three significant digits.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (0.001..1000.0).contains(&size) {
        let decimals = 2 - size.log10().floor() as i32;
        format!("{value:.*}", decimals.max(0) as usize)
    } else {
        format!("{value:.2e}")
    }
}

/// Columns that a text takes, unscaled.
pub(super) fn width(text: &str) -> usize {
    text.chars().count() * (WIDTH + 1)
}

/// Writes in black, each of a character's pixels `scale` × `scale` of the image's; what lies beyond the image is
/// left out.
pub(super) fn draw(image: &mut Image, text: &str, (left, top): (usize, usize), scale: usize) {
    for (index, character) in text.chars().enumerate() {
        let left = left + index * (WIDTH + 1) * scale;
        for (row, bits) in glyph(character).into_iter().enumerate() {
            for column in (0..WIDTH).filter(|column| bits >> (WIDTH - 1 - column) & 1 == 1) {
                fill(image, (left + column * scale, top + row * scale), scale);
            }
        }
    }
}

fn fill(image: &mut Image, (left, top): (usize, usize), side: usize) {
    let channels = image.channels();
    let (stride, right) = (image.stride(), (left + side).min(image.width()));
    for y in top..(top + side).min(image.height()) {
        if left < right {
            image.data_mut()[y * stride + left * channels..y * stride + right * channels].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let written = [0.0, 0.123_456, 12.345, 999.0, -0.5, 12_345.0, 0.000_012_3].map(number);
        assert_eq!(written, ["0", "0.123", "12.3", "999", "-0.500", "1.23e4", "1.23e-5"]);
        assert!(written.iter().flat_map(|text| text.chars()).all(|c| glyph(c) != [0; HEIGHT]));
    }

    #[test]
    fn text_beyond_the_image_is_left_out() {
        let mut image = Image::grey(6, 4, vec![255; 24]).unwrap();
        draw(&mut image, "11", (1, 1), 2);
        assert_eq!(image.row(0), [255; 6]);
        assert_eq!(image.row(1), [255, 255, 255, 0, 0, 255]);
    }
}
