//! The Python that has the packages of `xtask/scripts/test-requirements.txt`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where it is; none, said aloud, where there is none and none is asked for.
pub(crate) fn python() -> Option<PathBuf> {
    match std::env::var("LOSSNET_TEST_PYTHON") {
        Ok(python) if !python.is_empty() => Some(PathBuf::from(python)),
        _ => {
            let all = std::env::var("LOSSNET_TEST_ALL").is_ok_and(|all| all == "1");
            assert!(
                !all,
                "LOSSNET_TEST_PYTHON is not set: it names a Python with xtask/scripts/test-requirements.txt"
            );
            eprintln!(
                "skipped: LOSSNET_TEST_PYTHON names no Python with the packages of xtask/scripts/test-requirements.txt"
            );
            None
        }
    }
}

/// Runs a script of this folder and reads the JSON that it prints last.
pub(crate) fn read(python: &Path, script: &str, arguments: &[&Path]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trackers").join(script);
    let output = Command::new(python).arg(&script).args(arguments).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {out}{err}", script.display());
    serde_json::from_str(out.lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}
