//! Reading safetensors files: <https://huggingface.co/docs/safetensors>.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use ::safetensors::Dtype;
use ::safetensors::tensor::Metadata;

use super::contents::{Contents, Format, Place, Stored};
use super::error::not_weights;
use super::{ElementType, WeightsError};

/// The header's length stands before it in this many bytes.
const LENGTH_BYTES: u64 = 8;

/// The longest header that the format allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// Whether a file begins with a plausible header length and the header's brace, or its name says what it is.
pub(super) fn begins_like_one(head: &[u8], path: &Path, file_length: u64) -> bool {
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"));
    let plausible = header_length(head).is_some_and(|length| length <= LONGEST_HEADER.min(file_length));
    plausible && head.get(LENGTH_BYTES as usize) == Some(&b'{') || named && !head.starts_with(b"PK")
}

fn header_length(head: &[u8]) -> Option<u64> {
    head.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

pub(super) fn read(path: &Path, file: &Arc<File>, file_length: u64) -> Result<Contents, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged {
        path: path.to_path_buf(),
        format: Format::Safetensors,
        reason,
    };
    let io = |source| WeightsError::Io { action: "read", path: path.to_path_buf(), source };
    if file_length < LENGTH_BYTES {
        return Err(damaged(format!("it ends after {file_length} bytes, within the header")));
    }
    let mut length = [0; LENGTH_BYTES as usize];
    file.read_exact_at(&mut length, 0).map_err(io)?;
    let header_length = u64::from_le_bytes(length);
    if header_length > LONGEST_HEADER {
        return Err(not_weights(path, format!("its header would be {header_length} bytes long")));
    }
    if header_length > file_length - LENGTH_BYTES {
        return Err(damaged(format!("it ends after {file_length} bytes, within the header")));
    }
    let mut header = vec![0; header_length as usize];
    file.read_exact_at(&mut header, LENGTH_BYTES).map_err(io)?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|error| damaged(format!("its header is wrong: {error}")))?;
    let data_start = LENGTH_BYTES + header_length;
    let promised = data_start.saturating_add(metadata.data_len() as u64);
    if promised != file_length {
        return Err(damaged(format!("it should be {promised} bytes long and is {file_length}")));
    }
    let tensors = metadata.tensors().into_iter().map(|(name, info)| {
        let element = element_type(info.dtype).ok_or_else(|| WeightsError::Element {
            path: path.to_path_buf(),
            tensor: name.clone(),
            element: info.dtype.to_string(),
        })?;
        let shape: Result<Vec<i64>, _> = info.shape.iter().map(|extent| i64::try_from(*extent)).collect();
        let shape = shape.map_err(|_| damaged(format!("tensor `{name}` has an impossible shape")))?;
        let (start, end) = info.data_offsets;
        let (offset, length) = (data_start + start as u64, end - start);
        let place = Place::At { file: Arc::clone(file), offset, length };
        Ok((name, Stored { shape, element, place }))
    });
    Ok(Contents { format: Format::Safetensors, tensors: tensors.collect::<Result<_, _>>()? })
}

fn element_type(dtype: Dtype) -> Option<ElementType> {
    Some(match dtype {
        Dtype::F64 => ElementType::Float64,
        Dtype::F32 => ElementType::Float32,
        Dtype::F16 => ElementType::Float16,
        Dtype::BF16 => ElementType::Bfloat16,
        Dtype::I64 => ElementType::Int64,
        Dtype::I32 => ElementType::Int32,
        Dtype::I16 => ElementType::Int16,
        Dtype::I8 => ElementType::Int8,
        Dtype::U64 => ElementType::Uint64,
        Dtype::U32 => ElementType::Uint32,
        Dtype::U16 => ElementType::Uint16,
        Dtype::U8 => ElementType::Uint8,
        Dtype::BOOL => ElementType::Bool,
        _ => return None,
    })
}
