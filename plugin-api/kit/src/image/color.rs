//! The color modes that files come in, and Pillow's integer conversions between them.

use std::fmt;

/// How a file stores its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColorMode {
    /// Grey of up to 8 bits, black and white included.
    Grey,
    /// Grey of 16 bits.
    Grey16,
    /// Grey with opacity.
    GreyAlpha,
    /// Grey with opacity, 16 bits each.
    GreyAlpha16,
    /// Indices into a table of colors.
    Palette,
    /// Red, green, blue of 8 bits: what [`super::read`] returns.
    Rgb,
    /// Red, green, blue of 16 bits.
    Rgb16,
    /// Red, green, blue and opacity.
    Rgba,
    /// Red, green, blue and opacity, 16 bits each.
    Rgba16,
    /// Four inks (JPEG only).
    Cmyk,
}

impl ColorMode {
    /// What was done to make 8-bit RGB of it; `None` where nothing was.
    ///
    /// All of it is what `PIL.Image.convert("RGB")` does. Pillow keeps the high byte of 16-bit RGB; we do
    /// that for 16-bit grey too, which Pillow clips instead.
    pub fn conversion(self) -> Option<&'static str> {
        match self {
            Self::Rgb => None,
            Self::Grey => Some("grey values were repeated in three channels"),
            Self::Grey16 => {
                Some("16-bit grey values were cut to their high bytes and repeated in three channels")
            }
            Self::GreyAlpha => Some("opacity was dropped and grey values were repeated in three channels"),
            Self::GreyAlpha16 => Some(
                "opacity was dropped and 16-bit grey values were cut to their high bytes and repeated in three \
                 channels",
            ),
            Self::Palette => Some("palette indices were replaced by their colors"),
            Self::Rgb16 => Some("16-bit values were cut to their high bytes"),
            Self::Rgba => Some("opacity was dropped"),
            Self::Rgba16 => Some("opacity was dropped and 16-bit values were cut to their high bytes"),
            Self::Cmyk => Some("inks were converted to RGB without a color profile"),
        }
    }
}

impl fmt::Display for ColorMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grey => "grey",
            Self::Grey16 => "16-bit grey",
            Self::GreyAlpha => "grey with opacity",
            Self::GreyAlpha16 => "16-bit grey with opacity",
            Self::Palette => "palette",
            Self::Rgb => "RGB",
            Self::Rgb16 => "16-bit RGB",
            Self::Rgba => "RGB with opacity",
            Self::Rgba16 => "16-bit RGB with opacity",
            Self::Cmyk => "CMYK",
        })
    }
}

/// ITU-R BT.601 luma with 16-bit fixed-point weights, rounded to nearest, as Pillow computes it.
pub(super) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let weighted = u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471;
    ((weighted + 0x8000) >> 16) as u8
}

/// One channel of a CMYK pixel as RGB: white, less the black ink, less the colored ink on what remains.
/// Pillow's rounding.
pub(super) fn ink_to_light(ink: u8, black: u8) -> u8 {
    let remaining = 255 - i32::from(black);
    let product = i32::from(ink) * remaining + 128;
    let absorbed = ((product >> 8) + product) >> 8;
    (remaining - absorbed).clamp(0, 255) as u8
}

/// The image of a CMYK pixel row, for the JPEG decoder.
pub(super) fn cmyk_to_rgb(inks: &[u8]) -> Vec<u8> {
    inks.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|ink| ink_to_light(p[ink], p[3]))).collect()
}
