//! The Pythons of this machine.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::linked::Installation;

/// Prints where torch lies, without importing it (that takes seconds).
const WHERE_IS_TORCH: &str = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";

/// Pythons to ask, best first: the active virtual environment's, then those on PATH.
pub(super) fn interpreters() -> Vec<PathBuf> {
    let active = std::env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin/python"));
    active
        .into_iter()
        .chain(["python3".into(), "python".into()])
        .filter(|python| answers(python, &["-V"]))
        .collect()
}

/// Whether a Python runs with these arguments and ends well; its output is not shown.
pub(super) fn answers(python: &PathBuf, arguments: &[&str]) -> bool {
    let mut command = Command::new(python);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A torch of the right version in one of the Pythons. Others are passed over: nobody asked for them.
pub(super) fn find_torch() -> Option<Installation> {
    interpreters().into_iter().find_map(|python| {
        let output = Command::new(python).args(["-c", WHERE_IS_TORCH]).stdin(Stdio::null()).output().ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        let folder = folder.trim();
        if folder.is_empty() {
            return None;
        }
        match Installation::at(folder.into()) {
            Ok(installation) => Some(installation),
            Err(reason) => {
                crate::terminal::say(&format!("not using the Python's torch: {reason}"));
                None
            }
        }
    })
}

/// A Python that can run pip.
pub(super) fn with_pip() -> Result<PathBuf, super::Error> {
    let interpreters = interpreters();
    let with_pip = interpreters.iter().find(|python| answers(python, &["-m", "pip", "--version"]));
    match (with_pip, interpreters.first()) {
        (Some(python), _) => Ok(python.clone()),
        (None, Some(python)) => Err(super::Error::NoPip { python: python.display().to_string() }),
        (None, None) => Err(super::Error::NoPython),
    }
}
