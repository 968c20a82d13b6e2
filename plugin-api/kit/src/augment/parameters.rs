//! What an augmentation draws.

use super::Augmentation;
use lossnet_plugin_api::PluginError;
use rand::Rng;

/// An augmentation with what was drawn for it; in torchvision's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Parameters {
    /// `rotate(image, degrees)`: counter-clockwise about the centre, nearest neighbour, black outside.
    Rotate {
        /// Any finite angle.
        degrees: f64,
    },
    /// `affine(image, 0, [right, down], 1, 0)`: whole pixels, black outside.
    Translate {
        /// Pixels to the right.
        right: i64,
        /// Pixels down.
        down: i64,
    },
    /// `adjust_brightness(image, factor)`.
    Darken {
        /// At least 0.
        factor: f64,
    },
    /// `adjust_hue(image, hue)`: through HSV and back; a grey image stays.
    Color {
        /// Share of the colour circle, in [-0.5, 0.5].
        hue: f64,
    },
    /// `gaussian_blur(image, [11, 21], sigma)`: 11 columns and 21 rows, mirrored at the edges.
    Blur {
        /// Standard deviation in pixels, above 0.
        sigma: f64,
    },
    /// `affine(image, 0, [0, 0], scale, 0)`: about the centre, nearest neighbour.
    ZoomIn {
        /// Above 0; a scale above 1 enlarges.
        scale: f64,
    },
}

impl Parameters {
    /// The kind of augmentation that these are for.
    pub fn augmentation(self) -> Augmentation {
        match self {
            Self::Rotate { .. } => Augmentation::Rotate,
            Self::Translate { .. } => Augmentation::Translate,
            Self::Darken { .. } => Augmentation::Darken,
            Self::Color { .. } => Augmentation::Color,
            Self::Blur { .. } => Augmentation::Blur,
            Self::ZoomIn { .. } => Augmentation::ZoomIn,
        }
    }

    pub(super) fn check(self) -> Result<(), PluginError> {
        let (possible, value, range) = match self {
            Self::Translate { .. } => return Ok(()),
            Self::Rotate { degrees } => (degrees.is_finite(), degrees, "a finite number of degrees"),
            Self::Darken { factor } => {
                (factor.is_finite() && factor >= 0.0, factor, "a factor of at least 0")
            }
            Self::Color { hue } => ((-0.5..=0.5).contains(&hue), hue, "a hue shift in [-0.5, 0.5]"),
            Self::Blur { sigma } => (sigma.is_finite() && sigma > 0.0, sigma, "a standard deviation above 0"),
            Self::ZoomIn { scale } => (scale.is_finite() && scale > 0.0, scale, "a scale above 0"),
        };
        if possible {
            return Ok(());
        }
        let name = self.augmentation().name();
        Err(PluginError::input(format!(
            "the augmentation {name} can't be applied with {value}: it takes {range}"
        )))
    }
}

/// In single precision, as torchvision draws.
pub(super) fn draw(kind: Augmentation, width: usize, height: usize, random: &mut impl Rng) -> Parameters {
    let mut uniform = |low: f32, high: f32| f64::from(random.random_range(low..high));
    match kind {
        Augmentation::Rotate => Parameters::Rotate { degrees: uniform(30.0, 330.0) },
        Augmentation::Translate => {
            let mut shift = |side: usize| {
                let most = side as f32 * 0.5;
                if side == 0 { 0 } else { uniform(-most, most).round_ties_even() as i64 }
            };
            Parameters::Translate { right: shift(width), down: shift(height) }
        }
        Augmentation::Darken => Parameters::Darken { factor: uniform(0.1, 0.5) },
        Augmentation::Color => Parameters::Color { hue: uniform(-0.5, 0.5) },
        Augmentation::Blur => Parameters::Blur { sigma: uniform(4.0, 10.0) },
        Augmentation::ZoomIn => Parameters::ZoomIn { scale: uniform(1.1, 2.0) },
    }
}
