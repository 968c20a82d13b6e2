//! Runs the checks of `browser/`, a Python program that drives a headless Chromium.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lossnet_analysis::report::data::ReportData;
use lossnet_analysis::report::page;
use serde_json::Value;

/// A page in a folder of its own.
pub(crate) struct Page {
    folder: tempfile::TempDir,
    /// The size of the page in bytes.
    pub(crate) size: usize,
}

impl Page {
    /// Writes the page of a report.
    pub(crate) fn of(data: &ReportData) -> Page {
        let folder = tempfile::tempdir().unwrap();
        let html = page::html(data).unwrap();
        std::fs::write(folder.path().join("report.html"), &html).unwrap();
        Page { folder, size: html.len() }
    }

    /// Cuts a piece out of the page's data.
    pub(crate) fn damage(&self) {
        let path = self.folder.path().join("report.html");
        let html = std::fs::read_to_string(&path).unwrap();
        let start = html.find("id=\"report-data\">").unwrap() + 1_000;
        std::fs::write(path, format!("{}{}", &html[..start], &html[start + 4_000..])).unwrap();
    }

    /// Runs a check and gives what it found; none if there is no browser and tests may skip what they lack.
    ///
    /// Pictures, the page and the like go to a folder in `LOSSNET_TEST_PICTURES`, so that they can be looked at, if that is set.
    pub(crate) fn check(&self, check: &str, expected: &Value) -> Option<Value> {
        let python = tools()?;
        let wanted = self.folder.path().join("expected.json");
        std::fs::write(&wanted, expected.to_string()).unwrap();
        let out = std::env::var_os("LOSSNET_TEST_PICTURES")
            .map_or_else(|| self.folder.path().to_owned(), PathBuf::from);
        if out != self.folder.path() {
            std::fs::copy(self.folder.path().join("report.html"), out.join(format!("{check}.html"))).unwrap();
        }
        let output = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/browser"))
            .arg(check)
            .arg(self.folder.path().join("report.html"))
            .arg(out)
            .arg(wanted)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{check}:\n{errors}");
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }
}

/// The Python that has the packages of `xtask/scripts/test-requirements.txt`, if a Chromium is there too.
fn tools() -> Option<PathBuf> {
    let python = std::env::var_os("LOSSNET_TEST_PYTHON").map(PathBuf::from);
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().any(|name| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    let lacks = match (&python, browser) {
        (Some(_), true) => return python,
        (None, _) => {
            "LOSSNET_TEST_PYTHON names no Python with the packages of xtask/scripts/test-requirements.txt"
        }
        (_, false) => "no chromium is on PATH",
    };
    assert!(std::env::var_os("LOSSNET_TEST_ALL").is_none(), "{lacks}");
    skip(lacks);
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip(lacks: &str) {
    eprintln!("skipped: {lacks}");
}
