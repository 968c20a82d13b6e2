//! JPEG through mozjpeg's build of libjpeg-turbo: Pillow's pixels from a C compiler alone.
//!
//! Pillow decodes with libjpeg-turbo: accurate integer DCT, smooth chroma upsampling, blocks of unfinished
//! progressive files smoothed. The same code with the same settings is compiled here. Checked against Pillow 13.0
//! (libjpeg-turbo 3.2): the 100 test photographs of BSDS300, and small files of 4:4:4, 4:2:2, 4:2:0, progressive, grey
//! and CMYK, are equal bit for bit (`tests/pillow.rs`).
//!
//! It builds with a C compiler alone; `nasm`, where it is on the path, makes it faster. turbojpeg needs cmake and nasm,
//! so it was not taken.

use super::color::cmyk_to_rgb;
use super::guard::{check_extent, guarded};
use super::{ColorMode, Image, ImageError, ReadProblem};
use mozjpeg::{ColorSpace, Compress, Decompress};
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

const FORMAT: &str = "JPEG";

/// Decodes a JPEG file; one channel where it has one, else three.
pub(super) fn decode(bytes: &[u8]) -> Result<(Image, ColorMode), ReadProblem> {
    let ran_out = Cell::new(false);
    let decoded = guarded(FORMAT, || decode_watched(WatchedBytes { rest: bytes, ran_out: &ran_out }));
    // libjpeg makes up an end for data that have none, so running out counts before all other faults.
    if ran_out.get() && !matches!(decoded, Err(ReadProblem::TooLarge { .. })) {
        return Err(ReadProblem::Truncated { format: FORMAT });
    }
    decoded.map_err(|problem| match problem {
        ReadProblem::Corrupt { format, message } => {
            let message = message.trim_start_matches("libjpeg fatal error: ").to_owned();
            ReadProblem::Corrupt { format, message }
        }
        other => other,
    })
}

fn decode_watched(bytes: WatchedBytes<'_>) -> Result<(Image, ColorMode), ReadProblem> {
    let corrupt = |error: io::Error| ReadProblem::Corrupt { format: FORMAT, message: error.to_string() };
    let header = Decompress::builder().from_reader(bytes).map_err(corrupt)?;
    let (width, height) = header.size();
    check_extent(width as u64, height as u64)?;
    let (target, mode) = match header.color_space() {
        ColorSpace::JCS_GRAYSCALE => (ColorSpace::JCS_GRAYSCALE, ColorMode::Grey),
        ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => (ColorSpace::JCS_CMYK, ColorMode::Cmyk),
        _ => (ColorSpace::JCS_RGB, ColorMode::Rgb),
    };
    let mut scanlines = header.to_colorspace(target).map_err(corrupt)?;
    let data = scanlines.read_scanlines::<u8>().map_err(corrupt)?;
    scanlines.finish().map_err(corrupt)?;
    Ok(match mode {
        ColorMode::Grey => (Image::from_parts(width, height, 1, data), mode),
        ColorMode::Cmyk => {
            // Adobe's programs store inks inverted, and every reader takes all CMYK files for theirs.
            let inks: Vec<u8> = data.iter().map(|ink| 255 - ink).collect();
            (Image::from_parts(width, height, 3, cmyk_to_rgb(&inks)), mode)
        }
        _ => (Image::from_parts(width, height, 3, data), mode),
    })
}

/// Bytes that note when more of them were wanted than there are.
struct WatchedBytes<'a> {
    rest: &'a [u8],
    ran_out: &'a Cell<bool>,
}

impl Read for WatchedBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl BufRead for WatchedBytes<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.ran_out.set(self.ran_out.get() || self.rest.is_empty());
        Ok(self.rest)
    }

    fn consume(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }
}

/// Encodes as baseline JPEG with libjpeg's defaults: standard tables scaled to `quality` (1 to 100), 4:2:0.
///
/// From quality 24 on the file has the pixels of Pillow's `save(quality=…)`; below it Pillow caps table
/// entries at 255 and this encoder doesn't.
///
/// Fails where the quality is out of range or a side is longer than JPEG's 65,535 samples.
pub fn encode(image: &Image, quality: u8) -> Result<Vec<u8>, ImageError> {
    if !(1..=100).contains(&quality) {
        let message = format!("the quality must be in 1..=100, not {quality}");
        return Err(ImageError::Argument { operation: "JPEG encoding", message });
    }
    let failed = |message| ImageError::Encode { format: FORMAT, message };
    let encoded = catch_unwind(AssertUnwindSafe(|| {
        let space = if image.channels() == 3 { ColorSpace::JCS_RGB } else { ColorSpace::JCS_GRAYSCALE };
        let mut encoder = Compress::new(space);
        encoder.set_fastest_defaults();
        encoder.set_size(image.width(), image.height());
        encoder.set_quality(f32::from(quality));
        let mut started = encoder.start_compress(Vec::new())?;
        started.write_scanlines(image.data())?;
        started.finish()
    }));
    match encoded {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(payload) => Err(failed(
            payload.downcast_ref::<String>().map_or("the encoder gave up", String::as_str).to_owned(),
        )),
    }
}
