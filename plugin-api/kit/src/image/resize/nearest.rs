//! Nearest-neighbour scaling.

use super::Image;

/// Takes the sample under each output's centre.
pub(super) fn resize(image: &Image, width: usize, height: usize) -> Image {
    let columns = positions(image.width(), width);
    let channels = image.channels();
    let mut data = Vec::with_capacity(width * height * channels);
    for y in positions(image.height(), height) {
        let row = image.row(y);
        for &x in &columns {
            data.extend_from_slice(&row[x * channels..(x + 1) * channels]);
        }
    }
    Image::from_parts(width, height, channels, data)
}

/// The input position under each output's centre. The step is added up, as in Pillow: a product would
/// round differently and choose another sample where a centre falls on a border.
fn positions(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut center = step * 0.5;
    (0..to)
        .map(|_| {
            let position = (center as usize).min(from - 1);
            center += step;
            position
        })
        .collect()
}
