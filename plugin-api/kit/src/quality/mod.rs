//! Measures of image quality as super-resolution results are published: PSNR and SSIM on luma.
//!
//! The published figures of bicubic interpolation (Set5, Set14, BSD100 at a factor of 4) are met by: images cropped to a
//! multiple of the factor, shrunk and enlarged with [`matlab_resize`](crate::image::matlab_resize), then
//! [`luma()`] · [`Plane::rounded`] · [`Plane::shaved`] by the factor, and [`psnr`] and [`ssim()`] with a peak of 255.

mod luma;
mod ssim;

pub use luma::{Plane, luma, luma_of_tensor, published_luma};
pub use ssim::{ssim, uniform_ssim};

use crate::image::ImageError;

/// The name of what failed, in errors.
const OPERATION: &str = "measuring image quality";

/// Peak signal-to-noise ratio in decibels: 10 log10(peak² / mean squared difference). Infinite for equal planes.
///
/// `peak` is the largest possible value, 255 for [`luma()`]. Fails where the planes have different sizes.
pub fn psnr(a: &Plane, b: &Plane, peak: f64) -> Result<f64, ImageError> {
    same_extent(a, b)?;
    let squares: f64 = a.values().iter().zip(b.values()).map(|(a, b)| (a - b) * (a - b)).sum();
    let mean = squares / a.values().len() as f64;
    Ok(10.0 * (peak * peak / mean).log10())
}

fn same_extent(a: &Plane, b: &Plane) -> Result<(), ImageError> {
    if (a.width(), a.height()) == (b.width(), b.height()) {
        return Ok(());
    }
    let message = format!(
        "planes of {}×{} and {}×{} values can't be compared; bring the images to one size",
        a.width(),
        a.height(),
        b.width(),
        b.height()
    );
    Err(ImageError::Argument { operation: OPERATION, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(values: &[f64]) -> Plane {
        Plane::new(values.len(), 1, values.to_vec()).unwrap()
    }

    #[test]
    fn a_difference_of_a_tenth_of_the_peak_is_20_decibels() {
        let found = psnr(&plane(&[0.0, 10.0]), &plane(&[1.0, 9.0]), 10.0).unwrap();
        assert!((found - 20.0).abs() < 1e-12, "{found}");
        assert_eq!(psnr(&plane(&[3.0]), &plane(&[3.0]), 255.0).unwrap(), f64::INFINITY);
    }

    #[test]
    fn planes_of_two_sizes_are_refused() {
        let message = psnr(&plane(&[0.0]), &plane(&[0.0, 1.0]), 1.0).unwrap_err().to_string();
        assert_eq!(
            message,
            "measuring image quality: planes of 1×1 and 2×1 values can't be compared; bring the images to one size"
        );
    }
}
