//! What keeps a file from doing harm: a bound on what it declares, and panics of decoders as its own fault.

use super::ReadProblem;
use lossnet_plugin_api::quietly;

/// The greatest number of pixels that a file may declare: where Pillow raises `DecompressionBombError`.
pub const MAX_PIXELS: u64 = 178_956_970;

/// Refuses a declared extent that nothing should be allocated for.
pub(super) fn check_extent(width: u64, height: u64) -> Result<(), ReadProblem> {
    if width.saturating_mul(height) > MAX_PIXELS {
        return Err(ReadProblem::TooLarge { width, height, limit: MAX_PIXELS });
    }
    Ok(())
}

/// Runs a decoder; its panic is the file's fault and becomes an error.
pub(super) fn guarded<T>(
    format: &'static str,
    decode: impl FnOnce() -> Result<T, ReadProblem>,
) -> Result<T, ReadProblem> {
    quietly(decode).unwrap_or_else(|message| Err(ReadProblem::Corrupt { format, message: one_line(message) }))
}

pub(super) fn one_line(message: impl std::fmt::Display) -> String {
    message.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
