//! Pictures as a report holds them.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::FilterType as Resize;
use image::{DynamicImage, ImageFormat};

/// A picture is made smaller until its file is at most so large.
const MOST_BYTES: usize = 200 * 1024;

/// Sides in pixels up to which pictures are shown in their own size, whatever their files' sizes.
const SMALL: u32 = 160;

/// A picture in a report.
#[derive(Debug)]
pub(super) struct Embedded {
    pub(super) size: [u32; 2],
    /// As a `data:` address.
    pub(super) source: String,
    /// The whole number by which it was made smaller: 1 if its pixels are those of the file.
    pub(super) reduced: u32,
}

/// Why a picture is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    /// It can't be read.
    #[error("the picture {path} can't be read: {reason}", path = path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// Reads a picture that a task has written; none if it is not there any more. Its pixels are kept unless it is large.
pub(super) fn embed(path: &Path) -> Result<Option<Embedded>, PictureError> {
    let unreadable = |reason: String| PictureError::Unreadable { path: path.to_owned(), reason };
    let bytes = match fs_err::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    // A torn file is found only by reading all of it.
    let image = image::load_from_memory_with_format(&bytes, ImageFormat::Png)
        .map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() <= MOST_BYTES / 4 {
        // Small enough as it is.
        return Ok(Some(Embedded {
            size: [image.width(), image.height()],
            source: address(&bytes),
            reduced: 1,
        }));
    }
    let mut reduced = 1;
    loop {
        let shown = smaller(&image, reduced);
        let bytes = encoded(&shown).map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() <= MOST_BYTES || shown.width().max(shown.height()) <= SMALL {
            let size = [shown.width(), shown.height()];
            return Ok(Some(Embedded { size, source: address(&bytes), reduced }));
        }
        reduced += 1;
    }
}

/// A whole number of times smaller, by averaging.
fn smaller(image: &DynamicImage, times: u32) -> DynamicImage {
    if times == 1 {
        return image.clone();
    }
    let (width, height) = (image.width().div_ceil(times), image.height().div_ceil(times));
    image.resize_exact(width, height, Resize::Triangle)
}

fn encoded(image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_with_encoder(PngEncoder::new_with_quality(
        &mut bytes,
        CompressionType::Best,
        FilterType::Adaptive,
    ))?;
    Ok(bytes.into_inner())
}

fn address(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64.encode(png))
}
