//! What a distance depends on, in one line.
//!
//! Two distances can be compared if their signatures are equal. The line has the form
//! `alexnet|weights=imagenet:7be5be79|layers=1,4|…`: fields separated by `|`, each a name and a value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a distance depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The network, with its settings where it has any.
    pub backbone: String,
    /// The first eight digits of the sum of the network's description.
    pub graph: String,
    /// How the weights were named, and the first eight digits of their SHA-256 (nothing for drawn ones).
    pub weights: String,
    /// The layers, by index or name.
    pub layers: String,
    /// How images in [0, 1] were normalized.
    pub normalize: String,
    /// How features were compared, with all settings and the version of what each comparison computes.
    pub comparison: String,
    /// The first eight digits of the calibration's SHA-256, or `none`.
    pub calibration: String,
    /// Side to which images were resized, or `none`.
    pub size: String,
    /// `fp32`, `tf32` or `bf16`.
    pub precision: String,
    /// The dataset with its settings and the version of what it gives, or `none` for images that were named.
    pub data: String,
    /// The task with the version of what it computes and its settings that change what is measured, such as the size to which it
    /// resizes images, or `none` for a plain distance.
    pub protocol: String,
    /// The version of lossnet.
    pub lossnet: String,
}

/// Not a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a signature: {reason}")]
pub struct SignatureError {
    text: String,
    reason: String,
}

impl Signature {
    /// The fields by name, in the order of the line.
    fn fields(&self) -> [(&'static str, &str); 12] {
        [
            ("backbone", &self.backbone),
            ("graph", &self.graph),
            ("weights", &self.weights),
            ("layers", &self.layers),
            ("normalize", &self.normalize),
            ("comparison", &self.comparison),
            ("calibration", &self.calibration),
            ("size", &self.size),
            ("precision", &self.precision),
            ("data", &self.data),
            ("protocol", &self.protocol),
            ("lossnet", &self.lossnet),
        ]
    }

    /// The names of the fields in which two signatures differ.
    pub fn differences(&self, other: &Signature) -> Vec<&'static str> {
        let fields = self.fields().into_iter().zip(other.fields());
        fields.filter(|((_, ours), (_, theirs))| ours != theirs).map(|((name, _), _)| name).collect()
    }

    /// What to say of two signatures, such as `differs in weights and layers`.
    pub fn comparison_with(&self, other: &Signature) -> String {
        match self.differences(other).as_slice() {
            [] => "is the same".to_owned(),
            [one] => format!("differs in {one}"),
            [all @ .., last] => format!("differs in {} and {last}", all.join(", ")),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(_, backbone), rest @ ..] = self.fields();
        f.write_str(&escape(backbone))?;
        rest.iter().try_for_each(|(name, value)| write!(f, "|{name}={}", escape(value)))
    }
}

/// Values may hold anything: the separator and the escape sign are written as `%7C` and `%25`.
fn escape(value: &str) -> String {
    value.replace('%', "%25").replace('|', "%7C")
}

fn unescape(value: &str) -> String {
    value.replace("%7C", "|").replace("%25", "%")
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason: String| SignatureError { text: text.to_owned(), reason };
        let mut parts = text.trim().split('|');
        let backbone = parts.next().filter(|name| !name.is_empty());
        let backbone = unescape(backbone.ok_or_else(|| wrong("it is empty".to_owned()))?);
        let mut fields = std::collections::BTreeMap::new();
        for part in parts {
            let (name, value) =
                part.split_once('=').ok_or_else(|| wrong(format!("`{part}` has no value")))?;
            fields.insert(name, unescape(value));
        }
        let mut take = |name: &str| fields.remove(name).ok_or_else(|| wrong(format!("it has no {name}")));
        Ok(Signature {
            backbone,
            graph: take("graph")?,
            weights: take("weights")?,
            layers: take("layers")?,
            normalize: take("normalize")?,
            comparison: take("comparison")?,
            calibration: take("calibration")?,
            size: take("size")?,
            precision: take("precision")?,
            data: take("data")?,
            protocol: take("protocol")?,
            lossnet: take("lossnet")?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn signature() -> Signature {
        Signature {
            backbone: "alexnet".to_owned(),
            graph: "0f1e2d3c".to_owned(),
            weights: "imagenet:7be5be79".to_owned(),
            layers: "1,features.4".to_owned(),
            normalize: "imagenet".to_owned(),
            comparison: "spatial.1(channel_norm=true,epsilon=lpips)".to_owned(),
            calibration: "none".to_owned(),
            size: "64".to_owned(),
            precision: "fp32".to_owned(),
            data: "photos.1(triplets=4)".to_owned(),
            protocol: "metric.1(protocol=corrected,size=64)".to_owned(),
            lossnet: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn the_line_is_read_back() {
        let odd = Signature { weights: "a|b%7C=c.pth".to_owned(), ..signature() };
        for signature in [signature(), odd] {
            let line = signature.to_string();
            assert!(!line.contains('\n'));
            assert_eq!(line.parse::<Signature>().unwrap(), signature);
        }
        assert!("alexnet|weights".parse::<Signature>().unwrap_err().to_string().contains("no value"));
        assert!("alexnet".parse::<Signature>().unwrap_err().to_string().contains("no graph"));
    }

    #[test]
    fn differences_are_named() {
        let other = Signature { weights: "random:1".to_owned(), size: "none".to_owned(), ..signature() };
        assert_eq!(signature().comparison_with(&other), "differs in weights and size");
        assert_eq!(signature().comparison_with(&signature()), "is the same");
    }
}
