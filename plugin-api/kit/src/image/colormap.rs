//! Viridis: a colour map that is perceptually uniform and readable without colour vision.
//!
//! By Stéfan van der Walt and Nathaniel Smith (CC0), here through Matt Zucker's polynomial of degree six
//! (<https://www.shadertoy.com/view/WlfXRN>, CC0), which is within six levels of the original table.

/// Coefficients of the polynomial, the constant first; red, green, blue.
const VIRIDIS: [[f64; 3]; 7] = [
    [0.277_727_327_223_417_7, 0.005_407_344_544_966_578, 0.334_099_805_335_306_1],
    [0.105_093_043_108_577_4, 1.404_613_529_898_575, 1.384_590_162_594_685],
    [-0.330_861_828_725_556_3, 0.214_847_559_468_213, 0.095_095_163_028_236_59],
    [-4.634_230_498_983_486, -5.799_100_973_351_585, -19.332_440_956_279_87],
    [6.228_269_936_347_081, 14.179_933_366_805_09, 56.690_552_600_681_05],
    [4.776_384_997_670_288, -13.745_145_377_746_01, -65.353_032_633_372_34],
    [-5.435_455_855_934_631, 4.645_852_612_178_535, 26.312_435_249_583_2],
];

/// The colour (RGB) of a value in [0, 1], from dark blue to yellow. Values outside are taken as the nearer end,
/// NaN as 0.
pub fn viridis(value: f64) -> [u8; 3] {
    let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
    [0, 1, 2].map(|channel| {
        let sum = VIRIDIS.iter().rev().fold(0.0, |sum, row| sum * value + row[channel]);
        (sum * 255.0).round().clamp(0.0, 255.0) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 0, 64, 128, 191 and 255 of the table that matplotlib ships.
    #[test]
    fn colours_are_those_of_the_published_table() {
        let table = [
            (0, [68, 1, 84]),
            (64, [59, 82, 139]),
            (128, [33, 145, 140]),
            (191, [94, 201, 98]),
            (255, [253, 231, 37]),
        ];
        for (row, expected) in table {
            let found = viridis(f64::from(row) / 255.0);
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    i32::from(*found).abs_diff(expected) <= 6,
                    "row {row}: {found} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn lightness_rises_with_the_value() {
        let luma = |value: u32| {
            let [red, green, blue] = viridis(f64::from(value) / 100.0).map(f64::from);
            0.299 * red + 0.587 * green + 0.114 * blue
        };
        assert!((1..=100).all(|value| luma(value) > luma(value - 1)));
    }

    #[test]
    fn values_outside_take_the_nearer_end() {
        assert_eq!(viridis(-3.0), viridis(0.0));
        assert_eq!(viridis(f64::INFINITY), viridis(1.0));
        assert_eq!(viridis(f64::NAN), viridis(0.0));
    }
}
