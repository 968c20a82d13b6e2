//! Web pages that list the files of a folder.

use std::collections::BTreeMap;
use std::path::Path;

use lossnet_plugin_api::PluginError;

/// More than any index has.
const MOST_BYTES: u64 = 16 << 20;

/// The TIFF files that a page links to, by base name: plain names of files beside the page at `url`, whether the link is
/// relative or has the whole address. Links to anything else, such as other folders and hosts, are left out.
///
/// Fails, naming the page, if it can't be read, links to no such file, or to two of the same base name.
pub(crate) fn tiles(page: &Path, url: &str) -> Result<BTreeMap<String, String>, PluginError> {
    let wrong = |reason: String| PluginError::input(format!("the index page {} {reason}", page.display()));
    let length = std::fs::metadata(page).map_err(|error| wrong(format!("can't be read: {error}")))?.len();
    if length > MOST_BYTES {
        return Err(wrong(format!("has {length} bytes, which no index of tiles has")));
    }
    let bytes = std::fs::read(page).map_err(|error| wrong(format!("can't be read: {error}")))?;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for link in links(&String::from_utf8_lossy(&bytes)) {
        let Some((base, name)) = beside(link, url).and_then(tile) else { continue };
        if let Some(other) = names.insert(base.to_owned(), name.to_owned())
            && other != name
        {
            return Err(wrong(format!("links to both {other} and {name}")));
        }
    }
    if names.is_empty() {
        // The note holds the page's sum, which another page would not have.
        return Err(wrong(
            "links to no .tif or .tiff file beside it: delete it and .index.html.checked.json, if there is one, to have \
             it fetched again"
                .to_owned(),
        ));
    }
    Ok(names)
}

/// The values of all `href` attributes.
fn links(html: &str) -> impl Iterator<Item = &str> {
    let found = html.match_indices(['h', 'H']).filter_map(|(at, _)| {
        let rest = &html[at..];
        let word = rest.get(..4)?;
        let before = html[..at].chars().next_back();
        if !word.eq_ignore_ascii_case("href")
            || !before.is_some_and(|before| before.is_ascii_whitespace() || "\"'".contains(before))
        {
            return None;
        }
        let value = rest[4..].trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| "\"'".contains(*quote));
        match quote {
            Some(quote) => value[1..].split_once(quote).map(|(value, _)| value),
            None => value.split(|end: char| end.is_ascii_whitespace() || end == '>').next(),
        }
    });
    found.map(str::trim)
}

/// The part of a link that follows the page's folder.
fn beside<'a>(link: &'a str, page: &str) -> Option<&'a str> {
    let (_, place) = page.split_once("://")?;
    let (folder, _) = place.rsplit_once('/')?;
    let (_, path) = folder.split_once('/')?;
    let whole = link
        .strip_prefix("http://")
        .or_else(|| link.strip_prefix("https://"))
        .or_else(|| link.strip_prefix("//"));
    match (whole, link.strip_prefix('/')) {
        (Some(whole), _) => whole.strip_prefix(folder)?.strip_prefix('/'),
        (None, Some(rooted)) => rooted.strip_prefix(path)?.strip_prefix('/'),
        (None, None) => Some(link.strip_prefix("./").unwrap_or(link)),
    }
}

/// A plain file name that ends in .tif or .tiff, after its base name.
fn tile(name: &str) -> Option<(&str, &str)> {
    let (base, ending) = name.rsplit_once('.')?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    let is_tiff = ending.eq_ignore_ascii_case("tif") || ending.eq_ignore_ascii_case("tiff");
    (is_tiff && !base.is_empty() && !base.starts_with('.') && name.len() <= 200 && name.chars().all(plain))
        .then_some((base, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://www.example.org/~who/roads/train/sat/index.html";

    fn read(html: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("index.html");
        std::fs::write(&page, html).unwrap();
        let names = tiles(&page, URL).map(|names| names.into_values().collect());
        names.map_err(|error| error.to_string())
    }

    #[test]
    fn links_are_found_however_they_are_written() {
        let html = r#"<HTML><body>
            <a href="http://www.example.org/~who/roads/train/sat/1_15.tiff">1</a><br>
            <a href="https://www.example.org/~who/roads/train/sat/2_15.tiff">2</a>
            <A class=x HREF = '3_15.tif'>3</A> <a href=./4_15.TIF>4</a><a href="/~who/roads/train/sat/5-a.b.tiff">5</a>
            <a href="//www.example.org/~who/roads/train/sat/6.tif">6</a> <a href="1_15.tiff">again</a>"#;
        assert_eq!(
            read(html).unwrap(),
            ["1_15.tiff", "2_15.tiff", "3_15.tif", "4_15.TIF", "5-a.b.tiff", "6.tif"]
        );
    }

    #[test]
    fn links_that_lead_elsewhere_are_left_out() {
        let elsewhere = [
            "../map/1.tif",
            "..%2f1.tif",
            "sub/1.tif",
            "/etc/1.tif",
            "/~who/roads/train/sat/../1.tif",
            "http://elsewhere.org/1.tif",
            "http://elsewhere.org/~who/roads/train/sat/1.tif",
            "http://www.example.org.evil.org/~who/roads/train/sat/1.tif",
            "http://www.example.org/~who/roads/train/map/1.tif",
            "http://www.example.org/~who/roads/train/sat1.tif",
            "file:///1.tif",
            "javascript:1.tif",
            "1.tif?x=1",
            "1.png",
            "1.tif.exe",
            ".tif",
            "..tif",
            ".hidden.tif",
            "a b.tif",
            "a\\b.tif",
            "ä.tif",
            "?C=N;O=D",
            "",
        ];
        for link in elsewhere {
            let error = read(&format!("<a href=\"{link}\">x</a>")).unwrap_err();
            assert!(error.contains("index.html links to no"), "{link}: {error}");
            assert_eq!(read(&format!("<a href=\"{link}\">x</a><a href=\"ok.tif\">")).unwrap(), ["ok.tif"]);
        }
    }

    #[test]
    fn pages_that_are_none_are_named() {
        for html in
            ["", "<html>404</html>", "<a href=", "<a href=\"1.tif", "href", "xhref=\"1.tif\"", "\u{fffd}h"]
        {
            assert!(read(html).unwrap_err().contains("index.html"), "{html}");
        }
        let error = read("<a href=1.tif></a><a href=1.tiff>").unwrap_err();
        assert!(error.contains("1.tif and 1.tiff"), "{error}");
    }
}
