//! How images in [0, 1] become a network's input.

use std::fmt;
use std::str::FromStr;

/// `(x - mean) / deviation` for each channel of an RGB image in [0, 1].
#[derive(Clone, Debug, PartialEq)]
pub enum Normalization {
    /// The mean and deviation of ImageNet, with which torchvision's networks were trained. LPIPS's scaling layer does
    /// the same to images in [-1, 1].
    Imagenet,
    /// Images as they are.
    None,
    /// LPIPS's scaling layer applied to images in [0, 1], as the paper's code did (a defect, kept to reproduce its
    /// numbers).
    PublishedLpips,
    /// Any mean and deviation.
    Custom {
        /// Mean of each channel.
        mean: [f64; 3],
        /// Deviation of each channel, not zero.
        deviation: [f64; 3],
    },
}

/// Not a normalization.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a normalization: choose imagenet, none, published-lpips, or three means and three deviations as \
     m,m,m/s,s,s with deviations above zero"
)]
pub struct NormalizationError(pub String);

impl Normalization {
    /// Mean and deviation of each channel; none where images are taken as they are.
    pub fn constants(&self) -> Option<([f64; 3], [f64; 3])> {
        match self {
            Normalization::Imagenet => Some(([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])),
            Normalization::None => None,
            Normalization::PublishedLpips => Some(([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450])),
            Normalization::Custom { mean, deviation } => Some((*mean, *deviation)),
        }
    }
}

impl FromStr for Normalization {
    type Err = NormalizationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NormalizationError(text.to_owned());
        match text {
            "imagenet" => Ok(Normalization::Imagenet),
            "none" => Ok(Normalization::None),
            "published-lpips" => Ok(Normalization::PublishedLpips),
            _ => {
                let (mean, deviation) = text.split_once('/').ok_or_else(wrong)?;
                let (mean, deviation) =
                    (triple(mean).ok_or_else(wrong)?, triple(deviation).ok_or_else(wrong)?);
                if deviation.iter().any(|value| *value <= 0.0) {
                    return Err(wrong());
                }
                Ok(Normalization::Custom { mean, deviation })
            }
        }
    }
}

fn triple(text: &str) -> Option<[f64; 3]> {
    let values: Option<Vec<f64>> = text
        .split(',')
        .map(|value| value.trim().parse().ok().filter(|value: &f64| value.is_finite()))
        .collect();
    values?.try_into().ok()
}

impl fmt::Display for Normalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Normalization::Imagenet => f.write_str("imagenet"),
            Normalization::None => f.write_str("none"),
            Normalization::PublishedLpips => f.write_str("published-lpips"),
            Normalization::Custom { mean: m, deviation: s } => {
                write!(f, "{},{},{}/{},{},{}", m[0], m[1], m[2], s[0], s[1], s[2])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_and_numbers_are_read_and_written_alike() {
        for text in ["imagenet", "none", "published-lpips", "0.5,0.5,0.5/0.25,0.5,1"] {
            assert_eq!(text.parse::<Normalization>().unwrap().to_string(), text);
        }
        for text in ["imgnet", "0.5/0.5", "0,0,0/1,1,0", "0,0,nan/1,1,1", ""] {
            let error = text.parse::<Normalization>().unwrap_err().to_string();
            assert!(error.contains("imagenet, none, published-lpips"), "{error}");
        }
    }
}
