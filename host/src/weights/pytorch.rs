//! What `torch.save` wrote, through the crate `pytorch-reader`: pickles are parsed as data, never run.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;

use pytorch_reader::{DType, FileFormat, PickleError, PickleValue, PytorchError, PytorchReader, Tensor};

use super::file::{Contents, Place, Stored, not_weights};
use super::{ElementType, Format, WeightsError};

/// Where training scripts put a network's weights in their checkpoints.
const USUAL_KEYS: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// What a zip archive begins with.
const ZIP: &[u8] = b"PK";

pub(super) fn read(path: &Path, head: &[u8]) -> Result<Contents, WeightsError> {
    if head.starts_with(ZIP) && is_torchscript(path) {
        return Err(WeightsError::TorchScript { path: path.to_path_buf() });
    }
    let reader = PytorchReader::new(path).map_err(|error| open_error(path, head, error))?;
    let format = match reader.metadata().format_type {
        FileFormat::Zip => Format::PytorchZip,
        FileFormat::Tar => Format::PytorchTar,
        FileFormat::Legacy => Format::PytorchLegacy,
        FileFormat::Pickle => return Err(not_weights(path, "it is a pickle without tensors")),
    };
    let tensors = reader.into_tensors();
    let Some(key) = wrapping_key(path, head, &tensors)? else {
        return Ok(Contents { format, tensors: stored(path, tensors, "")?, unwrapped: None });
    };
    let tensors = stored(path, tensors, &format!("{key}."))?;
    Ok(Contents { format, tensors, unwrapped: Some(key) })
}

/// The tensors whose names begin with `prefix`, by the rest of their names.
fn stored(
    path: &Path,
    tensors: HashMap<String, Tensor>,
    prefix: &str,
) -> Result<BTreeMap<String, Stored>, WeightsError> {
    let mut all = BTreeMap::new();
    for (name, tensor) in tensors {
        let Some(name) = name.strip_prefix(prefix) else { continue };
        let shape: Result<Vec<i64>, _> = tensor.shape().iter().map(|extent| i64::try_from(*extent)).collect();
        let shape =
            shape.map_err(|_| not_weights(path, format!("tensor `{name}` has an impossible shape")))?;
        let element = element_type(tensor.dtype());
        all.insert(name.to_owned(), Stored { shape, element, place: Place::Pytorch(tensor) });
    }
    Ok(all)
}

/// The key of the one dictionary that holds the network's tensors; `None` if they lie at the top, as in a state
/// dictionary. Names alone do not tell, as they have dots of their own.
fn wrapping_key(
    path: &Path,
    head: &[u8],
    tensors: &HashMap<String, Tensor>,
) -> Result<Option<String>, WeightsError> {
    let pickle =
        PytorchReader::read_pickle_data(path, None).map_err(|error| open_error(path, head, error))?;
    let PickleValue::Dict(top) = pickle else { return Ok(None) };
    if tensors.keys().any(|name| top.contains_key(name)) {
        return Ok(None);
    }
    // A whole pickled module stands in the dictionary as an object, not as a dictionary.
    let holds_tensors = |key: &str| {
        let prefix = format!("{key}.");
        tensors.keys().any(|name| name.starts_with(&prefix))
    };
    let mut sets: Vec<String> = top.into_keys().filter(|key| holds_tensors(key)).collect();
    if sets.len() == 1 {
        return Ok(sets.pop());
    }
    let usual: Vec<&String> = sets.iter().filter(|key| USUAL_KEYS.contains(&key.as_str())).collect();
    match usual[..] {
        [only] => Ok(Some(only.clone())),
        _ if sets.is_empty() => Ok(None),
        _ => {
            sets.sort_unstable();
            let sets = sets.into_iter().map(|key| format!("`{key}`")).collect();
            Err(WeightsError::SeveralSets { path: path.to_path_buf(), sets })
        }
    }
}

/// Whether a zip archive has what only TorchScript writes. A broken archive is left to the reader to name.
fn is_torchscript(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let Ok(archive) = zip::ZipArchive::new(io::BufReader::new(file)) else { return false };
    archive.file_names().any(|name| {
        let inner = name.split_once('/').map_or(name, |(_, inner)| inner);
        inner == "constants.pkl" || inner.starts_with("code/")
    })
}

fn element_type(dtype: DType) -> ElementType {
    match dtype {
        DType::F64 => ElementType::Float64,
        DType::F32 => ElementType::Float32,
        DType::F16 => ElementType::Float16,
        DType::BF16 => ElementType::Bfloat16,
        DType::I64 => ElementType::Int64,
        DType::I32 => ElementType::Int32,
        DType::I16 => ElementType::Int16,
        DType::I8 => ElementType::Int8,
        DType::U64 => ElementType::Uint64,
        DType::U32 => ElementType::Uint32,
        DType::U16 => ElementType::Uint16,
        DType::U8 => ElementType::Uint8,
        DType::Bool => ElementType::Bool,
    }
}

/// Sorts the reader's errors into "the system refused", "of another kind" and "damaged".
fn open_error(path: &Path, head: &[u8], error: PytorchError) -> WeightsError {
    let damaged = |format, reason: String| WeightsError::Damaged { path: path.to_path_buf(), format, reason };
    let format = if head.starts_with(ZIP) { Format::PytorchZip } else { Format::PytorchLegacy };
    match error {
        PytorchError::Io(error) | PytorchError::Pickle(PickleError::Io(error)) => {
            read_error(path, format, error)
        }
        PytorchError::Zip(error) => damaged(Format::PytorchZip, error.to_string()),
        PytorchError::Tar(error) => damaged(Format::PytorchTar, error.to_string()),
        PytorchError::Pickle(error @ PickleError::UnsupportedType(_)) => not_weights(path, error.to_string()),
        PytorchError::Pickle(PickleError::NoDataSource) => {
            not_weights(path, "it is a pickle without a place for tensors")
        }
        PytorchError::InvalidFormat(reason) if reason.starts_with("No data.pkl") => {
            not_weights(path, "it is a zip archive without `data.pkl`")
        }
        PytorchError::InvalidFormat(reason) if reason.starts_with("not a PyTorch checkpoint") => {
            not_weights(path, "its first bytes are those of no known format")
        }
        PytorchError::InvalidFormat(reason) if reason.starts_with("Expected a dictionary at the root") => {
            not_weights(path, "it does not hold a dictionary of tensors")
        }
        error => damaged(format, error.to_string()),
    }
}

/// What reading tells of a file: that it is damaged, or that the system could not read it.
pub(super) fn read_error(path: &Path, format: Format, error: io::Error) -> WeightsError {
    let path = path.to_path_buf();
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            WeightsError::Damaged { path, format, reason: error.to_string() }
        }
        _ => WeightsError::Io { action: "read", path, source: error },
    }
}
