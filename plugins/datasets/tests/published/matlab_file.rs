//! Writes MATLAB files of version 5.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// An array as it is written.
#[derive(Clone)]
pub(crate) struct Array {
    pub(crate) name: &'static str,
    /// `mxUINT8_CLASS` and so on.
    pub(crate) class: u8,
    pub(crate) flags: u8,
    pub(crate) shape: Vec<i32>,
    /// `miUINT8` and so on.
    pub(crate) kind: u32,
    pub(crate) data: Vec<u8>,
}

impl Array {
    /// An array of `uint8`.
    pub(crate) fn bytes(name: &'static str, shape: &[i32], data: Vec<u8>) -> Array {
        Array { name, class: 9, flags: 0, shape: shape.to_vec(), kind: 2, data }
    }

    /// The element `miMATRIX`.
    pub(crate) fn element(&self) -> Vec<u8> {
        let mut content = element(6, &[self.class, self.flags, 0, 0, 0, 0, 0, 0]);
        let shape: Vec<u8> = self.shape.iter().flat_map(|extent| extent.to_le_bytes()).collect();
        content.extend(element(5, &shape));
        content.extend(element(1, self.name.as_bytes()));
        content.extend(element(self.kind, &self.data));
        let mut bytes = tag(14, content.len());
        bytes.extend(content);
        bytes
    }

    pub(crate) fn compressed(&self) -> Vec<u8> {
        compressed(&self.element())
    }
}

pub(crate) fn compressed(element: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(element).unwrap();
    let data = encoder.finish().unwrap();
    let mut bytes = tag(15, data.len());
    bytes.extend(data);
    bytes
}

pub(crate) fn tag(kind: u32, length: usize) -> Vec<u8> {
    [kind.to_le_bytes(), (length as u32).to_le_bytes()].concat()
}

/// With padding, or as a small element where the data fit into the tag.
fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    if (1..=4).contains(&data.len()) {
        let mut bytes = (kind | (data.len() as u32) << 16).to_le_bytes().to_vec();
        bytes.extend(data);
        bytes.resize(8, 0);
        return bytes;
    }
    let mut bytes = tag(kind, data.len());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// A file of these elements.
pub(crate) fn file(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"MATLAB 5.0 MAT-file, written by a test".to_vec();
    bytes.resize(124, b' ');
    bytes.extend([0, 1, b'I', b'M']);
    bytes.extend(elements.iter().flatten());
    bytes
}
