//! Events as TensorBoard reads them. Field numbers are those of TensorBoard's own `event.proto`, `summary.proto`,
//! `tensor.proto` and of `plugins/hparams/plugin_data.proto`: <https://github.com/tensorflow/tensorboard>.

use serde_json::Value;

use super::wire::{Fields, Message, Read};

/// What a summary is of.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) tag: &'a str,
    pub(super) content: Content<'a>,
}

/// A summary's content.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// A number; TensorBoard keeps single precision.
    Scalar { value: f64, description: &'a str },
    /// A PNG file.
    Image { png: &'a [u8], width: u32, height: u32 },
    /// Markdown.
    Text(&'a str),
    /// What the HPARAMS tab knows of a run.
    HyperParameters(Message),
}

/// How a run stands, for the HPARAMS tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Success = 1,
    Failure = 2,
}

/// `DataType.DT_FLOAT` and `DT_STRING`.
const FLOAT: u64 = 1;
const STRING: u64 = 7;
/// `DataClass.DATA_CLASS_TENSOR`.
const TENSOR_CLASS: u64 = 2;

/// The first event of every file.
pub(super) fn version(wall_time: f64) -> Vec<u8> {
    Message::new().double(1, wall_time).text(3, "brain.Event:2").into_bytes()
}

/// An event with one summary.
pub(super) fn event(wall_time: f64, step: u64, summary: &Summary<'_>) -> Vec<u8> {
    let value = Message::new().text(1, summary.tag);
    let value = match &summary.content {
        Content::Scalar { value: number, description } => {
            let value = value.float(2, *number as f32);
            if description.is_empty() {
                value
            } else {
                let plugin = Message::new().text(1, "scalars");
                value.message(9, &Message::new().message(1, &plugin).text(3, description))
            }
        }
        Content::Image { png, width, height } => {
            let image = Message::new().integer(1, u64::from(*height)).integer(2, u64::from(*width));
            // Colour space 3 is RGB; readers look into the file itself.
            value.message(4, &image.integer(3, 3).bytes(4, png))
        }
        Content::Text(text) => {
            let tensor = Message::new().integer(1, STRING).message(2, &shape()).text(8, text);
            value.message(9, &metadata("text", &Message::new())).message(8, &tensor)
        }
        Content::HyperParameters(content) => {
            let tensor = Message::new().integer(1, FLOAT).message(2, &shape()).bytes(5, &0f32.to_le_bytes());
            value.message(9, &metadata("hparams", content)).message(8, &tensor)
        }
    };
    let summary = Message::new().message(1, &value);
    Message::new().double(1, wall_time).integer(2, step).message(5, &summary).into_bytes()
}

/// The shape of a list with one element.
fn shape() -> Message {
    Message::new().message(2, &Message::new().integer(1, 1))
}

fn metadata(plugin: &str, content: &Message) -> Message {
    let plugin = Message::new().text(1, plugin).message(2, content);
    Message::new().message(1, &plugin).integer(4, TENSOR_CLASS)
}

/// What a run was begun with: `HParamsPluginData.session_start_info`. Runs of one group differ in their seed only.
pub(super) fn session_start(settings: &[(String, Value)], group: &str, seconds: f64) -> Message {
    let mut start = Message::new();
    for (key, value) in settings {
        let value = match value {
            Value::Bool(flag) => Message::new().integer(4, u64::from(*flag)),
            Value::Number(number) => Message::new().double(2, number.as_f64().unwrap_or(f64::NAN)),
            other => Message::new().text(3, &crate::words::text(other)),
        };
        start = start.message(1, &Message::new().text(1, key).message(2, &value));
    }
    start = start.text(4, group).double(5, seconds);
    Message::new().integer(1, 0).message(3, &start)
}

/// How a run ended: `HParamsPluginData.session_end_info`.
pub(super) fn session_end(status: Status, seconds: f64) -> Message {
    let end = Message::new().integer(1, status as u64).double(2, seconds);
    Message::new().integer(1, 0).message(4, &end)
}

/// When something was reported: tag, step and wall time of each summary of an event.
pub(super) fn times(event: &[u8]) -> Vec<(String, u64, f64)> {
    let (mut wall_time, mut step, mut tags) = (0.0, 0, Vec::new());
    for field in Fields(event) {
        match field {
            (1, Read::Double(seconds)) => wall_time = seconds,
            (2, Read::Integer(number)) => step = number,
            (5, Read::Bytes(summary)) => {
                for value in Fields(summary) {
                    let (1, Read::Bytes(value)) = value else { continue };
                    let tag = Fields(value).find_map(|field| match field {
                        (1, Read::Bytes(tag)) => Some(String::from_utf8_lossy(tag).into_owned()),
                        _ => None,
                    });
                    tags.extend(tag);
                }
            }
            _ => {}
        }
    }
    tags.into_iter().map(|tag| (tag, step, wall_time)).collect()
}

/// Width and height of a PNG file; none if it is something else.
pub(super) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..16)?;
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    (header.get(..4)? == b"IHDR").then_some(())?;
    Some((number(4)?, number(8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_knows_when_it_was() {
        let content = Content::Scalar { value: 0.25, description: "dB" };
        let event = event(12.5, 300, &Summary { tag: "train/loss", content });
        assert_eq!(times(&event), [("train/loss".to_owned(), 300, 12.5)]);
        assert!(times(&version(1.0)).is_empty());
    }

    #[test]
    fn a_png_knows_its_size() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend([0, 0, 1, 0, 0, 0, 0, 7]);
        assert_eq!(png_size(&png), Some((256, 7)));
        assert_eq!(png_size(&png[..20]), None);
        assert_eq!(png_size(b"\xff\xd8\xff"), None);
    }
}
