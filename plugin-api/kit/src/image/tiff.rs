//! What a TIFF file's first directory says: as far as its pixels can be read here, and how they are to be turned.

use super::Orientation;

/// The tags that matter, with TIFF's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) orientation: Orientation,
    /// Whether other pages follow.
    pub(super) several: bool,
    compression: u64,
    photometric: u64,
}

impl Header {
    /// Reads the header; `None` where it is cut off or none.
    pub(super) fn read(bytes: &[u8]) -> Option<Header> {
        let file = File { bytes, little: bytes.starts_with(b"II"), big: is_big(bytes) };
        let start = if file.big { file.number(8, 8)? } else { file.number(4, 4)? };
        let (count_size, entry_size, value_at) = if file.big { (8, 20, 12) } else { (2, 12, 8) };
        let count = file.number(start, count_size)?.min(4096);
        let (mut orientation, mut compression, mut photometric) = (1, 1, 2);
        for position in 0..count {
            let entry = start + count_size + position * entry_size;
            let size = match file.number(entry + 2, 2)? {
                1 => 1,
                3 => 2,
                4 => 4,
                _ => continue,
            };
            let value = file.number(entry + value_at, size)?;
            match file.number(entry, 2)? {
                259 => compression = value,
                262 => photometric = value,
                274 => orientation = value,
                _ => {}
            }
        }
        let next = file.number(start + count_size + count * entry_size, if file.big { 8 } else { 4 })?;
        Some(Header {
            orientation: Orientation::of_exif(u16::try_from(orientation).unwrap_or(1)),
            several: next != 0,
            compression,
            photometric,
        })
    }

    /// What of it is not read here, if anything.
    pub(super) fn unsupported(self) -> Option<&'static str> {
        match self.compression {
            6 => return Some("old-style JPEG compression"),
            34925 => return Some("LZMA compression"),
            50000 => return Some("ZSTD compression"),
            50001 | 50002 => return Some("WebP compression"),
            34712 | 33003 | 33005 => return Some("JPEG 2000 compression"),
            _ => {}
        }
        match self.photometric {
            3 => Some("a palette"),
            8..=10 => Some("a color in the Lab space"),
            _ => None,
        }
    }
}

/// Whether these are the first bytes of a TIFF file, of either kind.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") || is_big(bytes)
}

/// BigTIFF, whose places in the file have 64 bits.
fn is_big(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II+\0\x08\0\0\0") || bytes.starts_with(b"MM\0+\0\x08\0\0")
}

struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
}

impl File<'_> {
    fn number(&self, at: u64, size: u64) -> Option<u64> {
        let start = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(start..start.checked_add(size as usize)?)?;
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    }
}
