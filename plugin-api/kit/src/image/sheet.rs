//! Contact sheets: many images in one, to be looked at side by side.

use super::{Filter, Image, ImageError, resize};

/// White pixels between two images.
const GAP: usize = 2;

/// Puts images into rows and columns on white, with gaps of 2 pixels between them.
///
/// Grey images become RGB. In a row, all images are brought to the height of the tallest: by repeating their pixels
/// where that is a whole number of times theirs, with bilinear interpolation otherwise; their proportions stay. A
/// column is as wide as its widest image, narrower ones stand at its left. Rows may have different numbers of images.
///
/// Fails where there is no image at all, or the sheet would have more than [`MAX_PIXELS`](super::MAX_PIXELS) pixels.
///
/// ```
/// # use lossnet_plugin_kit::image::{Image, sheet};
/// let (small, large) = (Image::grey(2, 2, vec![0; 4])?, Image::rgb(4, 4, vec![9; 48])?);
/// let sheet = sheet(&[vec![small, large]])?;
/// assert_eq!((sheet.width(), sheet.height(), sheet.channels()), (4 + 2 + 4, 4, 3));
/// # Ok::<(), lossnet_plugin_kit::image::ImageError>(())
/// ```
pub fn sheet(rows: &[Vec<Image>]) -> Result<Image, ImageError> {
    let rows: Vec<Vec<Image>> = rows.iter().map(|row| level(row)).collect::<Result<_, _>>()?;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(Image::width).max().unwrap_or(0))
        .collect();
    let heights: Vec<usize> = rows.iter().filter_map(|row| row.first()).map(Image::height).collect();
    let (Some(width), Some(height)) = (with_gaps(&widths), with_gaps(&heights)) else {
        return wrong("there is no image to put on it".to_owned());
    };
    if width as u64 * height as u64 > super::MAX_PIXELS {
        return wrong(format!("it would have {width}×{height} pixels, more than {}", super::MAX_PIXELS));
    }
    let mut sheet = Image::from_parts(width, height, 3, vec![255; width * height * 3]);
    let mut top = 0;
    for row in rows.iter().filter(|row| !row.is_empty()) {
        let mut left = 0;
        for (image, width) in row.iter().zip(&widths) {
            put(&mut sheet, image, left, top);
            left += width + GAP;
        }
        top += row[0].height() + GAP;
    }
    Ok(sheet)
}

fn wrong(message: String) -> Result<Image, ImageError> {
    Err(ImageError::Argument { operation: "making a sheet of images", message })
}

fn with_gaps(lengths: &[usize]) -> Option<usize> {
    (!lengths.is_empty()).then(|| lengths.iter().sum::<usize>() + GAP * (lengths.len() - 1))
}

/// The images in RGB and with the height of the tallest.
fn level(row: &[Image]) -> Result<Vec<Image>, ImageError> {
    let height = row.iter().map(Image::height).max().unwrap_or(0);
    let enlarge = |image: &Image| {
        let width = (image.width() * height).div_ceil(image.height());
        let filter = if height.is_multiple_of(image.height()) { Filter::Nearest } else { Filter::Bilinear };
        Ok(resize(image, width, height, filter)?.to_rgb())
    };
    row.iter().map(enlarge).collect()
}

fn put(sheet: &mut Image, image: &Image, left: usize, top: usize) {
    let stride = sheet.stride();
    for y in 0..image.height() {
        let start = (top + y) * stride + left * 3;
        sheet.data_mut()[start..start + image.stride()].copy_from_slice(image.row(y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(width: usize, height: usize, level: u8) -> Image {
        Image::grey(width, height, vec![level; width * height]).unwrap()
    }

    #[test]
    fn images_stand_in_rows_and_columns_with_white_between() {
        let small = Image::grey(2, 1, vec![10, 20]).unwrap();
        let drawn = sheet(&[vec![small, even(3, 2, 30)], vec![], vec![even(5, 3, 40).to_rgb()]]).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (5 + 2 + 3, 2 + 2 + 3));
        let row = |y| drawn.row(y).iter().step_by(3).copied().collect::<Vec<u8>>();
        assert_eq!(row(0), [10, 10, 20, 20, 255, 255, 255, 30, 30, 30]);
        assert_eq!(row(0), row(1));
        assert_eq!(row(2), [255; 10]);
        assert_eq!(row(3), [255; 10]);
        assert_eq!(row(6), [40, 40, 40, 40, 40, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn heights_that_do_not_divide_are_interpolated() {
        let drawn = sheet(&[vec![even(2, 2, 50), even(1, 3, 60)]]).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (3 + 2 + 1, 3));
        assert_eq!(drawn.pixel(2, 2), [50; 3]);
    }

    #[test]
    fn nothing_makes_no_sheet() {
        for rows in [vec![], vec![vec![]]] {
            let message = sheet(&rows).unwrap_err().to_string();
            assert_eq!(message, "making a sheet of images: there is no image to put on it");
        }
    }
}
