//! GIF: the first frame, as Pillow reads it.

use super::guard::{check_extent, guarded};
use super::{ColorMode, Image, ReadProblem};

const FORMAT: &str = "GIF";

/// Decodes the first frame onto the file's canvas, and says whether others follow.
pub(super) fn decode(bytes: &[u8]) -> Result<(Image, ColorMode, bool), ReadProblem> {
    guarded(FORMAT, || {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::Indexed);
        options.set_memory_limit(gif::MemoryLimit::Unlimited);
        let mut decoder = options.read_info(bytes).map_err(|error| problem(&error))?;
        let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
        check_extent(width as u64, height as u64)?;
        let global = decoder.global_palette().map(<[u8]>::to_vec);
        let frame = decoder
            .read_next_frame()
            .map_err(|error| problem(&error))?
            .ok_or_else(|| corrupt("it has no frame"))?
            .clone();
        let palette = frame.palette.clone().or(global).ok_or_else(|| corrupt("it has no palette"))?;
        // Pillow fills what the first frame leaves free with its transparent color or, without one, the first.
        let mut indices = vec![frame.transparent.unwrap_or(0); width * height];
        let (left, top) = (usize::from(frame.left), usize::from(frame.top));
        for (y, row) in frame.buffer.chunks_exact(usize::from(frame.width).max(1)).enumerate() {
            let Some(target) = indices.get_mut((top + y) * width..(top + y + 1) * width) else { break };
            for (target, &index) in target.iter_mut().skip(left).zip(row) {
                *target = index;
            }
        }
        let color = |&index: &u8| {
            let place = usize::from(index) * 3;
            palette.get(place..place + 3).map_or([0; 3], |color| [color[0], color[1], color[2]])
        };
        let data: Vec<u8> = indices.iter().flat_map(color).collect();
        if data.is_empty() {
            return Err(corrupt("it has no pixels"));
        }
        let several = matches!(decoder.next_frame_info(), Ok(Some(_)));
        Ok((Image::from_parts(width, height, 3, data), ColorMode::Palette, several))
    })
}

fn corrupt(message: &str) -> ReadProblem {
    ReadProblem::Corrupt { format: FORMAT, message: message.to_owned() }
}

fn problem(error: &gif::DecodingError) -> ReadProblem {
    let text = error.to_string();
    let at_end =
        matches!(error, gif::DecodingError::Io(io) if io.kind() == std::io::ErrorKind::UnexpectedEof);
    let lower = text.to_lowercase();
    let ends_early = at_end
        || ["unexpected end of file", "unexpected eof", "image truncated"]
            .iter()
            .any(|words| lower.contains(words));
    if ends_early { ReadProblem::Truncated { format: FORMAT } } else { corrupt(&text) }
}
