//! The page: one HTML file that holds its data, its style and its scripts, and fetches nothing.
//!
//! The answer and the main leaderboards are in the markup itself, so they can be read without scripts; everything else is
//! drawn in the browser from one JSON document, which is [`ReportData`] as it is, compressed where it is large.

mod bundle;
mod fallback;
mod packed;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::{Environment, Value, context};
use sha2::{Digest, Sha256};

use super::data::ReportData;

/// The frame of the page; the scripts fill its sections.
const TEMPLATE: &str = include_str!("page.html");

/// The page could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The data can't be said in JSON.
    #[error("the report's data can't be written as JSON")]
    Data(#[source] serde_json::Error),
    /// The data can't be compressed.
    #[error("the report's data can't be compressed")]
    Packing(#[source] std::io::Error),
    /// The frame could not be filled in.
    #[error("the report's page can't be put together")]
    Frame(#[source] minijinja::Error),
}

/// The report as one HTML file.
///
/// It works from a `file://` address: style, scripts and data are inside, and its content security policy forbids it to
/// fetch anything or to run any script but its own, whatever the names in the data may be.
pub fn html(data: &ReportData) -> Result<String, PageError> {
    let json = serde_json::to_string(data).map_err(PageError::Data)?;
    let packed = packed::pack(&json).map_err(PageError::Packing)?;
    drop(json);
    let style = bundle::style();
    let script = bundle::script();
    let mut frame = Environment::new();
    frame.set_keep_trailing_newline(true);
    frame.add_template("page.html", TEMPLATE).map_err(PageError::Frame)?;
    let template = frame.get_template("page.html").map_err(PageError::Frame)?;
    template
        .render(context! {
            title => data.title,
            generated => data.generated,
            lossnet => data.lossnet,
            answer => proses(&data.answer),
            problems => proses(&data.problems),
            boards => fallback::main_boards(data),
            style_hash => hash(&style),
            script_hash => hash(&script),
            style => Value::from_safe_string(style),
            script => Value::from_safe_string(script),
            data_type => Value::from_safe_string(packed.media_type.to_owned()),
            data => Value::from_safe_string(packed.text),
        })
        .map_err(PageError::Frame)
}

/// Sentences as [`prose`].
fn proses(sentences: &[String]) -> Vec<Vec<&str>> {
    sentences.iter().map(|sentence| prose(sentence)).collect()
}

/// A sentence in parts of which every second one is code: it stands between backquotes.
fn prose(sentence: &str) -> Vec<&str> {
    sentence.split('`').collect()
}

/// A source expression of a content security policy (CSP level 3, section 2.3.1) that allows this text and no other.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text.as_bytes())))
}
