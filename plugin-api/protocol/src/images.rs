//! Which files of a folder are images, and what to say of those that are not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Endings of the names of image files that are read, in lower case. What a file is, its content says.
pub const ENDINGS: &[&str] = &[
    "apng", "bmp", "dib", "gif", "jfif", "jpe", "jpeg", "jpg", "pam", "pbm", "pgm", "png", "pnm", "ppm",
    "tif", "tiff", "webp",
];

/// Endings of pictures and films that are not read.
const OTHER_PICTURES: &[&str] = &[
    "arw", "avif", "cr2", "cr3", "dds", "dng", "eps", "exr", "hdr", "heic", "heif", "hif", "ico", "j2k",
    "jp2", "jxl", "mov", "mp4", "nef", "orf", "pdf", "psd", "qoi", "raf", "raw", "rw2", "svg", "tga", "webm",
];

/// The ending of a file's name, in lower case; empty where it has none.
pub fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a file's name is that of an image that is read.
pub fn is_named_as_image(path: &Path) -> bool {
    ENDINGS.contains(&ending(path).as_str())
}

/// Whether a file or folder is hidden, such as `.DS_Store` and the `._1.png` that macOS leaves beside `1.png`. Nobody
/// means these files: they are left out everywhere, and nothing is said of them.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The files of a folder that are left out, to be told of: nothing is left out silently.
///
/// ```
/// use std::path::Path;
/// use lossnet_plugin_protocol::images::LeftOut;
///
/// let mut left_out = LeftOut::default();
/// for name in ["a.heic", "b.HEIC", "notes.txt"] {
///     left_out.add(Path::new(name));
/// }
/// assert_eq!(
///     left_out.to_string(),
///     "3 files are left out: 2 .heic (not read here: convert them, for example to PNG), 1 .txt"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    by_ending: BTreeMap<String, usize>,
    without_text: usize,
}

impl LeftOut {
    /// Counts a file.
    pub fn add(&mut self, path: &Path) {
        *self.by_ending.entry(ending(path)).or_default() += 1;
    }

    /// Counts a file whose name is not UTF-8, so that it can't be an id.
    pub fn add_without_text(&mut self) {
        self.without_text += 1;
    }

    /// Number of files.
    pub fn count(&self) -> usize {
        self.by_ending.values().sum::<usize>() + self.without_text
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }
}

/// A sentence without its end.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Kinds that are named.
        const NAMED: usize = 6;
        let count = self.count();
        if count == 1 {
            f.write_str("1 file is left out: ")?;
        } else {
            write!(f, "{count} files are left out: ")?;
        }
        let mut kinds: Vec<(&String, usize)> =
            self.by_ending.iter().map(|(name, count)| (name, *count)).collect();
        kinds.sort_by_key(|(name, count)| (!OTHER_PICTURES.contains(&name.as_str()), usize::MAX - count));
        let mut parts: Vec<String> = kinds
            .iter()
            .take(NAMED)
            .map(|(name, count)| match name.as_str() {
                "" => format!("{count} without an ending"),
                name if OTHER_PICTURES.contains(&name) => {
                    let them = if *count == 1 { "it" } else { "them" };
                    format!("{count} .{name} (not read here: convert {them}, for example to PNG)")
                }
                name => format!("{count} .{name}"),
            })
            .collect();
        if kinds.len() > NAMED {
            let others: usize = kinds[NAMED..].iter().map(|(_, count)| count).sum();
            parts.push(format!("{others} of other kinds"));
        }
        if self.without_text > 0 {
            parts.push(format!("{} whose name is not UTF-8 (rename it)", self.without_text));
        }
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_read_in_any_case_and_hidden_files_known() {
        assert!(is_named_as_image(Path::new("a/b.JFIF")) && is_named_as_image(Path::new("b.WebP")));
        assert!(!is_named_as_image(Path::new("png")) && !is_named_as_image(Path::new("b.heic")));
        assert!(is_hidden(Path::new("a/._1.png")) && !is_hidden(Path::new(".a/1.png")));
    }

    #[test]
    fn pictures_that_are_not_read_come_first_and_rare_kinds_are_summed() {
        let mut left_out = LeftOut::default();
        for name in ["1.txt", "2.txt", "a", "3.avif", "4.b", "5.c", "6.d", "7.e", "8.f"] {
            left_out.add(Path::new(name));
        }
        left_out.add_without_text();
        assert_eq!(
            left_out.to_string(),
            "10 files are left out: 1 .avif (not read here: convert it, for example to PNG), 2 .txt, 1 without an \
             ending, 1 .b, 1 .c, 1 .d, 2 of other kinds, 1 whose name is not UTF-8 (rename it)"
        );
    }
}
