//! Links between pages lead somewhere, sources name pages that exist, and the book's summary lists every page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::files::{files, root};

/// The lines of a page outside its code blocks, numbered from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// What a text links to, in Markdown and in HTML; code spans are not links.
fn targets(text: &str) -> Vec<String> {
    let outside_code: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let mut found = Vec::new();
    for (start, end) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        for rest in outside_code.split(start).skip(1) {
            if let Some((target, _)) = rest.split_once(end) {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// The anchors of a page's headings, as GitHub and mdBook form them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let slug: String = heading
            .trim()
            .chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
            .map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() })
            .collect();
        let times = seen.entry(slug.clone()).or_default();
        anchors.insert(if *times == 0 { slug } else { format!("{slug}-{times}") });
        *times += 1;
    }
    anchors
}

/// The path with `..` taken back; `None` if it leaves the project.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => normal.pop().then_some(())?,
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    Some(normal)
}

/// Why a link of a page is wrong, or `None`.
fn wrong(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() {
        page.to_owned()
    } else {
        match normal(&page.parent().unwrap().join(path)) {
            Some(file) => file,
            None => return Some("leaves the project".to_owned()),
        }
    };
    if !root().join(&file).exists() {
        return Some(format!("{} does not exist", file.display()));
    }
    if page.starts_with("docs") && !file.starts_with("docs") {
        return Some("leaves docs/, so it would be dead in the book: name the path instead".to_owned());
    }
    if !anchor.is_empty() && !anchors(&fs::read_to_string(root().join(&file)).unwrap()).contains(anchor) {
        return Some(format!("{} has no heading #{anchor}", file.display()));
    }
    None
}

#[test]
fn relative_links_lead_somewhere() {
    let pages = files(&["md"]);
    assert!(pages.len() > 20, "pages were not found: {pages:?}");
    let mut problems = Vec::new();
    for page in pages {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        // Links may span lines: the text is searched as a whole, paragraph by paragraph.
        let text: Vec<&str> = prose(&text).into_iter().map(|(_, line)| line).collect();
        for paragraph in text.join("\n").split("\n\n") {
            for target in targets(paragraph) {
                if let Some(why) = wrong(&page, &target) {
                    problems.push(format!("{}: {target}: {why}", page.display()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn sources_name_pages_that_exist() {
    let mut problems = Vec::new();
    for file in files(&["rs", "toml", "py", "sh", "md"]) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for (index, line) in text.lines().enumerate() {
            for (start, _) in line.match_indices("docs/") {
                let before = line[..start].chars().next_back();
                let rest = &line[start..];
                let is_path = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
                let path = rest.split(|letter| !is_path(letter)).next().unwrap();
                let Some((path, _)) = path.rsplit_once(".md") else { continue };
                let starts = before.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '/');
                if starts && !root().join(format!("{path}.md")).is_file() {
                    problems.push(format!("{}:{}: {path}.md does not exist", file.display(), index + 1));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_summary_lists_every_page_once() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let mut listed = targets(&summary);
    listed.sort();
    let mut pages: Vec<String> = files(&["md"])
        .iter()
        .filter_map(|page| page.strip_prefix("docs").ok())
        .map(|page| page.to_str().unwrap().to_owned())
        .filter(|page| page != "SUMMARY.md")
        .collect();
    pages.sort();
    assert_eq!(listed, pages);
}

#[test]
fn anchors_are_those_of_github_and_mdbook() {
    let text = "# What does ± mean?\n## `[executor.slurm]`\n```sh\n# a comment\n```\n## Twice\n## Twice\n";
    let expected = ["executorslurm", "twice", "twice-1", "what-does--mean"];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}

#[test]
fn wrong_links_are_found() {
    let page = Path::new("docs/README.md");
    assert_eq!(wrong(page, "glossary.md"), None);
    assert_eq!(wrong(page, "https://example.org/nothing"), None);
    assert!(wrong(page, "no-such-page.md").unwrap().contains("does not exist"));
    assert!(wrong(page, "glossary.md#no-such-heading").unwrap().contains("no heading"));
    assert!(wrong(page, "../README.md").unwrap().contains("leaves docs/"));
    assert!(wrong(page, "../../README.md").unwrap().contains("leaves the project"));
}
