//! Settings of components: ordinary serde types whose JSON Schema the host checks configs against.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::PluginError;

/// A component's settings. Any serde type with a JSON Schema and defaults is one.
///
/// Doc comments become the settings' descriptions; `#[serde(default, deny_unknown_fields)]` on the type makes
/// every setting optional and every typing mistake an error.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// Settings of a blur.
/// #[derive(Default, Serialize, Deserialize, JsonSchema)]
/// #[serde(default, deny_unknown_fields)]
/// struct Blur {
///     /// Standard deviation in pixels.
///     #[schemars(range(min = 0.0))]
///     sigma: f64,
/// }
///
/// let schema = lossnet_plugin_api::settings::schema::<Blur>();
/// assert_eq!(schema["properties"]["sigma"]["default"], 0.0);
/// ```
pub trait Settings: Serialize + DeserializeOwned + JsonSchema + Default {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Default> Settings for T {}

/// For components without settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// The JSON Schema of settings.
pub fn schema<S: Settings>() -> serde_json::Value {
    schemars::schema_for!(S).to_value()
}

/// Reads settings from JSON, naming the setting that is wrong.
pub(crate) fn parse<S: Settings>(component: &str, json: &str) -> Result<S, PluginError> {
    serde_json::from_str(json)
        .map_err(|error| PluginError::input(format!("the settings of `{component}` are wrong: {error}")))
}
