//! A weights file, opened: names and shapes at once, values when asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{ElementType, WeightsError, pytorch, safetensors};

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

/// An opened weights file. Only its description is in memory; [`WeightsFile::to_f32`] reads values.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    file: File,
    format: Format,
    tensors: BTreeMap<String, Stored>,
    unwrapped: Option<String>,
    sha256: OnceLock<String>,
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
    /// These bytes of the file.
    At { offset: u64, length: usize },
}

/// What a format's reader finds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) format: Format,
    pub(super) tensors: BTreeMap<String, Stored>,
    /// The key of the dictionary that the tensors were in, if they were in one.
    pub(super) unwrapped: Option<String>,
}

impl WeightsFile {
    /// Opens a file of any of the formats, whatever its name, and reads its description.
    ///
    /// Weights that lie in a dictionary under a key, such as `state_dict` in a training checkpoint, are taken
    /// out of it, and the `module.` that `DataParallel` puts before every name is removed;
    /// [`WeightsFile::unwrapped`] tells. Fails if the file can't be read, is cut off or damaged, is something
    /// else (a TorchScript archive, say), or holds several sets of weights.
    pub fn open(path: &Path) -> Result<WeightsFile, WeightsError> {
        // `fs_err` would name the file a second time.
        let io = |source| WeightsError::Io { action: "read", path: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(not_weights(path, "it is a folder"));
        }
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(16).read_to_end(&mut head).map_err(io)?;
        let text = head.trim_ascii_start();
        if head.is_empty() {
            return Err(not_weights(path, "it is empty"));
        }
        if text.starts_with(b"<!") || text.starts_with(b"<h") {
            return Err(not_weights(path, "it is a web page, maybe what a server sent in place of the file"));
        }
        if text.starts_with(b"version https") {
            return Err(not_weights(path, "it is a Git LFS pointer, not the file that it stands for"));
        }
        let Contents { format, mut tensors, mut unwrapped } =
            if safetensors::begins_like_one(&head, path, metadata.len()) {
                safetensors::read(path, &file, metadata.len())?
            } else {
                pytorch::read(path, &head)?
            };
        if tensors.is_empty() {
            return Err(not_weights(path, "it holds no tensor"));
        }
        if tensors.keys().all(|name| name.strip_prefix(PARALLEL).is_some_and(|rest| !rest.is_empty())) {
            tensors = tensors
                .into_iter()
                .map(|(name, tensor)| (name[PARALLEL.len()..].to_owned(), tensor))
                .collect();
            let module = PARALLEL.trim_end_matches('.');
            unwrapped = Some(unwrapped.map_or_else(|| module.to_owned(), |key| format!("{key}.{module}")));
        }
        Ok(WeightsFile {
            path: path.to_path_buf(),
            file,
            format,
            tensors,
            unwrapped,
            sha256: OnceLock::new(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is laid out.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What was taken off to get at the tensors, such as `state_dict`, `module` or `state_dict.module`.
    pub fn unwrapped(&self) -> Option<&str> {
        self.unwrapped.as_deref()
    }

    /// The tensors' names, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A tensor's shape, outermost dimension first and empty for a scalar; `None` if there is no such tensor.
    pub fn shape(&self, name: &str) -> Option<&[i64]> {
        self.tensors.get(name).map(|tensor| tensor.shape.as_slice())
    }

    /// A tensor's element type in the file; `None` if there is no such tensor.
    pub fn element_type(&self, name: &str) -> Option<ElementType> {
        self.tensors.get(name).map(|tensor| tensor.element)
    }

    /// The tensors that [`WeightsFile::to_f32`] converts because they are not stored as float32, for a report.
    pub fn converted(&self) -> impl Iterator<Item = (&str, ElementType)> {
        self.tensors
            .iter()
            .filter(|(_, tensor)| tensor.element != ElementType::Float32)
            .map(|(name, tensor)| (name.as_str(), tensor.element))
    }

    /// A tensor's values as float32, the last dimension varying fastest. float64 and integers beyond 2²⁴ are
    /// rounded to the nearest; see [`WeightsFile::converted`].
    ///
    /// Fails if there is no such tensor, or if its values are cut off or don't match the file's own checksum.
    pub fn to_f32(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let Some(stored) = self.tensors.get(name) else {
            return Err(WeightsError::NoTensor { path: self.path.clone(), tensor: name.to_owned() });
        };
        let bytes = match &stored.place {
            Place::Pytorch(tensor) => tensor.read(),
            Place::At { offset, length } => {
                let mut bytes = vec![0; *length];
                self.file.read_exact_at(&mut bytes, *offset).map(|()| bytes)
            }
        };
        match bytes {
            Ok(bytes) => Ok(stored.element.to_f32(&bytes)),
            Err(error) => Err(pytorch::read_error(&self.path, self.format, error)),
        }
    }

    /// The file's SHA-256 as 64 lower-case hexadecimal digits; read in full the first time.
    pub fn sha256(&self) -> Result<String, WeightsError> {
        if let Some(sum) = self.sha256.get() {
            return Ok(sum.clone());
        }
        let sum = crate::fetch::file_sha256(&self.path).map_err(|source| WeightsError::Io {
            action: "read",
            path: self.path.clone(),
            source,
        })?;
        Ok(self.sha256.get_or_init(|| sum).clone())
    }
}

/// What `torch.nn.DataParallel` puts before every name.
const PARALLEL: &str = "module.";

pub(super) fn not_weights(path: &Path, reason: impl Into<String>) -> WeightsError {
    WeightsError::NotWeights { path: path.to_path_buf(), reason: reason.into() }
}
