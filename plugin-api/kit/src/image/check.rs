//! Whether files are images at all, told before hours are spent on others.

use super::{ImageError, ReadProblem, read};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Looks at a file's first and last bytes, and decodes it only where they are not those of a whole image. Finds files that
/// are missing, empty, of another format or cut off; not damage in their middle. Fails as [`read`] does.
pub fn check(path: impl AsRef<Path>) -> Result<(), ImageError> {
    const AT_EACH_END: usize = 64;
    let path = path.as_ref();
    let ends = || -> std::io::Result<(Vec<u8>, Vec<u8>)> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut first = Vec::new();
        (&mut file).take(AT_EACH_END as u64).read_to_end(&mut first)?;
        file.seek(SeekFrom::Start(length.saturating_sub(AT_EACH_END as u64)))?;
        let mut last = Vec::new();
        file.take(AT_EACH_END as u64).read_to_end(&mut last)?;
        Ok((first, last))
    };
    let failed = |problem| ImageError::Read { name: path.display().to_string(), problem };
    if path.is_dir() {
        return Err(failed(ReadProblem::Folder));
    }
    let (first, last) = ends().map_err(|error| failed(ReadProblem::Io(error)))?;
    if seems_whole(path, &first, &last) { Ok(()) } else { read(path).map(|_| ()) }
}

/// Whether the ends are those of a whole file, as far as its format has an end that can be known.
fn seems_whole(path: &Path, first: &[u8], last: &[u8]) -> bool {
    let ends_with = |mark: &[u8]| last.windows(mark.len()).any(|window| window == mark);
    let as_long_as = |declared: Option<u64>| {
        let length = std::fs::metadata(path).map(|metadata| metadata.len()).ok();
        declared.zip(length).is_some_and(|(declared, length)| declared <= length)
    };
    let four = |at: usize| Some(u32::from_le_bytes(first.get(at..at + 4)?.try_into().ok()?).into());
    match first {
        [0xff, 0xd8, 0xff, ..] => ends_with(&[0xff, 0xd9]),
        [0x89, b'P', b'N', b'G', ..] => ends_with(b"IEND"),
        [b'G', b'I', b'F', ..] => last.ends_with(&[0x3b]),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            as_long_as(four(4).map(|length: u64| length + 8))
        }
        // Where a BMP file says nothing of its length it is decoded.
        [b'B', b'M', ..] => four(2).is_some_and(|length: u64| length > 0) && as_long_as(four(2)),
        _ => false,
    }
}
