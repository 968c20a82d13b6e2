//! The data as it stands in the page: as it is, or compressed where it is large.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;

/// JSON of more bytes is compressed: that of ten thousand cells is a quarter then. Smaller pages can be read in an editor.
const PLAIN_UP_TO: usize = 256 * 1024;

/// How hard zlib tries, of 9: its usual 6 takes three times as long for a tenth less.
const EFFORT: u32 = 3;

/// The content of the page's data element.
#[derive(Debug)]
pub(super) struct Packed {
    /// Its media type, by which the page's script knows what to do.
    pub(super) media_type: &'static str,
    /// Text that can't end its element.
    pub(super) text: String,
}

/// JSON as text for a script element, the same for the same JSON.
pub(super) fn pack(json: &str) -> io::Result<Packed> {
    if json.len() <= PLAIN_UP_TO {
        return Ok(Packed { media_type: "application/json", text: inside_script(json) });
    }
    // The header's time stays 0.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(EFFORT));
    encoder.write_all(json.as_bytes())?;
    Ok(Packed { media_type: "application/gzip", text: BASE64.encode(encoder.finish()?) })
}

/// JSON that no name in it can end: HTML knows only `<` in a script element, and JavaScript's own line ends are spelled out.
fn inside_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn only_large_data_is_compressed_and_it_is_the_same_again() {
        let small = pack(r#"{"title":"</script>"}"#).unwrap();
        assert_eq!(
            (small.media_type, small.text.as_str()),
            ("application/json", r#"{"title":"\u003c/script>"}"#)
        );
        let json = format!("[\"{}\"]", "</script>損失".repeat(PLAIN_UP_TO / 10));
        let large = pack(&json).unwrap();
        assert_eq!(large.media_type, "application/gzip");
        assert!(large.text.len() < json.len() / 100 && !large.text.contains('<'));
        let packed = BASE64.decode(&large.text).unwrap();
        assert_eq!(packed[4..8], [0; 4], "no time, so that equal data makes equal pages");
        let mut again = String::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut again).unwrap();
        assert!(again == json);
    }
}
