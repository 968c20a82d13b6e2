//! MATLAB's files of version 5: numeric arrays, read as streams.
//!
//! What `save -v5` (and SciPy's `savemat`) writes on little-endian machines, compressed or not. An array's size is not taken
//! at its word: memory is taken only for what is really there. Not read are cells, structs, sparse and complex arrays, files
//! of version 4, and those of version 7.3, which are HDF5.
//!
//! The crate `matfile` keeps a whole file and all its arrays in memory, more than once, which is gigabytes for SVHN's `extra`.

mod element;
mod values;

pub(crate) use values::Values;

use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;
use lossnet_plugin_api::PluginError;

use element::{COMPRESSED, MATRIX, Problem, Tag, read_element};

/// A file whose variables are known.
#[derive(Debug)]
pub(crate) struct MatFile {
    path: PathBuf,
    variables: Vec<Variable>,
}

/// A variable: what it is and where its element lies.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    class: u8,
    complex: bool,
    shape: Vec<u64>,
    /// Where the element's content begins, and its length in the file.
    at: u64,
    length: u64,
    compressed: bool,
}

/// `mxUINT8_CLASS`.
const UINT8: u8 = 9;
/// `mxDOUBLE_CLASS` to `mxUINT64_CLASS`.
const NUMERIC: std::ops::RangeInclusive<u8> = 6..=15;

const HEADER: u64 = 128;

impl MatFile {
    /// Reads what is in the file. Fails, naming it, if it is cut off or is not a MATLAB file of a kind that is read.
    pub(crate) fn open(path: &Path) -> Result<MatFile, PluginError> {
        let wrong = |problem: Problem| failure(path, &problem);
        let mut file = File::open(path).map_err(|error| wrong(error.into()))?;
        let length = file.metadata().map_err(|error| wrong(error.into()))?.len();
        if length == 0 {
            return Err(wrong(Problem::Wrong("it is empty".to_owned())));
        }
        let mut header = Vec::new();
        file.by_ref().take(HEADER).read_to_end(&mut header).map_err(|error| wrong(error.into()))?;
        check_header(&header).map_err(wrong)?;
        let mut variables = Vec::new();
        let mut at = HEADER;
        while at < length {
            let read = variable(&mut file, at, length).map_err(|problem| {
                let after = variables.last().map_or_else(String::new, |before: &Variable| {
                    format!(" after the variable `{}`", before.name)
                });
                wrong(Problem::Wrong(format!("{problem}{after}")))
            })?;
            at = read.next;
            variables.extend(read.variable);
        }
        Ok(MatFile { path: path.to_owned(), variables })
    }

    /// The shape of a variable, first dimension first, which varies fastest. Fails if there is none of this name, or it is
    /// no array of real numbers.
    pub(crate) fn shape(&self, name: &str) -> Result<&[u64], PluginError> {
        self.variable(name).map(|variable| variable.shape.as_slice())
    }

    /// Whether the variable is an array of `uint8`.
    pub(crate) fn is_uint8(&self, name: &str) -> Result<bool, PluginError> {
        self.variable(name).map(|variable| variable.class == UINT8)
    }

    /// Starts reading a variable's values. Fails if they are not as many as its shape says.
    pub(crate) fn values(&self, name: &str) -> Result<Values, PluginError> {
        let variable = self.variable(name)?;
        let wrong = |problem: Problem| self.failure(name, &problem);
        let mut file = File::open(&self.path).map_err(|error| wrong(error.into()))?;
        let mut source =
            content(&mut file, variable.at, variable.length, variable.compressed).map_err(wrong)?;
        array_header(&mut source, variable.compressed).map_err(wrong)?;
        let tag = Tag::read(&mut source).map_err(wrong)?;
        Values::new(self.path.clone(), name.to_owned(), source, &tag, &variable.shape, variable.length)
            .map_err(wrong)
    }

    fn variable(&self, name: &str) -> Result<&Variable, PluginError> {
        let wrong = |reason: String| self.failure(name, &Problem::Wrong(reason));
        let variable = self.variables.iter().find(|variable| variable.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.variables.iter().map(|variable| variable.name.as_str()).collect();
            wrong(format!("there is none of this name among [{}]", names.join(", ")))
        })?;
        if !NUMERIC.contains(&variable.class) || variable.complex {
            return Err(wrong("it is not an array of real numbers".to_owned()));
        }
        Ok(variable)
    }

    /// An error about a variable.
    pub(crate) fn wrong(&self, name: &str, reason: impl Into<String>) -> PluginError {
        self.failure(name, &Problem::Wrong(reason.into()))
    }

    fn failure(&self, name: &str, problem: &Problem) -> PluginError {
        failure(&self.path, &Problem::Wrong(format!("its variable `{name}`: {problem}")))
    }
}

fn failure(path: &Path, problem: &Problem) -> PluginError {
    PluginError::input(format!("the MATLAB file {} can't be read: {problem}", path.display()))
}

fn check_header(header: &[u8]) -> Result<(), Problem> {
    let wrong = |reason: &str| Err(Problem::Wrong(reason.to_owned()));
    if header.starts_with(b"MATLAB 7.3") || header.starts_with(b"\x89HDF") {
        return wrong("it is of version 7.3 (HDF5); save it with `-v7`");
    }
    match header.get(124..128) {
        Some(&[0, 1, b'I', b'M']) => Ok(()),
        Some(&[1, 0, b'M', b'I']) => wrong("it is big-endian, and only little-endian files are read"),
        None if header.starts_with(b"MATLAB 5") => wrong("it is cut off"),
        Some(_) | None => wrong("it is not a MATLAB file of version 5"),
    }
}

/// A variable's element, if it is one, and where the next element begins.
struct Found {
    variable: Option<Variable>,
    next: u64,
}

fn variable(file: &mut File, at: u64, end: u64) -> Result<Found, Problem> {
    file.seek(SeekFrom::Start(at))?;
    let tag = Tag::read(file)?;
    let (at, length) = (at + 8, u64::from(tag.length));
    if tag.inline.is_some() {
        return Err(Problem::Wrong("its bytes make no sense".to_owned()));
    }
    if length > end - at {
        let missing = length - (end - at);
        return Err(Problem::Wrong(format!("it is cut off, {missing} bytes are missing")));
    }
    let compressed = tag.kind == COMPRESSED;
    // Compressed elements are the only ones that are not padded.
    let next = at + if compressed { length } else { length.next_multiple_of(8) };
    if !compressed && tag.kind != MATRIX {
        return Ok(Found { variable: None, next });
    }
    let mut source = content(file, at, length, compressed)?;
    let header = array_header(&mut source, compressed)?;
    let variable = header.map(|header| Variable {
        name: header.name,
        class: header.class,
        complex: header.complex,
        shape: header.shape,
        at,
        length,
        compressed,
    });
    Ok(Found { variable, next })
}

/// The bytes of an element, decompressed.
fn content(file: &mut File, at: u64, length: u64, compressed: bool) -> Result<Box<dyn Read + Send>, Problem> {
    file.seek(SeekFrom::Start(at))?;
    let part = BufReader::with_capacity(1 << 16, file.try_clone()?.take(length));
    Ok(if compressed { Box::new(ZlibDecoder::new(part)) } else { Box::new(part) })
}

struct ArrayHeader {
    name: String,
    class: u8,
    complex: bool,
    shape: Vec<u64>,
}

/// What an array says of itself before its values; `None` for objects of other kinds.
fn array_header(source: &mut dyn Read, compressed: bool) -> Result<Option<ArrayHeader>, Problem> {
    const UINT32: u32 = 6;
    const INT32: u32 = 5;
    const INT8: u32 = 1;
    const COMPLEX: u8 = 0x08;
    let senseless = || Problem::Wrong("an array's description makes no sense".to_owned());
    if compressed && Tag::read(source)?.kind != MATRIX {
        return Ok(None);
    }
    let (kind, flags) = read_element(source, 8)?;
    let &[class, bits, ..] = flags.as_slice() else { return Err(senseless()) };
    if kind != UINT32 {
        return Err(senseless());
    }
    if !(1..=15).contains(&class) {
        return Ok(None);
    }
    let (kind, dimensions) = read_element(source, 4 * 32)?;
    if kind != INT32 || dimensions.len() < 8 {
        return Err(senseless());
    }
    let extents = dimensions.as_chunks::<4>().0.iter().map(|&bytes| u64::try_from(i32::from_le_bytes(bytes)));
    let shape = extents.collect::<Result<Vec<u64>, _>>().map_err(|_| senseless())?;
    let (kind, name) = read_element(source, 4096)?;
    if kind != INT8 {
        return Err(senseless());
    }
    let name = String::from_utf8_lossy(&name).into_owned();
    Ok(Some(ArrayHeader { name, class, complex: bits & COMPLEX != 0, shape }))
}
