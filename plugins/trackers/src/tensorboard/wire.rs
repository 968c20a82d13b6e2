//! Protocol Buffers' wire format, as much of it as event files need:
//! <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Message {
        Message::default()
    }

    /// An integer, an enum's value or a flag; negative numbers do not occur.
    #[must_use]
    pub(super) fn integer(mut self, field: u32, value: u64) -> Message {
        self.key(field, 0);
        self.varint(value);
        self
    }

    #[must_use]
    pub(super) fn double(mut self, field: u32, value: f64) -> Message {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn float(mut self, field: u32, value: f32) -> Message {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Message {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    #[must_use]
    pub(super) fn text(self, field: u32, value: &str) -> Message {
        self.bytes(field, value.as_bytes())
    }

    #[must_use]
    pub(super) fn message(self, field: u32, value: &Message) -> Message {
        self.bytes(field, &value.0)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A field's value as it was read.
#[derive(Debug, PartialEq)]
pub(super) enum Read<'a> {
    Integer(u64),
    Double(f64),
    Bytes(&'a [u8]),
    /// A fixed 32-bit value, which nobody here reads.
    Other,
}

/// The fields of a message, in order; ends at the first thing that is none.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Read<'a>);

    fn next(&mut self) -> Option<(u64, Read<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Read::Integer(self.varint()?),
            1 => Read::Double(f64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = self.varint()?;
                Read::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            5 => {
                self.take(4)?;
                Read::Other
            }
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let &[byte] = self.take(1)? else { return None };
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_documentation_shows() {
        // The documentation's own examples: 150 in field 1, "testing" in field 2.
        assert_eq!(Message::new().integer(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = Message::new().text(2, "testing").into_bytes();
        assert_eq!(text, [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let inner = Message::new().integer(1, u64::MAX);
        let bytes = Message::new().double(1, 0.5).float(2, 1.5).message(16, &inner).into_bytes();
        let read: Vec<_> = Fields(&bytes).collect();
        assert_eq!(read[0], (1, Read::Double(0.5)));
        assert_eq!(read[1], (2, Read::Other));
        let (16, Read::Bytes(inner)) = &read[2] else { panic!("{read:?}") };
        assert_eq!(Fields(inner).next(), Some((1, Read::Integer(u64::MAX))));
        // What is cut off is not made up.
        assert_eq!(Fields(&bytes[..bytes.len() - 1]).count(), 2);
    }
}
