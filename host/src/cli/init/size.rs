//! The size of an image, from the first bytes of its file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes within which the size mostly stands; EXIF data come before it in a JPEG file.
const HEAD: u64 = 256 * 1024;

/// Width and height; `None` for other formats than PNG, JPEG, GIF, BMP and PNM, and where they are not found.
pub(super) fn of(path: &Path) -> Option<(u32, u32)> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut bytes).ok()?;
    let big = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let little = |at: usize| Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?).unsigned_abs());
    let short = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => Some((big(16)?, big(20)?)),
        [b'G', b'I', b'F', ..] => Some((short(6)?, short(8)?)),
        [b'B', b'M', ..] => Some((little(18)?, little(22)?)),
        [0xff, 0xd8, ..] => jpeg(&bytes),
        [b'P', b'1'..=b'6', ..] => pnm(&bytes),
        _ => None,
    }
}

/// From the segment that begins a frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let &[marker, kind, high, low] = bytes.get(at..at + 4)? else { return None };
        if marker != 0xff {
            return None;
        }
        // Not Huffman tables, arithmetic coding's conditions or a reserved marker, which are among the same numbers.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let side =
                |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
            return Some((side(at + 7)?, side(at + 5)?));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

/// The first two numbers behind the format's, comments aside.
fn pnm(bytes: &[u8]) -> Option<(u32, u32)> {
    let head = String::from_utf8_lossy(bytes.get(2..bytes.len().min(1024))?).into_owned();
    let text = head.lines().map(|line| line.split('#').next().unwrap_or_default());
    let text = text.collect::<Vec<_>>().join(" ");
    let mut numbers = text.split_whitespace().map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
