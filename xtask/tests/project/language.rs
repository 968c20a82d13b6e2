//! Phrases that readers of messages, comments and pages stumbled over stay away (docs/STYLE.md).

use std::path::Path;

use crate::files::{files, root};

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
    let names = files(&["rs", "md", "toml", "js", "sh"]);
    let mut found = Vec::new();
    for name in &names {
        if ["xtask/tests/project/language.rs", "docs/STYLE.md"].iter().any(|own| name == Path::new(own)) {
            continue;
        }
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        let name = name.display();
        for (number, line) in text.lines().enumerate() {
            let lower = FINE.iter().fold(line.to_lowercase(), |line, fine| line.replace(fine, ""));
            for (phrase, better) in REFUSED.iter().filter(|(phrase, _)| lower.contains(phrase)) {
                found.push(format!("{name}:{}: \"{}\": write {better}", number + 1, phrase.trim()));
            }
        }
    }
    assert!(
        names.iter().any(|name| name == Path::new("README.md")) && found.is_empty(),
        "\n{}",
        found.join("\n")
    );
}
