//! Images as tensors and back.

use super::{Image, ImageError};
use tch::{Device, Kind, Tensor};

impl Image {
    /// The image as a tensor: channels × height × width, float32, in [0, 1]. Fails only where libtorch does.
    pub fn to_tensor(&self) -> Result<Tensor, ImageError> {
        let shape = [self.height() as i64, self.width() as i64, self.channels() as i64];
        Tensor::f_from_data_size(self.data(), &shape, Kind::Uint8)
            .and_then(|pixels| pixels.f_permute([2, 0, 1])?.f_contiguous())
            .and_then(|pixels| pixels.f_to_kind(Kind::Float)?.f_div_scalar(255.0))
            .map_err(|error| failed(&error))
    }

    /// The image of a tensor of 1 or 3 channels × height × width with values in [0, 1], on any device; values
    /// outside are clipped, all are rounded to the nearest of 256 levels.
    ///
    /// Fails where the shape is another one, or a value is NaN.
    pub fn from_tensor(tensor: &Tensor) -> Result<Self, ImageError> {
        let &[channels @ (1 | 3), height, width] = tensor.size().as_slice() else {
            let message = format!("a tensor of shape {:?} is not an image of 1 or 3 channels", tensor.size());
            return Err(ImageError::Argument { operation: CONVERTING, message });
        };
        let tensor = tensor.detach();
        let holds_nan = tensor
            .f_isnan()
            .and_then(|nan| nan.f_any())
            .and_then(|any| any.f_int64_value(&[]))
            .map_err(|error| failed(&error))?;
        if holds_nan != 0 {
            let message = "the tensor holds NaN".to_owned();
            return Err(ImageError::Argument { operation: CONVERTING, message });
        }
        let data = levels(&tensor).map_err(|error| failed(&error))?;
        Image::new(width as usize, height as usize, channels as usize, data)
    }
}

const CONVERTING: &str = "converting between images and tensors";

fn failed(error: &tch::TchError) -> ImageError {
    let message = error.to_string().lines().next().unwrap_or("libtorch failed").to_owned();
    ImageError::Argument { operation: CONVERTING, message }
}

/// Samples in the order of images.
fn levels(tensor: &Tensor) -> Result<Vec<u8>, tch::TchError> {
    let levels = tensor.f_clamp(0.0, 1.0)?.f_mul_scalar(255.0)?.f_round()?.f_to_kind(Kind::Uint8)?;
    let flat = levels.f_permute([1, 2, 0])?.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?;
    Vec::try_from(&flat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_have_channels_first_and_values_up_to_one() {
        let image = Image::rgb(2, 1, vec![0, 51, 255, 102, 153, 204]).unwrap();
        let tensor = image.to_tensor().unwrap();
        assert_eq!(tensor.size(), [3, 1, 2]);
        let values: Vec<f32> = Vec::try_from(tensor.flatten(0, -1)).unwrap();
        assert_eq!(values, [0.0, 0.4, 0.2, 0.6, 1.0, 0.8]);
    }

    #[test]
    fn every_level_survives_the_way_there_and_back() {
        let image = Image::grey(256, 1, (0..=255).collect()).unwrap();
        assert_eq!(Image::from_tensor(&image.to_tensor().unwrap()).unwrap(), image);
        let rgb = image.to_rgb();
        assert_eq!(Image::from_tensor(&rgb.to_tensor().unwrap()).unwrap(), rgb);
    }

    #[test]
    fn values_outside_are_clipped_and_nan_is_refused() {
        let tensor = Tensor::from_slice(&[-1.0f32, 0.5, 7.0]).reshape([1, 1, 3]);
        assert_eq!(Image::from_tensor(&tensor).unwrap().data(), [0, 128, 255]);
        let nan = Tensor::from_slice(&[f32::NAN]).reshape([1, 1, 1]);
        assert!(Image::from_tensor(&nan).unwrap_err().to_string().ends_with("the tensor holds NaN"));
        let batch = Tensor::zeros([2, 3, 4, 4], (Kind::Float, Device::Cpu));
        let message = Image::from_tensor(&batch).unwrap_err().to_string();
        assert!(message.contains("[2, 3, 4, 4]"), "{message}");
    }
}
