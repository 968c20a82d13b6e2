//! Results, errors and JSON across the boundary.

use abi_stable::std_types::{RResult, RStr, RString};
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::guard::guard;

/// A result whose error is a [`PluginError`] as JSON.
pub type AbiResult<T> = RResult<T, RString>;

/// Runs code whose panics must not leave it, and makes its result one that crosses.
pub(super) fn export<T>(work: impl FnOnce() -> Result<T, PluginError>) -> AbiResult<T> {
    guard(work).map_err(|error| to_json(&error)).into()
}

/// The inverse of [`export`] on the other side.
pub(super) fn import<T>(result: AbiResult<T>) -> Result<T, PluginError> {
    result.into_result().map_err(|json| {
        serde_json::from_str(&json).unwrap_or_else(|_| PluginError::new(ErrorKind::Unknown, json.as_str()))
    })
}

/// A value as JSON. The contract's own types always have a JSON form.
pub(super) fn to_json<T: Serialize>(value: &T) -> RString {
    serde_json::to_string(value).unwrap_or_else(|error| format!("\"no JSON form: {error}\"")).into()
}

/// A value from the JSON that the other side made.
pub(super) fn from_json<T: DeserializeOwned>(json: RStr<'_>) -> Result<T, PluginError> {
    serde_json::from_str(json.as_str()).map_err(|error| {
        PluginError::run(format!("the other side of the plugin boundary sent unexpected data: {error}"))
    })
}
