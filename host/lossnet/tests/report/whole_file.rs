//! What holds for the file itself, with no browser.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lossnet_analysis::report::page;

use crate::{edges, sample};

fn html() -> String {
    page::html(&edges::hostile()).unwrap()
}

#[test]
fn it_fetches_nothing() {
    let html = page::html(&sample::report(sample::SMALL)).unwrap();
    let policy =
        html.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(
        policy.contains("style-src 'sha256-") && !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    let without_svg = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!without_svg.contains("http://") && !without_svg.contains("https://"));
    assert!(
        !html.contains("@import") && !html.contains("url(")
            || html.matches("url(").count() == html.matches("url(#hatch)").count()
    );
}

/// What stands in the page's data element of this type.
fn inside<'a>(html: &'a str, media_type: &str) -> &'a str {
    assert_eq!(html.matches("</script>").count(), 2, "the data's and the script's own end");
    let start = format!("<script type=\"{media_type}\" id=\"report-data\">");
    html.split(&start).nth(1).unwrap().split("</script>").next().unwrap()
}

#[test]
fn small_data_is_one_json_document_whatever_the_names() {
    let mut data = edges::empty();
    data.title = edges::NAMES[0].into();
    data.problems = edges::NAMES.map(str::to_owned).to_vec();
    let html = page::html(&data).unwrap();
    let inside = inside(&html, "application/json");
    assert!(!inside.contains('<') && !inside.contains('\u{2028}') && !inside.contains('\u{2029}'));
    let document: serde_json::Value = serde_json::from_str(inside).unwrap();
    assert_eq!(document["title"], edges::NAMES[0]);
    assert_eq!(document["problems"], serde_json::json!(edges::NAMES));
}

#[test]
fn large_data_is_the_same_document_compressed() {
    let html = html();
    let packed = BASE64.decode(inside(&html, "application/gzip")).unwrap();
    let mut json = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut json).unwrap();
    assert!(json == serde_json::to_string(&edges::hostile()).unwrap());
    assert!(html == self::html(), "equal data makes equal pages");
}

#[test]
fn names_are_escaped_in_the_markup() {
    let html = html();
    let markup = html.split("<script").next().unwrap();
    assert!(!markup.contains("<img") && !markup.contains("alert('label')</"));
    assert!(markup.contains("&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn missing_numbers_are_dashes_without_scripts() {
    let html = page::html(&edges::gaps()).unwrap();
    let tables = html.split("<noscript>").nth(1).unwrap().split("</noscript>").next().unwrap();
    assert!(tables.contains("<td>–</td>") && !tables.contains("NaN") && !tables.contains(">inf"), "{tables}");
}
