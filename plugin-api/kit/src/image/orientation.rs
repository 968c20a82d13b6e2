//! How a camera was held, as EXIF data say it.

use super::{Image, flip_horizontal, flip_vertical};
use image::metadata::Orientation as Named;

/// How an image is to be turned and mirrored so that it stands as it was taken: EXIF's tag `Orientation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Orientation(u8);

impl Orientation {
    /// Nothing is to be done.
    pub const UPRIGHT: Orientation = Orientation(1);

    /// EXIF's number, 1 to 8; anything else counts as 1, as in Pillow.
    pub fn of_exif(value: u16) -> Orientation {
        Orientation(if (1..=8).contains(&value) { value as u8 } else { 1 })
    }

    pub(super) fn of(named: Named) -> Orientation {
        Orientation(named.to_exif())
    }

    /// EXIF's number.
    pub fn exif(self) -> u8 {
        self.0
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// The image turned and mirrored: `PIL.ImageOps.exif_transpose`.
    #[must_use]
    pub fn applied(self, image: Image) -> Image {
        match self.0 {
            2 => flip_horizontal(&image),
            3 => flip_vertical(&flip_horizontal(&image)),
            4 => flip_vertical(&image),
            5 => transposed(&image),
            6 => flip_horizontal(&transposed(&image)),
            7 => flip_vertical(&flip_horizontal(&transposed(&image))),
            8 => flip_vertical(&transposed(&image)),
            _ => image,
        }
    }
}

/// Rows become columns.
fn transposed(image: &Image) -> Image {
    let (width, height) = (image.width(), image.height());
    let mut data = Vec::with_capacity(image.data().len());
    for x in 0..width {
        for y in 0..height {
            data.extend_from_slice(image.pixel(x, y));
        }
    }
    Image::from_parts(height, width, image.channels(), data)
}

/// The orientation in the EXIF data of a JPEG file, which are in a segment before the pixels.
pub(super) fn of_jpeg(bytes: &[u8]) -> Orientation {
    const APP1: u8 = 0xe1;
    const START_OF_SCAN: u8 = 0xda;
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, high, low, ..] = *rest {
        if marker == 0xff {
            // A marker may be preceded by any number of these.
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(segment) = rest.get(4..2 + length).filter(|_| marker != START_OF_SCAN) else { break };
        if marker == APP1
            && let Some(exif) = segment.strip_prefix(b"Exif\0\0")
        {
            return Named::from_exif_chunk(exif).map_or(Orientation::UPRIGHT, Orientation::of);
        }
        rest = &rest[2 + length..];
    }
    Orientation::UPRIGHT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_turned_as_pillow_turns_them() {
        // Pillow: ImageOps.exif_transpose of np.arange(6).reshape(2, 3) with each orientation.
        let image = Image::grey(3, 2, (0..6).collect()).unwrap();
        for (value, width, data) in [
            (1, 3, [0, 1, 2, 3, 4, 5]),
            (2, 3, [2, 1, 0, 5, 4, 3]),
            (3, 3, [5, 4, 3, 2, 1, 0]),
            (4, 3, [3, 4, 5, 0, 1, 2]),
            (5, 2, [0, 3, 1, 4, 2, 5]),
            (6, 2, [3, 0, 4, 1, 5, 2]),
            (7, 2, [5, 2, 4, 1, 3, 0]),
            (8, 2, [2, 5, 1, 4, 0, 3]),
            (9, 3, [0, 1, 2, 3, 4, 5]),
        ] {
            let orientation = Orientation::of_exif(value);
            let turned = orientation.applied(image.clone());
            assert_eq!((turned.width(), turned.data()), (width, data.as_slice()), "{value}");
            assert_eq!(orientation.swaps_sides(), width == 2);
        }
    }
}
