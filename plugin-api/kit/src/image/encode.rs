//! Writing PNG files.

use super::{Image, ImageError};
use image::ImageEncoder;
use image::codecs::png::PngEncoder;
use std::path::Path;

/// The bytes of a PNG file with the image's 8-bit samples.
pub fn encode_png(image: &Image) -> Result<Vec<u8>, ImageError> {
    let failed = |message| ImageError::Encode { format: "PNG", message };
    let side =
        |length| u32::try_from(length).map_err(|_| failed(format!("a side of {length} pixels is too long")));
    let color = match image.channels() {
        1 => image::ExtendedColorType::L8,
        _ => image::ExtendedColorType::Rgb8,
    };
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(image.data(), side(image.width())?, side(image.height())?, color)
        .map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}

/// Writes a PNG file in one step: readers see the old file or the whole new one, also after a crash.
///
/// The folder must exist. Fails where it can't be written to.
pub fn write_png(path: impl AsRef<Path>, image: &Image) -> Result<(), ImageError> {
    let path = path.as_ref();
    let bytes = encode_png(image)?;
    crate::atomic::write(path, &bytes).map_err(|reason| ImageError::Write { path: path.to_owned(), reason })
}

/// A text, such as a sample's name, as a part of a picture's file name: letters, digits, `.`, `_` and `-` stay, all else
/// becomes `-`.
pub fn file_part(text: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    text.chars().map(keep).collect()
}
