//! Crops, flips, padding and sizes as torchvision's functional transforms compute them on Pillow images.

use super::{Filter, Image, ImageError, resize};

/// Resizes so that the shorter side has `size` pixels: `torchvision.transforms.functional.resize` with an
/// integer.
///
/// The longer side is `size * longer / shorter` with the fraction cut off. Fails where `size` is zero.
pub fn resize_shorter_side(image: &Image, size: usize, filter: Filter) -> Result<Image, ImageError> {
    let (width, height) = (image.width(), image.height());
    let longer = |longer: usize, shorter: usize| ((size * longer) as f64 / shorter as f64) as usize;
    if width <= height {
        resize(image, size, longer(height, width), filter)
    } else {
        resize(image, longer(width, height), size, filter)
    }
}

/// The part of `width` × `height` pixels whose upper left pixel is in column `left` of row `top`.
///
/// Fails where it is empty or reaches beyond the image (torchvision would fill up with black).
pub fn crop(
    image: &Image,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
) -> Result<Image, ImageError> {
    let fits = |start: usize, length: usize, side: usize| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
    };
    if !fits(left, width, image.width()) || !fits(top, height, image.height()) {
        let message = format!(
            "{width}×{height} pixels from column {left}, row {top} are not inside an image of {}×{}",
            image.width(),
            image.height()
        );
        return Err(ImageError::Argument { operation: "cropping", message });
    }
    let channels = image.channels();
    let columns = left * channels..(left + width) * channels;
    let data = (top..top + height).flat_map(|y| &image.row(y)[columns.clone()]).copied().collect();
    Ok(Image::from_parts(width, height, channels, data))
}

/// The central `width` × `height` pixels: `torchvision.transforms.functional.center_crop`.
///
/// An image too small is filled up with black on both sides first; where the remainder is odd, a crop takes
/// the even one of the two middle offsets and the filling puts the extra pixel after the image. Fails
/// where a side is zero.
pub fn center_crop(image: &Image, width: usize, height: usize) -> Result<Image, ImageError> {
    if width == 0 || height == 0 {
        let message = format!("an image can't be cropped to {width}×{height} pixels");
        return Err(ImageError::Argument { operation: "cropping", message });
    }
    if width > image.width() || height > image.height() {
        let padded = pad_around(image, width.max(image.width()), height.max(image.height()));
        return center_crop(&padded, width, height);
    }
    crop(image, half_to_even(image.width() - width), half_to_even(image.height() - height), width, height)
}

/// Half of `length`, rounded as Python's `round` does: a half goes to the even neighbour.
fn half_to_even(length: usize) -> usize {
    let half = length / 2;
    half + (length % 2) * (half % 2)
}

fn pad_around(image: &Image, width: usize, height: usize) -> Image {
    let channels = image.channels();
    let left = (width - image.width()) / 2;
    let top = (height - image.height()) / 2;
    let mut data = vec![0; width * height * channels];
    for (y, row) in data.chunks_exact_mut(width * channels).skip(top).take(image.height()).enumerate() {
        row[left * channels..][..image.stride()].copy_from_slice(image.row(y));
    }
    Image::from_parts(width, height, channels, data)
}

/// The image with `left`, `top`, `right` and `bottom` more pixels on its sides, mirrored at its edges without
/// repeating them: `torchvision.transforms.functional.pad` with `padding_mode="reflect"` (whose four numbers are in
/// this order, too).
///
/// Fails where a padding is not smaller than the side that it mirrors.
///
/// ```
/// # use lossnet_plugin_kit::image::{Image, pad_reflect};
/// let image = Image::grey(3, 1, vec![1, 2, 3])?;
/// assert_eq!(pad_reflect(&image, 2, 0, 1, 0)?.data(), [3, 2, 1, 2, 3, 2]);
/// # Ok::<(), lossnet_plugin_kit::image::ImageError>(())
/// ```
pub fn pad_reflect(
    image: &Image,
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
) -> Result<Image, ImageError> {
    let (width, height) = (image.width(), image.height());
    if left.max(right) >= width || top.max(bottom) >= height {
        let message = format!(
            "{left}, {top}, {right} and {bottom} pixels (left, top, right, bottom) can't be mirrored from an image of \
             {width}×{height}: each number must be smaller than the image's side"
        );
        return Err(ImageError::Argument { operation: "padding", message });
    }
    let channels = image.channels();
    let columns: Vec<usize> = reflected(left, width, right).collect();
    let mut data = Vec::with_capacity(columns.len() * (top + height + bottom) * channels);
    for y in reflected(top, height, bottom) {
        let row = image.row(y);
        for &x in &columns {
            data.extend_from_slice(&row[x * channels..(x + 1) * channels]);
        }
    }
    Ok(Image::from_parts(columns.len(), top + height + bottom, channels, data))
}

/// The positions along an axis of `length` samples that is mirrored at both ends.
fn reflected(before: usize, length: usize, after: usize) -> impl Iterator<Item = usize> {
    let mirrored = (0..length - 1).rev().take(after);
    (1..=before).rev().chain(0..length).chain(mirrored)
}

/// The image with its columns in reverse order.
#[must_use]
pub fn flip_horizontal(image: &Image) -> Image {
    let channels = image.channels();
    let rows = image.data().chunks_exact(image.stride());
    let data = rows.flat_map(|row| row.chunks_exact(channels).rev().flatten()).copied().collect();
    Image::from_parts(image.width(), image.height(), channels, data)
}

/// The image with its rows in reverse order.
#[must_use]
pub fn flip_vertical(image: &Image) -> Image {
    let data = image.data().chunks_exact(image.stride()).rev().flatten().copied().collect();
    Image::from_parts(image.width(), image.height(), image.channels(), data)
}
