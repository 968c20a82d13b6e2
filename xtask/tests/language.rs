//! Phrases that readers of messages, comments and pages stumbled over stay away (docs/STYLE.md).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

/// What is refused, and what to write.
const REFUSED: [(&str, &str); 3] = [
    ("is no ", "\"is not a …\""),
    ("whoever", "who or what it is, such as \"the caller\""),
    ("gone on with", "\"resumed\""),
];

/// English that begins like a refused phrase.
const FINE: [&str; 8] = [
    "is no longer",
    "is no such",
    "is no less",
    "is no more",
    "is no reason",
    "is no other",
    "is no true or no",
    "there is no ",
];

#[test]
fn phrases_that_readers_stumbled_over_stay_away() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--", "*.rs", "*.md", "*.toml", "*.js", "*.sh"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(listed.status.success(), "git can't list the files: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).unwrap();
    let mut found = Vec::new();
    for name in names.split_terminator('\0') {
        if ["xtask/tests/language.rs", "docs/STYLE.md"].contains(&name) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let lower = FINE.iter().fold(line.to_lowercase(), |line, fine| line.replace(fine, ""));
            for (phrase, better) in REFUSED.iter().filter(|(phrase, _)| lower.contains(phrase)) {
                found.push(format!("{name}:{}: \"{}\": write {better}", number + 1, phrase.trim()));
            }
        }
    }
    assert!(names.contains("README.md") && found.is_empty(), "\n{}", found.join("\n"));
}
