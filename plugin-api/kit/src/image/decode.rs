//! Reading image files: format by content, size checked before memory is taken, no panic from any decoder.

use super::guard::{MAX_PIXELS, check_extent, guarded, one_line};
use super::{ColorMode, Image, ImageError, Orientation, ReadProblem, gif, jpeg, orientation, tiff, unread};
use image::{ExtendedColorType, ImageDecoder, ImageFormat};
use std::io::{self, Cursor};
use std::path::Path;

/// An image, and what of its file it does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The image: three channels of 8 bits, or one where [`read_as_is`] read a grey file.
    pub image: Image,
    /// The file's own mode where that is not 8-bit RGB. [`ColorMode::conversion`] says what was done.
    pub converted_from: Option<ColorMode>,
    /// How EXIF data say that the image is to be turned, which [`read`] does not do; see [`Decoded::upright`].
    pub orientation: Orientation,
    /// Whether the file holds other images or frames behind this one.
    pub several: bool,
}

impl Decoded {
    /// What was done to the file's pixels and what was left undone, each to be told to the user once; nothing for 8-bit RGB.
    pub fn notes(&self) -> Vec<&'static str> {
        let mut notes: Vec<&'static str> =
            self.converted_from.and_then(ColorMode::conversion).into_iter().collect();
        if self.several {
            notes.push("it holds several images, of which the first one is read");
        }
        if self.orientation != Orientation::UPRIGHT {
            notes.push("the orientation in its EXIF data is not applied, as Pillow does not");
        }
        notes
    }

    /// The image turned as its EXIF data say: `PIL.ImageOps.exif_transpose`.
    #[must_use]
    pub fn upright(self) -> Decoded {
        let image = self.orientation.applied(self.image);
        Decoded { image, orientation: Orientation::UPRIGHT, ..self }
    }
}

/// Reads an image file as 8-bit RGB: the pixels of `PIL.Image.open(path).convert("RGB")`.
///
/// An orientation noted in EXIF data is not applied and a color profile is not either, as in Pillow; that of a TIFF file is,
/// as in Pillow. Of several images or frames the first one is read.
///
/// Fails, with a sentence that names the file, where it is missing, a folder, empty, truncated, corrupt, of
/// an unknown format, or declares more than [`MAX_PIXELS`] pixels. Damage inside JPEG data over which the
/// standard lets a decoder resynchronize is decoded as libjpeg and so Pillow do.
pub fn read(path: impl AsRef<Path>) -> Result<Decoded, ImageError> {
    let path = path.as_ref();
    decode(&read_bytes(path)?, &path.display().to_string())
}

/// Reads an image file as 8-bit grey: the pixels of `PIL.Image.open(path).convert("L")`, for label maps
/// and masks. Fails as [`read`] does.
pub fn read_grey(path: impl AsRef<Path>) -> Result<Image, ImageError> {
    let path = path.as_ref();
    decode_grey(&read_bytes(path)?, &path.display().to_string())
}

/// Reads an image file with the channels that it has: one where it is grey, else three. What is grey is not repeated and so
/// needs no note. Fails as [`read`] does.
pub fn read_as_is(path: impl AsRef<Path>) -> Result<Decoded, ImageError> {
    let path = path.as_ref();
    let stored = decode_as_stored(&read_bytes(path)?, &path.display().to_string())?;
    let as_stored = matches!(stored.mode, ColorMode::Rgb | ColorMode::Grey);
    Ok(stored.decoded(!as_stored))
}

/// Decodes the bytes of an image file as 8-bit RGB; `name` stands for the file in messages. See [`read`].
pub fn decode(bytes: &[u8], name: &str) -> Result<Decoded, ImageError> {
    let mut stored = decode_as_stored(bytes, name)?;
    if stored.image.channels() == 1 {
        stored.image = stored.image.to_rgb();
    }
    let converted = stored.mode != ColorMode::Rgb;
    Ok(stored.decoded(converted))
}

/// Decodes the bytes of an image file as 8-bit grey; `name` stands for the file in messages. See
/// [`read_grey`].
pub fn decode_grey(bytes: &[u8], name: &str) -> Result<Image, ImageError> {
    let image = decode_as_stored(bytes, name)?.image;
    Ok(if image.channels() == 3 { image.to_grey() } else { image })
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, ImageError> {
    let failed = |problem| ImageError::Read { name: path.display().to_string(), problem };
    if path.is_dir() {
        return Err(failed(ReadProblem::Folder));
    }
    // fs_err would name the path a second time.
    std::fs::read(path).map_err(|error| failed(ReadProblem::Io(error)))
}

/// A file's image, with one channel where the file is grey, else three.
struct Stored {
    image: Image,
    mode: ColorMode,
    orientation: Orientation,
    several: bool,
}

impl Stored {
    fn decoded(self, converted: bool) -> Decoded {
        let Stored { image, mode, orientation, several } = self;
        Decoded { image, converted_from: converted.then_some(mode), orientation, several }
    }
}

fn decode_as_stored(bytes: &[u8], name: &str) -> Result<Stored, ImageError> {
    let decoded = format_of(bytes).and_then(|format| match format {
        Format::Jpeg => {
            let (image, mode) = jpeg::decode(bytes)?;
            Ok(Stored { image, mode, orientation: orientation::of_jpeg(bytes), several: false })
        }
        Format::Gif => {
            let (image, mode, several) = gif::decode(bytes)?;
            Ok(Stored { image, mode, orientation: Orientation::UPRIGHT, several })
        }
        Format::Tiff => decode_tiff(bytes),
        Format::Other(format, name) => {
            let stored = decode_other(bytes, format, name).map_err(|problem| match problem {
                // The decoder calls it a corrupt bitstream.
                ReadProblem::Corrupt { format, .. } if is_cut_webp(bytes) => {
                    ReadProblem::Truncated { format }
                }
                other => other,
            })?;
            Ok(Stored { several: is_animated(bytes, format), ..stored })
        }
    });
    decoded.map_err(|problem| ImageError::Read { name: name.to_owned(), problem })
}

enum Format {
    Jpeg,
    Gif,
    Tiff,
    Other(ImageFormat, &'static str),
}

fn format_of(bytes: &[u8]) -> Result<Format, ReadProblem> {
    if bytes.is_empty() {
        return Err(ReadProblem::Empty);
    }
    // BigTIFF is not known to the crate.
    if tiff::is_tiff(bytes) {
        return Ok(Format::Tiff);
    }
    Ok(match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => Format::Jpeg,
        Ok(ImageFormat::Gif) => Format::Gif,
        Ok(ImageFormat::Png) => Format::Other(ImageFormat::Png, "PNG"),
        Ok(ImageFormat::Bmp) => Format::Other(ImageFormat::Bmp, "BMP"),
        Ok(ImageFormat::Pnm) => Format::Other(ImageFormat::Pnm, "PNM"),
        Ok(ImageFormat::WebP) => Format::Other(ImageFormat::WebP, "WebP"),
        _ => return Err(ReadProblem::NotAnImage { looks_like: unread::looks_like(bytes) }),
    })
}

/// Turned as its tags say, since Pillow does that for TIFF files alone.
fn decode_tiff(bytes: &[u8]) -> Result<Stored, ReadProblem> {
    let header = tiff::Header::read(bytes);
    if let Some(what) = header.and_then(tiff::Header::unsupported) {
        return Err(ReadProblem::Unsupported { format: "TIFF", what: what.to_owned() });
    }
    let stored = decode_other(bytes, ImageFormat::Tiff, "TIFF")?;
    let Some(header) = header else { return Ok(stored) };
    let image = header.orientation.applied(stored.image);
    Ok(Stored { image, orientation: Orientation::UPRIGHT, several: header.several, ..stored })
}

/// Whether these bytes are a WebP file that declares to be longer.
fn is_cut_webp(bytes: &[u8]) -> bool {
    const HEADER: u64 = 8;
    let declared = bytes.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    bytes.starts_with(b"RIFF") && declared.is_some_and(|size| u64::from(size) + HEADER > bytes.len() as u64)
}

/// Whether a PNG or WebP file holds several frames.
fn is_animated(bytes: &[u8], format: ImageFormat) -> bool {
    const WEBP_FLAGS: usize = 20;
    const WEBP_ANIMATION: u8 = 0x02;
    match format {
        ImageFormat::WebP => {
            bytes.get(12..16) == Some(b"VP8X")
                && bytes.get(WEBP_FLAGS).is_some_and(|flags| flags & WEBP_ANIMATION != 0)
        }
        ImageFormat::Png => png_frames(bytes).is_some_and(|frames| frames > 1),
        _ => false,
    }
}

/// The number of frames that an animated PNG file declares before its pixels.
fn png_frames(bytes: &[u8]) -> Option<u32> {
    const SIGNATURE: usize = 8;
    let mut rest = bytes.get(SIGNATURE..)?;
    loop {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        match rest.get(4..8)? {
            b"acTL" => return Some(u32::from_be_bytes(rest.get(8..12)?.try_into().ok()?)),
            b"IDAT" => return None,
            _ => rest = rest.get(length.checked_add(12)?..)?,
        }
    }
}

fn decode_other(
    bytes: &[u8],
    image_format: ImageFormat,
    format: &'static str,
) -> Result<Stored, ReadProblem> {
    guarded(format, || {
        let mut reader = image::ImageReader::with_format(Cursor::new(bytes), image_format);
        let mut limits = image::Limits::no_limits();
        // Four channels of 16 bits, and as much again for a decoder's own buffers.
        limits.max_alloc = Some(MAX_PIXELS * 8 * 2);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| problem_of(format, &error))?;
        let (width, height) = decoder.dimensions();
        check_extent(width.into(), height.into())?;

        // Broken EXIF data are no reason to refuse the pixels.
        let orientation = decoder.orientation().map_or(Orientation::UPRIGHT, Orientation::of);
        let stored = decoder.original_color_type();
        let color = decoder.color_type();
        let mut samples = vec![0; decoder.total_bytes() as usize];
        decoder.read_image(&mut samples).map_err(|error| problem_of(format, &error))?;
        let (channels, data, mode) = to_8_bit(color, samples)
            .filter(|_| !matches!(stored, ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16))
            .ok_or_else(|| ReadProblem::Unsupported { format, what: format!("the color type {stored:?}") })?;
        let mode = if has_palette(bytes, image_format) { ColorMode::Palette } else { mode };
        let image = Image::from_parts(width as usize, height as usize, channels, data);
        Ok(Stored { image, mode, orientation, several: false })
    })
}

/// Channels kept, their samples and the mode they came in; `None` for a color type that is not integer.
fn to_8_bit(color: image::ColorType, samples: Vec<u8>) -> Option<(usize, Vec<u8>, ColorMode)> {
    use image::ColorType;
    Some(match color {
        ColorType::L8 => (1, samples, ColorMode::Grey),
        ColorType::La8 => (1, keep::<2, 1>(&samples), ColorMode::GreyAlpha),
        ColorType::Rgb8 => (3, samples, ColorMode::Rgb),
        ColorType::Rgba8 => (3, keep::<4, 3>(&samples), ColorMode::Rgba),
        ColorType::L16 => (1, high_bytes(&samples), ColorMode::Grey16),
        ColorType::La16 => (1, keep::<2, 1>(&high_bytes(&samples)), ColorMode::GreyAlpha16),
        ColorType::Rgb16 => (3, high_bytes(&samples), ColorMode::Rgb16),
        ColorType::Rgba16 => (3, keep::<4, 3>(&high_bytes(&samples)), ColorMode::Rgba16),
        _ => return None,
    })
}

/// The first `KEPT` of every `ALL` samples.
fn keep<const ALL: usize, const KEPT: usize>(samples: &[u8]) -> Vec<u8> {
    samples.chunks_exact(ALL).flat_map(|pixel| &pixel[..KEPT]).copied().collect()
}

/// 16-bit samples, in the machine's byte order, cut to 8 bits.
fn high_bytes(samples: &[u8]) -> Vec<u8> {
    samples.chunks_exact(2).map(|pair| (u16::from_ne_bytes([pair[0], pair[1]]) >> 8) as u8).collect()
}

/// Whether a PNG or BMP file stores palette indices; the decoder tells the expanded color only.
fn has_palette(bytes: &[u8], format: ImageFormat) -> bool {
    const PNG_COLOR_TYPE: usize = 25;
    const PNG_INDEXED: u8 = 3;
    const BMP_BITS_PER_PIXEL: usize = 28;
    match format {
        ImageFormat::Png => bytes.get(PNG_COLOR_TYPE) == Some(&PNG_INDEXED),
        ImageFormat::Bmp => bytes.get(BMP_BITS_PER_PIXEL).is_some_and(|&bits| bits <= 8),
        _ => false,
    }
}

/// The decoder's error as ours: truncation is told from corruption by the I/O error at its root.
fn problem_of(format: &'static str, error: &image::ImageError) -> ReadProblem {
    if ends_early(error) {
        return ReadProblem::Truncated { format };
    }
    match error {
        image::ImageError::Unsupported(unsupported) => {
            ReadProblem::Unsupported { format, what: one_line(unsupported) }
        }
        image::ImageError::Decoding(decoding) => {
            let message = std::error::Error::source(decoding).map_or_else(|| one_line(decoding), one_line);
            ReadProblem::Corrupt { format, message }
        }
        other => ReadProblem::Corrupt { format, message: one_line(other) },
    }
}

/// Whether a decoder ran out of bytes. Some hand the I/O error on, some only what it says.
fn ends_early(error: &image::ImageError) -> bool {
    if let image::ImageError::IoError(io) = error {
        return io.kind() == io::ErrorKind::UnexpectedEof;
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.into_iter().any(|cause| {
        let text = cause.to_string();
        cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof)
            || text.contains("unexpected end of file")
            || text.contains("failed to fill whole buffer")
    })
}
