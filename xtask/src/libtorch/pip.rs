//! Downloads wheels through pip, which knows the user's proxies, certificates and package index.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use super::pins::{self, Pin};
use super::{Error, layout, python, wheel};
use crate::terminal::say;

/// Brings a wheel to the folder of downloads, unless it is there. Its SHA-256 is the pinned one on return.
pub(super) fn fetch(folder: &Path, pin: &Pin) -> Result<PathBuf, Error> {
    let downloads = layout::downloads(folder);
    if let Some(wheel) = arrived(&downloads, pin)? {
        match check(&wheel, pin) {
            Ok(()) => return Ok(wheel),
            // Left by a run that was stopped, or damaged since: fetch it again.
            Err(Error::WrongWheel { .. }) => fs::remove_file(wheel)?,
            Err(error) => return Err(error),
        }
    }
    download(&downloads, pin)?;
    let requirement = || pin.requirement();
    let wheel = arrived(&downloads, pin)?.ok_or_else(|| Error::Download { requirement: requirement() })?;
    check(&wheel, pin)?;
    Ok(wheel)
}

fn download(downloads: &Path, pin: &Pin) -> Result<(), Error> {
    let python = python::with_pip()?;
    say(&format!("downloading {} ({} MB)", pin.requirement(), pin.megabytes));
    // Pip builds the file in a temporary folder, which must have room for it; /tmp may not.
    let scratch = downloads.join("tmp");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    fs::create_dir_all(&scratch)?;
    let list = downloads.join("requirement.txt");
    fs::write(&list, format!("{} --hash=sha256:{}\n", pin.requirement(), pin.sha256))?;

    let mut command = Command::new(python);
    command.args(["-m", "pip", "download", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"]);
    command.args(["--require-hashes", "--only-binary=:all:", "--retries=10"]);
    // One wheel for all: named by its own tags, not by those of the Python that runs pip.
    command.args(["--implementation=cp", "--python-version=3.12", "--abi=cp312", "--abi=none"]);
    command.args(pins::PLATFORM_TAGS.iter().map(|tag| format!("--platform={tag}")));
    command.arg("--dest").arg(downloads).arg("--requirement").arg(&list).env("TMPDIR", &scratch);
    let status = command.status()?;
    fs::remove_dir_all(&scratch)?;
    if status.success() { Ok(()) } else { Err(Error::Download { requirement: pin.requirement() }) }
}

/// The wheel among the downloads, if it is there under its final name.
fn arrived(downloads: &Path, pin: &Pin) -> Result<Option<PathBuf>, Error> {
    if !downloads.is_dir() {
        return Ok(None);
    }
    let start = format!("{}-{}-", pin.package.replace('-', "_"), pin.version);
    for entry in fs::read_dir(downloads)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&start) && name.ends_with(".whl") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn check(wheel: &Path, pin: &Pin) -> Result<(), Error> {
    let found = wheel::sha256_of_file(wheel)?;
    if found == pin.sha256 {
        return Ok(());
    }
    Err(Error::WrongWheel { wheel: wheel.to_owned(), found, expected: pin.sha256.to_owned() })
}
