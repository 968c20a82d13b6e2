//! Tensors as a file that `torch.load` reads: what `torch.save` writes for a dictionary of tensors.
//!
//! Such a file is a zip archive without compression: `data.pkl`, a pickle (protocol 2) of an ordered dictionary whose
//! tensors are calls of `torch._utils._rebuild_tensor_v2` on numbered storages; `data/0`, `data/1`, … with the storages'
//! values; `byteorder` and `version`. The pickle needs no more than `torch.load(…, weights_only=True)` allows.

use std::io::{Cursor, Write as _};
use std::path::Path;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use tch::Tensor;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

use super::recorded::write_file;

/// What the archive's folder is called, as PyTorch calls it.
const ROOT: &str = "archive";

/// Where PyTorch lets values begin, so that they can be mapped into memory.
const ALIGNMENT: u16 = 64;

/// Writes tensors of 32-bit floats, in this order, to a `.pth` file, which appears when it is complete.
///
/// Fails if the file can't be written.
pub fn write_pth(path: &Path, tensors: &[(String, Tensor)]) -> Result<(), PluginError> {
    let unwritten = |error: &dyn std::fmt::Display| {
        PluginError::run(format!("{} can't be written: {error}", path.display()))
    };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut entry = |name: &str, bytes: &[u8]| {
        // Without a time of its own the same tensors make the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .with_alignment(ALIGNMENT);
        archive.start_file(format!("{ROOT}/{name}"), options).map_err(|error| unwritten(&error))?;
        archive.write_all(bytes).map_err(|error| unwritten(&error))
    };
    entry("data.pkl", &pickle(tensors))?;
    entry("byteorder", b"little")?;
    for (key, (_, tensor)) in tensors.iter().enumerate() {
        entry(&format!("data/{key}"), &values(tensor)?)?;
    }
    entry("version", b"3\n")?;
    let bytes = archive.finish().map_err(|error| unwritten(&error))?.into_inner();
    write_file(path, &bytes)
}

/// Little-endian 32-bit floats in row-major order.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<u8>, PluginError> {
    let mut floats = vec![0.0_f32; tensor.numel()];
    let count = floats.len();
    tensor.f_detach().and_then(|tensor| tensor.f_copy_data(&mut floats, count)).map_err(torch_error)?;
    Ok(floats.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// The dictionary as a pickle. The opcodes are those of Python's `pickletools`.
fn pickle(tensors: &[(String, Tensor)]) -> Vec<u8> {
    let mut out = Pickle(vec![0x80, 2]);
    out.global("collections", "OrderedDict");
    out.0.extend(b")R("); // called with an empty tuple; a mark for the items
    for (key, (name, tensor)) in tensors.iter().enumerate() {
        out.text(name);
        out.global("torch._utils", "_rebuild_tensor_v2");
        out.0.extend(b"(("); // marks for the arguments and for the storage's
        out.text("storage");
        out.global("torch", "FloatStorage");
        out.text(&key.to_string());
        out.text("cpu");
        out.integer(tensor.numel() as i64);
        out.0.extend(b"tQ"); // the tuple names a storage
        out.integer(0);
        let shape = tensor.size();
        out.tuple(&shape);
        out.tuple(&row_major(&shape));
        out.0.push(0x89); // requires no gradient
        out.global("collections", "OrderedDict");
        out.0.extend(b")RtR"); // no hooks; the call
    }
    out.0.extend(b"u."); // the items are set; the end
    out.0
}

/// Steps between neighbours along each dimension.
fn row_major(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for dimension in (1..shape.len()).rev() {
        strides[dimension - 1] = strides[dimension] * shape[dimension].max(1);
    }
    strides
}

struct Pickle(Vec<u8>);

impl Pickle {
    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
    }

    fn integer(&mut self, value: i64) {
        if let Ok(short) = i32::try_from(value) {
            self.0.push(b'J');
            self.0.extend(short.to_le_bytes());
        } else {
            self.0.extend([0x8a, 8]);
            self.0.extend(value.to_le_bytes());
        }
    }

    fn tuple(&mut self, values: &[i64]) {
        self.0.push(b'(');
        for &value in values {
            self.integer(value);
        }
        self.0.push(b't');
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use pytorch_reader::PytorchReader;

    use super::*;

    #[test]
    fn files_are_read_back_by_the_reader_of_weights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors.pth");
        let tensors = vec![
            ("lin0.model.1.weight".to_owned(), Tensor::from_slice(&[0.5_f32, 0.0, 7e-9]).view([1, 3, 1, 1])),
            ("größe".to_owned(), Tensor::arange(6, tch::kind::FLOAT_CPU).view([3, 2]).transpose(0, 1)),
            ("scalar".to_owned(), Tensor::from(-1.5_f32)),
        ];
        write_pth(&path, &tensors).unwrap();
        let reader = PytorchReader::new(&path).unwrap();
        assert_eq!(reader.keys().len(), 3);
        for (name, tensor) in &tensors {
            let read = reader.get(name).unwrap();
            let shape: Vec<i64> = read.shape().iter().map(|&extent| extent as i64).collect();
            assert_eq!(shape, tensor.size(), "{name}");
            assert_eq!(read.read().unwrap(), values(tensor).unwrap(), "{name}");
        }
        // The same again, byte for byte.
        let bytes = std::fs::read(&path).unwrap();
        write_pth(&path, &tensors).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn strides_are_those_of_rows() {
        assert_eq!(row_major(&[2, 3, 4]), [12, 4, 1]);
        assert_eq!(row_major(&[1, 3, 1, 1]), [3, 1, 1, 1]);
        assert_eq!(row_major(&[]), [0; 0]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = write_pth(Path::new("/nowhere/at/all.pth"), &[]).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all.pth"), "{error}");
    }
}
