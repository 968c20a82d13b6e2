//! A weights file, opened: names and shapes at once, values when asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::contents::{Contents, Format, Place, Stored};
use super::error::not_weights;
use super::{ElementType, WeightsError, foreign, pytorch, safetensors, shards};

/// An opened weights file. Only its description is in memory; [`WeightsFile::to_f32`] reads values.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    /// The files that hold the values: itself, or those that an index names.
    parts: Vec<PathBuf>,
    format: Format,
    tensors: BTreeMap<String, Stored>,
    unwrapped: Option<String>,
    alternatives: Vec<String>,
    sha256: OnceLock<String>,
}

impl WeightsFile {
    /// Opens a file of any of the formats, whatever its name, and reads its description. An index of several files, or a
    /// folder with one, is opened with all of its files.
    ///
    /// Tensors have the names that lead to them through the dictionaries and modules in the file, such as
    /// `state_dict.module.conv1.weight`; [`WeightsFile::select`] finds a network's among them. A module that was pickled
    /// whole is read as its state dictionary; its code is not run. Fails if the file can't be read, is cut off or damaged,
    /// or is something else (a TorchScript archive, say).
    pub fn open(path: &Path) -> Result<WeightsFile, WeightsError> {
        if path.is_dir() {
            let inner = shards::in_folder(path)?;
            return WeightsFile::open(&inner);
        }
        if shards::is_index(path) {
            return WeightsFile::open_parts(path);
        }
        // `fs_err` would name the file a second time.
        let io = |source| WeightsError::Io { action: "read", path: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(16).read_to_end(&mut head).map_err(io)?;
        if let Some(error) = foreign::recognize(path, &head) {
            return Err(error);
        }
        let Contents { format, tensors } = if safetensors::begins_like_one(&head, path, metadata.len()) {
            safetensors::read(path, &Arc::new(file), metadata.len())?
        } else {
            pytorch::read(path, &head)?
        };
        if tensors.is_empty() {
            return Err(not_weights(path, "it holds no tensor"));
        }
        Ok(WeightsFile::new(path, vec![path.to_path_buf()], format, tensors))
    }

    /// Opens the files that an index names.
    fn open_parts(index: &Path) -> Result<WeightsFile, WeightsError> {
        let (mut tensors, mut parts, mut format) = (BTreeMap::new(), Vec::new(), Format::Safetensors);
        for (part, names) in shards::read(index)? {
            let mut opened = WeightsFile::open(&part)?;
            for name in names {
                let Some(tensor) = opened.tensors.remove(&name) else {
                    return Err(WeightsError::NoTensor { path: part, tensor: name });
                };
                tensors.insert(name, tensor);
            }
            format = opened.format;
            parts.push(part);
        }
        Ok(WeightsFile::new(index, parts, format, tensors))
    }

    fn new(
        path: &Path,
        parts: Vec<PathBuf>,
        format: Format,
        tensors: BTreeMap<String, Stored>,
    ) -> WeightsFile {
        WeightsFile {
            path: path.to_path_buf(),
            parts,
            format,
            tensors,
            unwrapped: None,
            alternatives: Vec::new(),
            sha256: OnceLock::new(),
        }
    }

    /// Leaves only the tensors that get a name.
    pub(super) fn keep(&mut self, name: impl Fn(&str) -> Option<&str>) {
        self.tensors = std::mem::take(&mut self.tensors)
            .into_iter()
            .filter_map(|(old, tensor)| Some((name(&old)?.to_owned(), tensor)))
            .collect();
    }

    /// Notes what was taken off the names, and what could have been.
    pub(super) fn set_taken_off(&mut self, unwrapped: Option<String>, alternatives: Vec<String>) {
        (self.unwrapped, self.alternatives) = (unwrapped, alternatives);
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is laid out.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What [`select`](WeightsFile::select) took off the names, such as `state_dict`, `module` or `state_dict.module`.
    pub fn unwrapped(&self) -> Option<&str> {
        self.unwrapped.as_deref()
    }

    /// The files that hold the values: the file itself, or those that an index names.
    pub fn parts(&self) -> &[PathBuf] {
        &self.parts
    }

    /// The keys below which lie as many of the network's tensors as were selected, such as `model_ema`.
    pub fn alternatives(&self) -> &[String] {
        &self.alternatives
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
            Place::At { file, offset, length } => {
                let mut bytes = vec![0; *length];
                file.read_exact_at(&mut bytes, *offset).map(|()| bytes)
            }
        };
        match bytes {
            Ok(bytes) => Ok(stored.element.to_f32(&bytes)),
            Err(error) => Err(pytorch::read_error(&self.path, self.format, error)),
        }
    }

    /// The file's SHA-256 as 64 lower-case hexadecimal digits, read in full the first time; for several files the SHA-256 of
    /// theirs, one a line.
    pub fn sha256(&self) -> Result<String, WeightsError> {
        if let Some(sum) = self.sha256.get() {
            return Ok(sum.clone());
        }
        let sums = self.parts.iter().map(|part| {
            crate::fetch::file_sha256(part).map_err(|source| WeightsError::Io {
                action: "read",
                path: part.clone(),
                source,
            })
        });
        let mut sums = sums.collect::<Result<Vec<String>, WeightsError>>()?;
        let sum = if sums.len() == 1 {
            sums.remove(0)
        } else {
            crate::hex::encode(&Sha256::digest(sums.join("\n")))
        };
        Ok(self.sha256.get_or_init(|| sum).clone())
    }
}
