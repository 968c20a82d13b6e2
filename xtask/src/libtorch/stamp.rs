//! `libtorch/version.json`: what the folder holds. Its presence says that the folder was complete once; the
//! sizes in it tell whether it still is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::{Error, layout, pins, version};

/// What the folder holds and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Libtorch's version, such as `2.11.0`.
    pub(crate) version: String,
    /// Whether the CUDA libraries are there.
    pub(crate) cuda: bool,
    /// Where it came from.
    pub(crate) origin: Origin,
}

/// Where the folder's contents came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Origin {
    /// Links to an installation: the folder above the `lib` that is loaded.
    Linked(PathBuf),
    /// Unpacked from wheels.
    Wheels(Vec<Part>),
}

/// What one wheel gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The package's name.
    pub(crate) package: String,
    /// The package's version.
    pub(crate) version: String,
    /// The wheel's SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// The size in bytes of each file, by its path in the folder.
    pub(crate) files: BTreeMap<String, u64>,
}

/// What a look at the folder finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inspection {
    /// Everything that the stamp names is there.
    Complete(Stamp),
    /// Something that the stamp names is missing or has another size.
    Damaged(Stamp),
    /// No stamp that can be understood.
    Unknown,
}

/// Looks at the folder: reads the stamp and compares sizes. Takes some tens of milliseconds.
pub(super) fn inspect(folder: &Path) -> Inspection {
    let stamp = fs::read(folder.join(layout::STAMP))
        .ok()
        .and_then(|text| serde_json::from_slice::<Stamp>(&text).ok());
    let Some(stamp) = stamp else { return Inspection::Unknown };
    let whole = stamp.origin.parts().iter().all(|part| part.is_whole(folder));
    let usable = [layout::LINK, layout::RUN_TIME].iter().all(|place| {
        ["libtorch_cpu.so", "libc10.so"].iter().all(|file| folder.join(place).join(file).is_file())
    }) && folder.join(layout::LINK).join("libtorch.so").is_file();
    let right = stamp.version == pins::TORCH
        && version::of_headers(&folder.join(layout::INCLUDE)).is_some_and(|version| version == pins::TORCH);
    if whole && usable && right { Inspection::Complete(stamp) } else { Inspection::Damaged(stamp) }
}

impl Stamp {
    /// Writes the stamp, whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self)?;
        let draft = folder.join(".version.json.part");
        fs::write(&draft, text)?;
        fs::rename(draft, folder.join(layout::STAMP))?;
        Ok(())
    }
}

impl Origin {
    /// Whether the folder only links to an installation.
    pub(super) fn is_linked(&self) -> bool {
        matches!(self, Self::Linked(_))
    }

    /// What each wheel gave; nothing for links.
    pub(super) fn parts(&self) -> &[Part] {
        match self {
            Self::Linked(_) => &[],
            Self::Wheels(parts) => parts,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linked(target) => write!(formatter, "linked to {}", target.display()),
            Self::Wheels(_) => formatter.write_str("unpacked from the published wheels"),
        }
    }
}

impl Part {
    /// Whether every file is there in its full size.
    pub(super) fn is_whole(&self, folder: &Path) -> bool {
        self.files.iter().all(|(file, size)| {
            folder.join(file).symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == *size)
        })
    }
}
