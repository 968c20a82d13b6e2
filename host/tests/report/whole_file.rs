//! What holds for the file itself, with no browser.

use lossnet::report::page;

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

#[test]
fn its_data_is_one_json_document_whatever_the_names() {
    let html = html();
    let inside = html.split("id=\"report-data\">").nth(1).unwrap().split("</script>").next().unwrap();
    assert!(!inside.contains('<') && !inside.contains('\u{2028}') && !inside.contains('\u{2029}'));
    let document: serde_json::Value = serde_json::from_str(inside).unwrap();
    assert_eq!(document["title"], edges::NAMES[0]);
    assert_eq!(document["networks"].as_array().unwrap().len(), 48);
    assert_eq!(html.matches("</script>").count(), 2, "the data's and the script's own end");
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
