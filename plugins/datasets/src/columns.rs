//! Square images stored as MATLAB keeps them: channel after channel, each column by column.

use lossnet_plugin_api::prelude::*;

/// The bytes of one image of this side.
pub(crate) const fn bytes(side: usize) -> usize {
    3 * side * side
}

/// An RGB image from [`bytes`]`(side)` values: red, then green, then blue, each column after column.
pub(crate) fn image(side: usize, columns: &[u8]) -> Field {
    let mut data = vec![0; bytes(side)];
    for (channel, plane) in columns.chunks_exact(side * side).enumerate() {
        for (x, column) in plane.chunks_exact(side).enumerate() {
            for (y, &value) in column.iter().enumerate() {
                data[(y * side + x) * 3 + channel] = value;
            }
        }
    }
    Field::Image(ImageData { width: side, height: side, channels: 3, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_and_planes_pixels() {
        // Red: 1 below it 2; right of it 3, below that 4. Green and blue: tens and hundreds.
        let columns = [1, 2, 3, 4, 10, 20, 30, 40, 100, 120, 130, 140];
        let Field::Image(image) = image(2, &columns) else { panic!("an image") };
        assert_eq!(image.data, [1, 10, 100, 3, 30, 130, 2, 20, 120, 4, 40, 140]);
    }
}
