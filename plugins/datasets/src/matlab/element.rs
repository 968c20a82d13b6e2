//! The parts that a MATLAB file is made of.

use std::fmt;
use std::io::{self, Read};

/// `miMATRIX`.
pub(super) const MATRIX: u32 = 14;
/// `miCOMPRESSED`.
pub(super) const COMPRESSED: u32 = 15;

/// Why a file can't be read.
#[derive(Debug)]
pub(super) enum Problem {
    Io(io::Error),
    Wrong(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Problem::Io(error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Wrong(reason) => f.write_str(reason),
            Problem::Io(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => f.write_str("it is cut off"),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    write!(f, "its compressed data are damaged ({error})")
                }
                _ => write!(f, "{error}"),
            },
        }
    }
}

/// What stands before an element's data.
pub(super) struct Tag {
    pub(super) kind: u32,
    /// Bytes of data.
    pub(super) length: u32,
    /// The data of a small element, which stand in its tag.
    pub(super) inline: Option<[u8; 4]>,
}

impl Tag {
    pub(super) fn read(source: &mut dyn Read) -> Result<Tag, Problem> {
        let mut bytes = [0; 8];
        source.read_exact(&mut bytes)?;
        let [a, b, c, d, data @ ..] = bytes;
        let (first, small) = (u32::from_le_bytes([a, b, c, d]), u32::from(u16::from_le_bytes([c, d])));
        if small == 0 {
            return Ok(Tag { kind: first, length: u32::from_le_bytes(data), inline: None });
        }
        if small > 4 {
            return Err(Problem::Wrong(format!("a small element claims to have {small} bytes")));
        }
        Ok(Tag { kind: first & 0xffff, length: small, inline: Some(data) })
    }
}

/// An element's kind and data, of at most so many bytes, with its padding taken.
pub(super) fn read_element(source: &mut dyn Read, most: u32) -> Result<(u32, Vec<u8>), Problem> {
    let tag = Tag::read(source)?;
    if tag.length > most {
        let length = tag.length;
        return Err(Problem::Wrong(format!(
            "a part of an array's description claims to have {length} bytes"
        )));
    }
    if let Some(data) = tag.inline {
        return Ok((tag.kind, data[..tag.length as usize].to_vec()));
    }
    let mut data = vec![0; tag.length.next_multiple_of(8) as usize];
    source.read_exact(&mut data)?;
    data.truncate(tag.length as usize);
    Ok((tag.kind, data))
}
