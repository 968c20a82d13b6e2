//! What `torch.save` wrote, through the crate `pytorch-reader`: pickles are parsed as data, never run.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use pytorch_reader::{DType, FileFormat, PickleError, PytorchError, PytorchReader, Tensor};

use super::contents::{Contents, Format, Place, Stored};
use super::error::not_weights;
use super::{ElementType, WeightsError, foreign};

/// What a zip archive begins with.
const ZIP: &[u8] = b"PK";

pub(super) fn read(path: &Path, head: &[u8]) -> Result<Contents, WeightsError> {
    if head.starts_with(ZIP)
        && let Some(error) = foreign::recognize_archive(path)
    {
        return Err(error);
    }
    let reader = PytorchReader::new(path).map_err(|error| open_error(path, head, error))?;
    let format = match reader.metadata().format_type {
        FileFormat::Zip => Format::PytorchZip,
        FileFormat::Tar => Format::PytorchTar,
        FileFormat::Legacy => Format::PytorchLegacy,
        FileFormat::Pickle => return Err(not_weights(path, "it is a pickle without tensors")),
    };
    Ok(Contents { format, tensors: stored(path, reader.into_tensors())? })
}

fn stored(path: &Path, tensors: HashMap<String, Tensor>) -> Result<BTreeMap<String, Stored>, WeightsError> {
    let mut all = BTreeMap::new();
    for (name, tensor) in tensors {
        let shape: Result<Vec<i64>, _> = tensor.shape().iter().map(|extent| i64::try_from(*extent)).collect();
        let shape =
            shape.map_err(|_| not_weights(path, format!("tensor `{name}` has an impossible shape")))?;
        let element = element_type(tensor.dtype());
        all.insert(name, Stored { shape, element, place: Place::Pytorch(tensor) });
    }
    Ok(all)
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
