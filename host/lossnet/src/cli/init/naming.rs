//! What people call the parts of their data.

/// A name without what says nothing: capitals, marks, and that it is a file or an image.
fn plain(name: &str) -> String {
    const NOTHING: [&str; 7] = ["filename", "file", "path", "images", "image", "imgs", "img"];
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let without = NOTHING.iter().find_map(|word| plain.strip_suffix(word)).filter(|rest| !rest.is_empty());
    without.map_or(plain.clone(), str::to_owned)
}

/// The one of these names that is meant by any of the wanted ones, the first ones first.
pub(super) fn one_of(names: &[String], wanted: &[&str]) -> Option<String> {
    wanted.iter().find_map(|wanted| names.iter().find(|name| plain(name) == plain(wanted)).cloned())
}

/// Two names that differ as `a` and `b`, `0` and `1` or `left` and `right` do, behind a common word that is one of these.
pub(super) fn pair(names: &[String], words: &[&str]) -> Option<[String; 2]> {
    const ENDS: [(&str, &str); 7] = [
        ("p0", "p1"),
        ("0", "1"),
        ("a", "b"),
        ("x", "y"),
        ("left", "right"),
        ("first", "second"),
        ("1", "2"),
    ];
    ENDS.iter().find_map(|(first, second)| {
        words.iter().find_map(|word| {
            let find = |end: &str| one_of(names, &[&format!("{word}{end}"), &format!("{end}{word}")]);
            Some([find(first)?, find(second)?])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let there = names("Name Reference_Path dist-A dist-B Votes");
        assert_eq!(one_of(&there, &["ref", "reference"]).as_deref(), Some("Reference_Path"));
        assert_eq!(one_of(&there, &["p0"]), None);
        let pair_of =
            |text: &str| pair(&names(text), &["", "dist", "img", "image"]).map(|pair| pair.join(" "));
        assert_eq!(pair_of("Name dist-A dist-B").as_deref(), Some("dist-A dist-B"));
        assert_eq!(pair_of("ref image_1 image_2").as_deref(), Some("image_1 image_2"));
        // `1` is the second one where there is a `0`.
        assert_eq!(pair_of("img2 img1 img0").as_deref(), Some("img0 img1"));
        assert_eq!(pair_of("LeftImage RightImage").as_deref(), Some("LeftImage RightImage"));
        assert_eq!(pair_of("ref left"), None);
    }
}
