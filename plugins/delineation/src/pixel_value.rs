//! Values of maps that users name.

use lossnet_plugin_api::PluginError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value of a map's pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PixelValue {
    /// A level of grey, 0 to 255.
    Level(u8),
    /// A color in the form `#rrggbb`.
    Color(String),
}

impl PixelValue {
    pub(crate) fn pixel(&self) -> Result<[u8; 3], PluginError> {
        match self {
            PixelValue::Level(level) => Ok([*level; 3]),
            PixelValue::Color(text) => {
                let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
                let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let number = number.ok_or_else(|| {
                    PluginError::input(format!(
                        "`task.foreground` has `{text}`, and a color is written as `#ff0000`"
                    ))
                })?;
                Ok([(number >> 16) as u8, (number >> 8) as u8, number as u8])
            }
        }
    }
}
