//! Where the text of a config comes from.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::origin::{ConfigError, Origin};

/// A text with settings.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    /// The file that it is from; none for the defaults.
    pub(super) path: Option<Arc<Path>>,
    /// The directory that its paths start from.
    pub(super) base: Option<Arc<Path>>,
}

/// How the standard input is called in errors.
pub(super) const STANDARD_INPUT: &str = "standard input";

/// What a config is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A file: its directory is where its paths start.
    File,
    /// `-`.
    Standard,
    /// A pipe or a device, such as a shell's `<(…)` and `/dev/stdin`: its paths start in the working directory.
    Stream,
}

impl Input {
    pub(super) fn of(file: &Path) -> Input {
        if file == Path::new("-") {
            return Input::Standard;
        }
        let is_special = |data: std::fs::Metadata| !data.is_file() && !data.is_dir();
        // Also where a shell has put a file in the place of the standard input.
        let is_stream = file.starts_with("/dev") || file.starts_with("/proc");
        if is_stream || file.metadata().is_ok_and(is_special) { Input::Stream } else { Input::File }
    }

    pub(super) fn read(self, file: &Path) -> std::io::Result<Vec<u8>> {
        match self {
            Input::File | Input::Stream => std::fs::read(file),
            Input::Standard => {
                let mut bytes = Vec::new();
                std::io::stdin().lock().read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

impl Source<'_> {
    /// Where a position in the text is.
    pub(super) fn at(&self, offset: usize) -> Origin {
        match &self.path {
            Some(path) => Origin::File { path: path.clone(), line: line(self.text.as_bytes(), offset) },
            None => Origin::Default,
        }
    }

    /// Whether a table is written in braces, rather than below a heading.
    pub(super) fn is_inline(&self, table: &Spanned<DeValue<'_>>) -> bool {
        self.text.as_bytes().get(table.span().start) == Some(&b'{')
    }
}

/// The error for a file that is not text.
pub(super) fn not_utf8(file: &Path, bytes: &[u8], valid: usize) -> ConfigError {
    ConfigError {
        origin: Origin::File { path: Arc::from(file), line: line(bytes, valid) },
        key: None,
        problem: "this is not text in UTF-8".to_owned(),
        help: Some("save the file as UTF-8".to_owned()),
    }
}

/// Line of a position in a text, counted from 1.
fn line(text: &[u8], offset: usize) -> usize {
    1 + text.iter().take(offset).filter(|&&byte| byte == b'\n').count()
}
