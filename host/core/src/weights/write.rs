//! Writing safetensors files.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use safetensors::{Dtype, SafeTensorError, View};

use super::WeightsError;

/// A float32 tensor whose bytes are made when they are written, one tensor at a time.
struct Values<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for Values<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

/// Writes float32 tensors (name, shape, values with the last dimension varying fastest) and text metadata to
/// `path`. The file appears whole or not at all; one that was there before is replaced.
///
/// Fails if values don't fill their shape, a name comes twice, or the file can't be written.
pub fn write_safetensors(
    path: &Path,
    tensors: &[(&str, &[i64], &[f32])],
    metadata: &[(&str, &str)],
) -> Result<(), WeightsError> {
    let mut names = BTreeSet::new();
    let mut views = Vec::with_capacity(tensors.len());
    for (name, shape, values) in tensors {
        let wrong = || WeightsError::Shape {
            tensor: (*name).to_owned(),
            shape: shape.to_vec(),
            values: values.len(),
        };
        let extents: Result<Vec<usize>, _> = shape.iter().map(|extent| usize::try_from(*extent)).collect();
        let extents = extents.map_err(|_| wrong())?;
        let count = extents.iter().try_fold(1_usize, |count, extent| count.checked_mul(*extent));
        if count != Some(values.len()) {
            return Err(wrong());
        }
        if !names.insert(*name) {
            return Err(WeightsError::DuplicateTensor {
                path: path.to_path_buf(),
                tensor: (*name).to_owned(),
            });
        }
        views.push((*name, Values { shape: extents, values }));
    }
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let metadata = (!metadata.is_empty()).then_some(metadata);
    let io = |source| WeightsError::Io { action: "write", path: path.to_path_buf(), source };
    crate::atomic::write_with(path, |draft| {
        safetensors::serialize_to_file(views, metadata, draft).map_err(|error| match error {
            SafeTensorError::IoError(source) => source,
            other => std::io::Error::other(other.to_string()),
        })
    })
    .map_err(io)
}
