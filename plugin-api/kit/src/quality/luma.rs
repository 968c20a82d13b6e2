//! Planes of one value per pixel, and the luma of images as super-resolution papers score it.

use super::OPERATION;
use crate::image::{Image, ImageError};
use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use tch::{Device, Kind, Tensor};

/// ITU-R BT.601 luma of RGB in [0, 1], in [16, 235]: MATLAB's `rgb2ycbcr`.
const LUMA: [f64; 3] = [65.481, 128.553, 24.966];
/// The same for RGB in [0, 255], as the rational numbers over 256 in many programs have it.
const PUBLISHED_LUMA: [f64; 3] = [65.738, 129.057, 25.064];
const OFFSET: f64 = 16.0;

/// One float64 value per pixel, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    width: usize,
    height: usize,
    values: Vec<f64>,
}

impl Plane {
    /// A plane of `width * height` values.
    ///
    /// Fails where a side is zero or the number of values is another one.
    pub fn new(width: usize, height: usize, values: Vec<f64>) -> Result<Self, ImageError> {
        if width == 0 || height == 0 || width.checked_mul(height) != Some(values.len()) {
            return Err(ImageError::Shape { width, height, channels: 1, samples: values.len() });
        }
        Ok(Self { width, height, values })
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The plane rounded to the nearest of the 256 levels of an 8-bit image, halves up.
    #[must_use]
    pub fn rounded(&self) -> Self {
        let values = self.values.iter().map(|value| (value + 0.5).floor().clamp(0.0, 255.0)).collect();
        Self { values, ..*self }
    }

    /// The plane without `border` values at each of its four sides.
    ///
    /// Fails where nothing would be left.
    pub fn shaved(&self, border: usize) -> Result<Self, ImageError> {
        if border.saturating_mul(2) >= self.width.min(self.height) {
            let message = format!(
                "nothing is left of {}×{} values without a border of {border}",
                self.width, self.height
            );
            return Err(ImageError::Argument { operation: OPERATION, message });
        }
        let columns = border..self.width - border;
        let rows = self.values.chunks_exact(self.width).skip(border).take(self.height - 2 * border);
        let values = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
        Ok(Self { width: self.width - 2 * border, height: self.height - 2 * border, values })
    }
}

/// The luma of an 8-bit image: 16 + 65.481 R + 128.553 G + 24.966 B for R, G, B in [0, 1], so in [16, 235], not rounded
/// (see [`Plane::rounded`]). The values of a grey image are taken as they are, in [0, 255].
pub fn luma(image: &Image) -> Plane {
    weighted(image, LUMA.map(|weight| weight / 255.0))
}

/// As [`luma`] with the weights that some published results were computed with:
/// 16 + (65.738 R + 129.057 G + 25.064 B) / 256 for R, G, B in [0, 255].
pub fn published_luma(image: &Image) -> Plane {
    weighted(image, PUBLISHED_LUMA.map(|weight| weight / 256.0))
}

fn weighted(image: &Image, weights: [f64; 3]) -> Plane {
    let values = match image.channels() {
        3 => {
            let tables = weights.map(|weight| levels().map(|level| weight * level));
            let of_pixel = |p: &[u8]| {
                OFFSET
                    + tables[0][usize::from(p[0])]
                    + tables[1][usize::from(p[1])]
                    + tables[2][usize::from(p[2])]
            };
            image.data().chunks_exact(3).map(of_pixel).collect()
        }
        _ => image.data().iter().copied().map(f64::from).collect(),
    };
    Plane { width: image.width(), height: image.height(), values }
}

fn levels() -> [f64; 256] {
    std::array::from_fn(|level| level as f64)
}

/// The [`luma`] of a tensor of 3 channels × height × width in [0, 1], on any device, in float64 and not rounded to
/// levels before. One channel is taken as it is, times 255.
///
/// Fails where the tensor has another shape, or libtorch fails.
pub fn luma_of_tensor(image: &Tensor) -> Result<Plane, PluginError> {
    let &[channels @ (1 | 3), height, width] = image.size().as_slice() else {
        return Err(PluginError::input(format!(
            "{OPERATION}: a tensor of shape {:?} is not an image of 1 or 3 channels",
            image.size()
        )));
    };
    let samples = image
        .detach()
        .f_to_device(Device::Cpu)
        .and_then(|image| image.f_to_kind(Kind::Double)?.f_contiguous()?.f_flatten(0, -1))
        .map_err(torch_error)?;
    let samples = Vec::<f64>::try_from(&samples).map_err(torch_error)?;
    let values = if channels == 1 {
        samples.iter().map(|value| value * 255.0).collect()
    } else {
        let pixels = samples.len() / 3;
        let (red, rest) = samples.split_at(pixels);
        let (green, blue) = rest.split_at(pixels);
        let colours = red.iter().zip(green).zip(blue);
        colours.map(|((r, g), b)| OFFSET + LUMA[0] * r + LUMA[1] * g + LUMA[2] * b).collect()
    };
    Ok(Plane::new(width as usize, height as usize, values)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(plane: &Plane) -> Vec<f64> {
        plane.values().iter().map(|value| (value * 1e6).round() / 1e6).collect()
    }

    #[test]
    fn black_and_white_are_16_and_235_and_grey_stays() {
        let image = Image::rgb(2, 1, vec![0, 0, 0, 255, 255, 255]).unwrap();
        assert_eq!(values(&luma(&image)), [16.0, 235.0]);
        assert_eq!(values(&published_luma(&image)), [16.0, 235.000_176]);
        assert_eq!(luma(&Image::grey(2, 1, vec![0, 255]).unwrap()).values(), [0.0, 255.0]);
    }

    #[test]
    fn tensors_have_the_luma_of_their_images() {
        let image = Image::rgb(3, 2, (0..18).map(|value| value * 14).collect()).unwrap();
        let (exact, found) = (luma(&image), luma_of_tensor(&image.to_tensor().unwrap()).unwrap());
        assert_eq!((found.width(), found.height()), (3, 2));
        for (exact, found) in exact.values().iter().zip(found.values()) {
            assert!((exact - found).abs() < 1e-4, "{exact} {found}");
        }
        let grey = Image::grey(2, 1, vec![51, 255]).unwrap();
        assert_eq!(values(&luma_of_tensor(&grey.to_tensor().unwrap()).unwrap())[1], 255.0);
        assert!(luma_of_tensor(&Tensor::zeros([2, 3, 4, 4], (Kind::Float, Device::Cpu))).is_err());
    }

    #[test]
    fn borders_go_from_all_four_sides() {
        let plane = Plane::new(4, 3, (0..12).map(f64::from).collect()).unwrap();
        assert_eq!(plane.shaved(1).unwrap(), Plane::new(2, 1, vec![5.0, 6.0]).unwrap());
        assert_eq!(plane.shaved(0).unwrap(), plane);
        let message = plane.shaved(2).unwrap_err().to_string();
        assert_eq!(message, "measuring image quality: nothing is left of 4×3 values without a border of 2");
    }

    #[test]
    fn rounding_clips_to_levels() {
        let plane = Plane::new(4, 1, vec![-3.0, 1.5, 2.4, 300.0]).unwrap();
        assert_eq!(plane.rounded().values(), [0.0, 2.0, 2.0, 255.0]);
    }
}
