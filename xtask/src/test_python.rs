//! The Python that tests read files back with: TensorBoard's, MLflow's and W&B's own packages, and a browser's driver.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::cargo::Metadata;
use crate::error::Error;
use crate::process::run;
use crate::workspace::Workspace;

/// Where tests look for the Python.
pub(crate) const VARIABLE: &str = "LOSSNET_TEST_PYTHON";

/// What is installed, in the project's folder.
const REQUIREMENTS: &str = "xtask/scripts/test-requirements.txt";

/// A Python with the packages that tests need: the user's own, if the variable names one; else a virtual environment in
/// the target folder, which is made anew when the list of packages has changed.
pub(crate) fn ensure(workspace: &Workspace, metadata: &Metadata) -> Result<PathBuf, Error> {
    if let Some(python) = std::env::var_os(VARIABLE).filter(|python| !python.is_empty()) {
        return Ok(python.into());
    }
    let requirements = workspace.root().join(REQUIREMENTS);
    let environment = metadata.target_directory.join("test-python");
    let python = environment.join("bin/python");
    if is_current(&environment, &requirements)? {
        return Ok(python);
    }
    // Without pip inside: Debian's Python has none to put there. The pip outside does the work.
    run(Command::new("python3").args(["-m", "venv", "--clear", "--without-pip"]).arg(&environment))?;
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "--disable-pip-version-check", "--python"]).arg(&python);
    run(install.args(["install", "--quiet", "--no-cache-dir", "--requirement"]).arg(&requirements))?;
    // Written last: an installation that broke off is begun again.
    fs::copy(&requirements, installed(&environment))?;
    Ok(python)
}

fn is_current(environment: &Path, requirements: &Path) -> Result<bool, Error> {
    let installed = installed(environment);
    Ok(installed.is_file() && fs::read(installed)? == fs::read(requirements)?)
}

/// What the environment was made from.
fn installed(environment: &Path) -> PathBuf {
    environment.join("installed.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_current_until_the_list_changes() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.txt");
        fs::write(&list, "one==1\n").unwrap();
        assert!(!is_current(folder.path(), &list).unwrap());
        fs::copy(&list, installed(folder.path())).unwrap();
        assert!(is_current(folder.path(), &list).unwrap());
        fs::write(&list, "one==2\n").unwrap();
        assert!(!is_current(folder.path(), &list).unwrap());
    }
}
