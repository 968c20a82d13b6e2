//! What is in a weights file: its format, and where each tensor is.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::sync::Arc;

use super::ElementType;

/// How a weights file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What `torch.save` writes since PyTorch 1.6: a zip archive.
    PytorchZip,
    /// What `torch.save` wrote before: a stream of pickles and storages.
    PytorchLegacy,
    /// What `torch.save` wrote before PyTorch 0.1.10: a tar archive.
    PytorchTar,
    /// A JSON header and plain values.
    Safetensors,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PytorchZip => "PyTorch's zip format",
            Self::PytorchLegacy => "PyTorch's format before 1.6",
            Self::PytorchTar => "PyTorch's format before 0.1.10",
            Self::Safetensors => "safetensors",
        })
    }
}

/// A tensor in the file.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) shape: Vec<i64>,
    pub(super) element: ElementType,
    pub(super) place: Place,
}

/// Where a tensor's values are.
#[derive(Debug)]
pub(super) enum Place {
    /// Wherever the pickle says; the reader knows.
    Pytorch(pytorch_reader::Tensor),
    /// These bytes of a file.
    At { file: Arc<File>, offset: u64, length: usize },
}

/// What a format's reader finds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) format: Format,
    pub(super) tensors: BTreeMap<String, Stored>,
}
