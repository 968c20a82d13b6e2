//! One item of a dataset.

use serde::{Deserialize, Serialize};

/// One item of a dataset: what a task compares, learns from or is tested on.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names the sample for good: the same in every run, on every machine, such as `cnn/000123`.
    pub id: String,
    /// The part of the split it belongs to, such as `cnn` in BAPPS's `val`; empty where there are no parts.
    pub group: String,
    /// Its named values.
    pub fields: Vec<(String, Field)>,
}

impl Sample {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }
}

/// A value of a sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Field {
    /// An 8-bit image.
    Image(ImageData),
    /// A number, such as a share of judges in [0, 1] or a class.
    Number(f64),
    /// An array of float32 values with its shape.
    Array {
        /// Extent of each dimension.
        shape: Vec<usize>,
        /// Values, the last dimension varying fastest.
        values: Vec<f32>,
    },
}

/// An 8-bit image: `height` × `width` × `channels` values, rows from top to bottom, channels interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageData {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// 1 for grey, 3 for RGB.
    pub channels: usize,
    /// The values.
    pub data: Vec<u8>,
}

/// What a dataset is asked to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenSplit {
    /// The split, such as `val`.
    pub split: String,
    /// The folder for this dataset's files, which need not exist yet.
    pub folder: std::path::PathBuf,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Seed for anything drawn.
    pub seed: u64,
}

/// A file that a plugin asks the host to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchRequest {
    /// Where it is.
    pub url: String,
    /// Where it goes.
    pub to: std::path::PathBuf,
    /// Published MD5 in hex, if any.
    #[serde(default)]
    pub md5: Option<String>,
    /// Published SHA-256 in hex, if any. Without any sum the first download's is recorded and later ones must
    /// match it.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The command that fetches it, for the message when it may not be downloaded.
    pub command: String,
}
