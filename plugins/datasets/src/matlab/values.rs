//! The values of an array, one after the other.

use std::io::Read;
use std::path::PathBuf;

use lossnet_plugin_api::PluginError;

use super::element::{Problem, Tag};
use super::failure;

/// A stream of an array's values, the first dimension varying fastest.
pub(crate) struct Values {
    path: PathBuf,
    name: String,
    source: Box<dyn Read + Send>,
    kind: u32,
    /// Values not yet read.
    left: u64,
}

/// More than deflate makes of one byte.
const MOST_PER_BYTE: u64 = 1100;

impl Values {
    /// `stored` are the bytes that the whole array takes in the file.
    pub(super) fn new(
        path: PathBuf,
        name: String,
        source: Box<dyn Read + Send>,
        tag: &Tag,
        shape: &[u64],
        stored: u64,
    ) -> Result<Values, Problem> {
        let wrong = |reason: String| Err(Problem::Wrong(reason));
        let Some(width) = width(tag.kind) else {
            return wrong(format!("its values are of the unknown type {}", tag.kind));
        };
        let extents: Vec<String> = shape.iter().map(u64::to_string).collect();
        let extents = extents.join("×");
        let count = shape.iter().try_fold(1_u64, |count, &extent| count.checked_mul(extent));
        let Some(count) = count.filter(|&count| count.saturating_mul(width) == u64::from(tag.length)) else {
            return wrong(format!("it claims to have {extents} values and has {} bytes of them", tag.length));
        };
        if u64::from(tag.length) > stored.saturating_mul(MOST_PER_BYTE) {
            return wrong(format!("it claims to have {extents} values in {stored} bytes"));
        }
        let source = match tag.inline {
            None => source,
            Some(data) => {
                Box::new(std::io::Cursor::new(data.into_iter().take(tag.length as usize).collect::<Vec<_>>()))
            }
        };
        Ok(Values { path, name, source, kind: tag.kind, left: count })
    }

    /// The next bytes of an array that is stored as bytes.
    pub(crate) fn bytes(&mut self, into: &mut [u8]) -> Result<(), PluginError> {
        if self.kind != UINT8 {
            return Err(self.wrong(&Problem::Wrong("its values are not stored as bytes".to_owned())));
        }
        self.left = self.left.saturating_sub(into.len() as u64);
        self.source.read_exact(into).map_err(|error| self.wrong(&error.into()))
    }

    /// All values that are left, and the check that [`finish`](Values::finish) makes.
    pub(crate) fn numbers(mut self) -> Result<Vec<f64>, PluginError> {
        let mut numbers = Vec::new();
        for _ in 0..std::mem::take(&mut self.left) {
            numbers.push(self.number().map_err(|error| self.wrong(&error.into()))?);
        }
        self.finish()?;
        Ok(numbers)
    }

    /// Reads on to the array's end, where the checksum of compressed data is. Fails if it does not fit.
    pub(crate) fn finish(mut self) -> Result<(), PluginError> {
        std::io::copy(&mut self.source, &mut std::io::sink()).map_err(|error| self.wrong(&error.into()))?;
        Ok(())
    }

    fn number(&mut self) -> std::io::Result<f64> {
        let source = &mut self.source;
        Ok(match self.kind {
            1 => f64::from(i8::from_le_bytes(take(source)?)),
            2 => f64::from(u8::from_le_bytes(take(source)?)),
            3 => f64::from(i16::from_le_bytes(take(source)?)),
            4 => f64::from(u16::from_le_bytes(take(source)?)),
            5 => f64::from(i32::from_le_bytes(take(source)?)),
            6 => f64::from(u32::from_le_bytes(take(source)?)),
            7 => f64::from(f32::from_le_bytes(take(source)?)),
            9 => f64::from_le_bytes(take(source)?),
            12 => i64::from_le_bytes(take(source)?) as f64,
            _ => u64::from_le_bytes(take(source)?) as f64,
        })
    }

    fn wrong(&self, problem: &Problem) -> PluginError {
        failure(&self.path, &Problem::Wrong(format!("its variable `{}`: {problem}", self.name)))
    }
}

fn take<const N: usize>(source: &mut impl Read) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// `miUINT8`.
const UINT8: u32 = 2;

/// Bytes per value of the types that numbers are stored as: MATLAB takes the smallest one that all values fit into.
fn width(kind: u32) -> Option<u64> {
    match kind {
        1 | 2 => Some(1),
        3 | 4 => Some(2),
        5..=7 => Some(4),
        9 | 12 | 13 => Some(8),
        _ => None,
    }
}
