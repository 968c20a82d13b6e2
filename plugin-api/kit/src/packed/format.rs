//! The bytes of a packed file. All numbers are little-endian.
//!
//! * Header, 80 bytes: 8 bytes magic, u32 version, u32 zero, 32 bytes key, u64 number of samples, u64 position and u64
//!   length of the table, u32 CRC-32 of the table, u32 CRC-32 of the header before it.
//! * One record per sample, without gaps: u16 number of fields; for each u8 kind, u8 length of the name, the name, the
//!   value; u32 CRC-32 of all that. An image is u32 width, u32 height, u8 channels and its samples; a number is an f64; an
//!   array is u8 number of dimensions, u64 each, and its values as f32.
//! * The table, up to the file's end: for each sample u64 where its record ends, u32 which group, u32 where its id ends;
//!   u32 number of groups; for each u32 length and the name; the ids one after the other.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::protocol::sample::{Field, ImageData};

pub(super) const HEADER: usize = 80;
const MAGIC: [u8; 8] = *b"LNPACKED";
/// Grows when the layout changes; files of another version are made anew.
const VERSION: u32 = 1;

pub(super) struct Header {
    pub(super) key: [u8; 32],
    pub(super) count: u64,
    pub(super) table_at: u64,
    pub(super) table_length: u64,
    pub(super) table_sum: u32,
}

/// What the first bytes of a file say.
pub(super) enum Read {
    Header(Header),
    OtherVersion,
    Damaged(&'static str),
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(self.key);
        for number in [self.count, self.table_at, self.table_length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.table_sum.to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; HEADER]) -> Read {
        let mut cursor = Cursor(bytes);
        let decoded = (|| {
            let magic: [u8; 8] = cursor.array()?;
            let version = u32::from_le_bytes(cursor.array()?);
            let _zero: [u8; 4] = cursor.array()?;
            let header = Header {
                key: cursor.array()?,
                count: cursor.u64()?,
                table_at: cursor.u64()?,
                table_length: cursor.u64()?,
                table_sum: cursor.u32()?,
            };
            Some((magic, version, header, cursor.u32()?))
        })();
        match decoded {
            Some((MAGIC, _, _, sum)) if sum != crc32fast::hash(&bytes[..HEADER - 4]) => {
                Read::Damaged("its header's checksum does not fit")
            }
            Some((MAGIC, VERSION, header, _)) => Read::Header(header),
            Some((MAGIC, _, _, _)) => Read::OtherVersion,
            _ => Read::Damaged("it is not a file of packed samples"),
        }
    }
}

/// Where a sample lies and what it is called.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) end: u64,
    pub(super) group: u32,
    pub(super) id_end: u32,
}

/// All that is known of the samples without reading them.
#[derive(Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
    pub(super) groups: Vec<String>,
    pub(super) ids: String,
}

impl Table {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * 16 + self.ids.len() + 64);
        for entry in &self.entries {
            bytes.extend(entry.end.to_le_bytes());
            bytes.extend(entry.group.to_le_bytes());
            bytes.extend(entry.id_end.to_le_bytes());
        }
        bytes.extend((self.groups.len() as u32).to_le_bytes());
        for group in &self.groups {
            bytes.extend((group.len() as u32).to_le_bytes());
            bytes.extend(group.as_bytes());
        }
        bytes.extend(self.ids.as_bytes());
        bytes
    }

    /// `None` if the bytes are not a table of so many samples whose records lie between header and `table_at`.
    pub(super) fn decode(bytes: &[u8], count: u64, table_at: u64) -> Option<Table> {
        let count = usize::try_from(count).ok().filter(|&count| count <= bytes.len() / 16)?;
        let mut cursor = Cursor(bytes);
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push(Entry { end: cursor.u64()?, group: cursor.u32()?, id_end: cursor.u32()? });
        }
        let mut groups = Vec::new();
        for _ in 0..cursor.u32()? {
            let length = cursor.u32()? as usize;
            groups.push(String::from_utf8(cursor.take(length)?.to_vec()).ok()?);
        }
        let ids = String::from_utf8(cursor.0.to_vec()).ok()?;
        let (mut end, mut id_end) = (HEADER as u64, 0);
        for entry in &entries {
            let ordered =
                entry.end >= end && entry.id_end >= id_end && ids.is_char_boundary(entry.id_end as usize);
            if !ordered || entry.group as usize >= groups.len() {
                return None;
            }
            (end, id_end) = (entry.end, entry.id_end);
        }
        (end == table_at && id_end as usize == ids.len()).then_some(Table { entries, groups, ids })
    }
}

const IMAGE: u8 = 0;
const NUMBER: u8 = 1;
const ARRAY: u8 = 2;

/// A sample's fields as a record. Fails for what the format has no place for.
pub(super) fn encode(id: &str, fields: &[(String, Field)]) -> Result<Vec<u8>, PluginError> {
    let unpackable = |what: &str| PluginError::run(format!("the sample {id} can't be packed: {what}"));
    let mut bytes = Vec::new();
    let count = u16::try_from(fields.len()).map_err(|_| unpackable("it has too many fields"))?;
    bytes.extend(count.to_le_bytes());
    for (name, field) in fields {
        let kind = match field {
            Field::Image(_) => IMAGE,
            Field::Number(_) => NUMBER,
            Field::Array { .. } => ARRAY,
            _ => return Err(unpackable(&format!("`{name}` is of a kind that this version does not know"))),
        };
        let length = u8::try_from(name.len()).map_err(|_| unpackable("a field's name is too long"))?;
        bytes.extend([kind, length]);
        bytes.extend(name.as_bytes());
        match field {
            Field::Image(ImageData { width, height, channels, data }) => {
                let wrong = || unpackable(&format!("`{name}` is {width}×{height}×{channels}"));
                if width.checked_mul(*height).and_then(|pixels| pixels.checked_mul(*channels))
                    != Some(data.len())
                {
                    return Err(wrong());
                }
                for side in [*width, *height] {
                    bytes.extend(u32::try_from(side).map_err(|_| wrong())?.to_le_bytes());
                }
                bytes.push(u8::try_from(*channels).map_err(|_| wrong())?);
                bytes.extend(data);
            }
            Field::Number(value) => bytes.extend(value.to_le_bytes()),
            Field::Array { shape, values } => {
                bytes.push(
                    u8::try_from(shape.len()).map_err(|_| unpackable("an array has too many dimensions"))?,
                );
                bytes.extend(shape.iter().flat_map(|&extent| (extent as u64).to_le_bytes()));
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            _ => {}
        }
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The fields of a record; `None` if it is damaged.
pub(super) fn decode(record: &[u8]) -> Option<Vec<(String, Field)>> {
    let (bytes, sum) = record.split_last_chunk::<4>()?;
    if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut cursor = Cursor(bytes);
    let count = u16::from_le_bytes(cursor.array()?);
    let mut fields = Vec::with_capacity(count.into());
    for _ in 0..count {
        let [kind, length] = cursor.array()?;
        let name = String::from_utf8(cursor.take(length.into())?.to_vec()).ok()?;
        let field = match kind {
            IMAGE => {
                let (width, height) = (cursor.u32()? as usize, cursor.u32()? as usize);
                let [channels] = cursor.array()?;
                let channels = usize::from(channels);
                let length = width.checked_mul(height)?.checked_mul(channels)?;
                Field::Image(ImageData { width, height, channels, data: cursor.take(length)?.to_vec() })
            }
            NUMBER => Field::Number(f64::from_le_bytes(cursor.array()?)),
            ARRAY => {
                let [dimensions] = cursor.array()?;
                let shape = (0..dimensions).map(|_| usize::try_from(cursor.u64()?).ok());
                let shape = shape.collect::<Option<Vec<usize>>>()?;
                let length = shape.iter().try_fold(4_usize, |length, &extent| length.checked_mul(extent))?;
                let values = cursor.take(length)?.as_chunks::<4>().0;
                Field::Array {
                    shape,
                    values: values.iter().map(|&value| f32::from_le_bytes(value)).collect(),
                }
            }
            _ => return None,
        };
        fields.push((name, field));
    }
    cursor.0.is_empty().then_some(fields)
}

/// Bytes that are taken from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
