//! Paths in the names of cells, which stand in tables and reports that others read.

use std::collections::{BTreeMap, BTreeSet};

/// As much of each path's end as tells it from the other values: `w.pth` for `/home/me/a/w.pth`, or `a/w.pth` where there is
/// another `w.pth`. Values that are not whole paths are left out.
pub(super) fn short_paths<'v>(values: impl IntoIterator<Item = &'v str>) -> BTreeMap<&'v str, &'v str> {
    let values: BTreeSet<&str> = values.into_iter().collect();
    let paths = values.iter().copied().filter(|value| value.starts_with('/'));
    paths.filter_map(|path| Some((path, shortest(path, &values)?))).collect()
}

fn shortest<'v>(path: &'v str, values: &BTreeSet<&str>) -> Option<&'v str> {
    let is_end = |value: &str, end: &str| {
        value.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let ends = path.rmatch_indices('/').map(|(position, _)| &path[position + 1..]);
    ends.filter(|end| !end.is_empty())
        .find(|end| values.iter().filter(|value| is_end(value, end)).count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_short_as_they_can_be_told_apart() {
        let short = short_paths(["imagenet", "/a/b/w.pth", "/a/c/w.pth", "/a/x.pth", "/b/w.pt", "/"]);
        let expected = [
            ("/a/b/w.pth", "b/w.pth"),
            ("/a/c/w.pth", "c/w.pth"),
            ("/a/x.pth", "x.pth"),
            ("/b/w.pt", "w.pt"),
        ];
        assert_eq!(short, expected.into_iter().collect());
        assert_eq!(short_paths(["w.pth", "/a/w.pth"])["/a/w.pth"], "a/w.pth");
        assert!(
            !short_paths(["b/w", "/b/w", "/a/b/w"]).contains_key("/b/w"),
            "its whole name is another's end"
        );
    }
}
