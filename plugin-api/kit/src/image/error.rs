//! What can go wrong with an image, in sentences that name the file.

use lossnet_plugin_api::PluginError;
use std::path::PathBuf;

/// Why an image could not be read, written or computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A file could not be read as an image.
    #[error("cannot read the image {name}: {problem}")]
    Read {
        /// The file, as the caller named it.
        name: String,
        /// What is wrong with it.
        problem: ReadProblem,
    },
    /// A file could not be written.
    #[error("cannot write the image {}: {reason}", path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The samples could not be turned into a file of this format.
    #[error("cannot encode an image as {format}: {message}")]
    Encode {
        /// The format's name.
        format: &'static str,
        /// The encoder's reason.
        message: String,
    },
    /// The number of samples does not fit the extent, or the extent is empty.
    #[error("{samples} samples do not make an image of {width}×{height} pixels with {channels} channels")]
    Shape {
        /// Columns asked for.
        width: usize,
        /// Rows asked for.
        height: usize,
        /// Samples per pixel.
        channels: usize,
        /// Samples given.
        samples: usize,
    },
    /// An argument is outside what the operation can do.
    #[error("{operation}: {message}")]
    Argument {
        /// The operation's name.
        operation: &'static str,
        /// What was given and what is possible.
        message: String,
    },
}

/// What is wrong with a file that should be an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadProblem {
    /// The system did not let us read it.
    #[error("{0}")]
    Io(std::io::Error),
    /// It is a folder.
    #[error("it is a folder, not a file")]
    Folder,
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Its content is of no format that is read here.
    #[error("its content is not PNG, JPEG, BMP, GIF, TIFF, PNM or WebP{}", known_as(*.looks_like))]
    NotAnImage {
        /// The format that its first bytes announce, if that is known.
        looks_like: Option<&'static str>,
    },
    /// The data end before the image does.
    #[error("the {format} data end too early: the file is truncated")]
    Truncated {
        /// The format's name.
        format: &'static str,
    },
    /// The data contradict the format.
    #[error("the {format} data are corrupt: {message}")]
    Corrupt {
        /// The format's name.
        format: &'static str,
        /// The decoder's reason.
        message: String,
    },
    /// The image is valid but of a kind that is not read here.
    #[error(
        "{what} in {format} files is not supported; convert the file to 8-bit RGB, for example a PNG file"
    )]
    Unsupported {
        /// The format's name.
        format: &'static str,
        /// The unsupported feature.
        what: String,
    },
    /// It declares more pixels than are accepted; nothing was allocated for it.
    #[error("it declares {width}×{height} pixels, and more than {limit} are refused")]
    TooLarge {
        /// Declared columns.
        width: u64,
        /// Declared rows.
        height: u64,
        /// The greatest number of pixels accepted.
        limit: u64,
    },
}

/// Files that can't be written are the run's trouble, everything else is the input's.
impl From<ImageError> for PluginError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Write { .. } => PluginError::run(error.to_string()),
            _ => PluginError::input(error.to_string()),
        }
    }
}

fn known_as(looks_like: Option<&str>) -> String {
    looks_like
        .map(|format| format!(" (it looks like {format}): convert it, for example to PNG"))
        .unwrap_or_default()
}
