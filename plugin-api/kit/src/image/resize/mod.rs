//! Resizing, bit-exact with `PIL.Image.resize` of Pillow before 13.
//!
//! Pillow's method: a horizontal pass, then a vertical one, each rounded to 8 bits; an axis whose length
//! stays is not touched. A filter is widened when it shrinks an image (antialiasing), evaluated at the
//! samples under it in double precision, normalized, and rounded to fixed-point numbers of 22 fractional
//! bits. Pillow 13 began to take the vertical pass first where the height shrinks much more than the width, which
//! gives other pixels; here the order is that of the versions before, which published numbers were made with.
//!
//! As integer sums don't depend on their order, any arrangement of the loops gives Pillow's pixels.
//!
//! [`matlab_resize`] is another method: that of published super-resolution results.

mod kernel;
mod matlab;
mod nearest;
mod passes;

pub use kernel::Filter;
pub use matlab::matlab_resize;

use super::{Image, ImageError};
use kernel::AxisWeights;

/// The longest side that can be asked for; Pillow's own limit is higher, memory is spent long before it.
const LONGEST_SIDE: usize = 1 << 24;

/// Resizes to `width` × `height` pixels with the samples that Pillow's `resize((width, height), filter)`
/// gives.
///
/// Fails where a side is zero, or the result would have more than [`super::MAX_PIXELS`] pixels.
///
/// ```
/// # use lossnet_plugin_kit::image::{Filter, Image, resize};
/// let image = Image::grey(2, 1, vec![0, 100])?;
/// assert_eq!(resize(&image, 1, 1, Filter::Box)?.data(), [50]);
/// # Ok::<(), lossnet_plugin_kit::image::ImageError>(())
/// ```
pub fn resize(image: &Image, width: usize, height: usize, filter: Filter) -> Result<Image, ImageError> {
    check_extent(width, height)?;
    let Some(shape) = filter.shape() else {
        return Ok(nearest::resize(image, width, height));
    };
    let horizontal = (width != image.width()).then(|| AxisWeights::new(image.width(), width, shape));
    let vertical = (height != image.height()).then(|| AxisWeights::new(image.height(), height, shape));
    Ok(match (horizontal, vertical) {
        (None, None) => image.clone(),
        (Some(columns), None) => passes::horizontal(image, &columns, 0..image.height()),
        (None, Some(rows)) => passes::vertical(image, 0, &rows),
        (Some(columns), Some(rows)) => {
            let needed = rows.source_range();
            let first = needed.start;
            passes::vertical(&passes::horizontal(image, &columns, needed), first, &rows)
        }
    })
}

/// Whether an image can be made this large.
fn check_extent(width: usize, height: usize) -> Result<(), ImageError> {
    let possible = (1..=LONGEST_SIDE).contains(&width)
        && (1..=LONGEST_SIDE).contains(&height)
        && (width as u64) * (height as u64) <= super::MAX_PIXELS;
    if possible {
        return Ok(());
    }
    let message = format!(
        "an image can't be made {width}×{height} pixels; sides must be at least 1 and pixels at most {}",
        super::MAX_PIXELS
    );
    Err(ImageError::Argument { operation: "resizing", message })
}
