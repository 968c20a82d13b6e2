//! NumPy's array files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use lossnet_plugin_api::prelude::*;

/// An array: its shape and its values, the last dimension varying fastest.
#[derive(Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// Reads an array of floating-point numbers or integers. Fails, naming the file, if it is cut off, no `.npy`, or holds
/// something else.
pub(crate) fn read(path: &Path) -> Result<Array, PluginError> {
    let wrong =
        |reason: String| PluginError::input(format!("the array {} can't be read: {reason}", path.display()));
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let array = npyz::NpyFile::new(BufReader::new(file)).map_err(|error| wrong(describe(&error)))?;
    let shape: Vec<usize> = array.shape().iter().map(|&size| size as usize).collect();
    if array.order() == npyz::Order::Fortran && shape.len() > 1 {
        return Err(wrong(
            "its values are in Fortran order; save it with numpy.ascontiguousarray".to_owned(),
        ));
    }
    let kind = match array.dtype() {
        npyz::DType::Plain(kind) => kind.to_string(),
        other => return Err(wrong(format!("it holds {}, not numbers", other.descr()))),
    };
    let values = match kind.trim_start_matches(['<', '>', '=', '|', '\'']).trim_end_matches('\'') {
        "f8" => array.into_vec::<f64>(),
        "f4" => array.into_vec::<f32>().map(|values| values.into_iter().map(f64::from).collect()),
        "i8" => array.into_vec::<i64>().map(|values| values.into_iter().map(|value| value as f64).collect()),
        "i4" => array.into_vec::<i32>().map(|values| values.into_iter().map(f64::from).collect()),
        "u1" => array.into_vec::<u8>().map(|values| values.into_iter().map(f64::from).collect()),
        other => {
            return Err(wrong(format!(
                "it holds numbers of type {other}, and f4, f8, i4, i8 and u1 are read"
            )));
        }
    };
    let values = values.map_err(|error| wrong(describe(&error)))?;
    Ok(Array { shape, values })
}

/// An array as a sample's field: a number where it holds one.
pub(crate) fn field(path: &Path) -> Result<Field, PluginError> {
    let array = read(path)?;
    Ok(match array.values[..] {
        [value] => Field::Number(value),
        _ => Field::Array {
            shape: array.shape,
            values: array.values.into_iter().map(|value| value as f32).collect(),
        },
    })
}

fn describe(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        "it is cut off".to_owned()
    } else {
        error.to_string()
    }
}

/// A share in [0, 1] from an array of one element.
pub(crate) fn share(path: &Path) -> Result<f64, PluginError> {
    let array = read(path)?;
    match array.values[..] {
        [value] if (0.0..=1.0).contains(&value) => Ok(value),
        [value] => Err(PluginError::input(format!(
            "{} holds {value}, and a share of people lies between 0 and 1",
            path.display()
        ))),
        _ => Err(PluginError::input(format!(
            "{} holds {} numbers, and one is expected",
            path.display(),
            array.values.len()
        ))),
    }
}
