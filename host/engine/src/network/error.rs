//! What can go wrong with a network.

use std::fmt;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::graph::GraphError;
use tch::TchError;

/// Any error that can go to another thread.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a network can't be built or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// No layer of this name.
    #[error("the network has no layer `{name}`{}", hint(.nearest))]
    UnknownLayer {
        /// The name asked for.
        name: String,
        /// The most similar names, the best first.
        nearest: Vec<String>,
    },
    /// No layer of this index.
    #[error("the network has no layer {index}: its {count} layers are 0 to {}", .count.saturating_sub(1))]
    LayerIndex {
        /// The index asked for.
        index: usize,
        /// The number of indexed layers.
        count: usize,
    },
    /// A network without a layer to take features from.
    #[error("no layer is given: name at least one by index or dotted name")]
    NoLayers,
    /// The description is wrong.
    #[error("the network's description is wrong: {0}")]
    Graph(#[from] GraphError),
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] WeightsReport),
    /// A rename rule of the description is not a regular expression.
    #[error("the network's rule for old weight names, `{pattern}`, is not a regular expression")]
    Rename {
        /// The rule's pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: Box<regex::Error>,
    },
    /// A tensor of the weights can't be read.
    #[error("the tensor `{name}` of the weights {weights} can't be read")]
    Values {
        /// The tensor's name.
        name: String,
        /// Which weights.
        weights: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The images have another form than the network takes.
    #[error("the network takes images as N×3×H×W floating-point numbers, and got {0}")]
    Images(String),
    /// The images are too small.
    #[error(
        "images of {height}×{width} pixels are too small for the layer `{layer}`: this network needs at least \
         {minimum}×{minimum} for the layers asked for"
    )]
    TooSmall {
        /// The first layer that can't work.
        layer: String,
        /// The images' height.
        height: i64,
        /// The images' width.
        width: i64,
        /// The smallest square image's side that works.
        minimum: i64,
    },
    /// The images' size does not suit the network, as for one with a fixed head.
    #[error("images of {height}×{width} pixels do not suit the network: {reason}")]
    Size {
        /// The images' height.
        height: i64,
        /// The images' width.
        width: i64,
        /// Where and why.
        reason: GraphError,
    },
    /// Not a precision.
    #[error("`{0}` is not a precision: choose fp32, tf32 or bf16")]
    Precision(String),
    /// Training mode of a frozen network.
    #[error("a frozen network has no training mode: build it as trainable")]
    Frozen,
    /// A value was not there when it was needed: a mistake in the lowering.
    #[error("the value of the layer `{layer}`, or one it takes, is not there: this is a bug in lossnet")]
    Plan {
        /// The layer.
        layer: String,
    },
    /// libtorch raised an exception.
    #[error("{doing} failed")]
    Torch {
        /// What was being done.
        doing: String,
        /// What libtorch said.
        #[source]
        source: TchError,
    },
}

/// For `map_err`: a libtorch exception while `doing` something.
pub(crate) fn torch(doing: impl Into<String>) -> impl FnOnce(TchError) -> NetworkError {
    move |source| NetworkError::Torch { doing: doing.into(), source }
}

fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!(": did you mean {}?", names.join(" or "))
}

/// All that does not fit between a network and weights.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct WeightsReport {
    /// Which weights.
    pub weights: String,
    /// Parameters that the weights lack.
    pub missing: Vec<String>,
    /// Tensors that the network has no place for.
    pub unused: Vec<String>,
    /// Tensors of another shape: name, the network's shape, the weights' shape.
    pub misshaped: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// Parameters for which the weights have several tensors, under old and new names.
    pub ambiguous: Vec<String>,
}

impl WeightsReport {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.unused.is_empty()
            && self.misshaped.is_empty()
            && self.ambiguous.is_empty()
    }
}

/// How many tensors of a kind are named.
const NAMED: usize = 5;

/// The first names of several.
pub(crate) fn some(names: &[String]) -> String {
    let text = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

impl WeightsReport {
    /// What does not fit, without saying of which weights.
    pub fn details(&self) -> String {
        let shape = |shape: &[i64]| {
            if shape.is_empty() {
                return "a scalar".to_owned();
            }
            shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
        };
        let misshaped: Vec<String> = self
            .misshaped
            .iter()
            .map(|(name, expected, got)| format!("{name} ({} instead of {})", shape(got), shape(expected)))
            .collect();
        let kinds = [
            ("missing", &self.missing),
            ("not in the network", &self.unused),
            ("of another shape", &misshaped),
            ("there under several names", &self.ambiguous),
        ];
        let parts: Vec<String> = kinds
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{} {what}: {}", names.len(), some(names)))
            .collect();
        parts.join("; ")
    }
}

impl fmt::Display for WeightsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the weights {} do not fit the network: {}", self.weights, self.details())
    }
}

impl From<NetworkError> for PluginError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Torch { doing, source } => torch_error(source).context(doing),
            NetworkError::Plan { .. } | NetworkError::Graph(_) | NetworkError::Rename { .. } => {
                let plain = PluginError::run(error.to_string());
                std::error::Error::source(&error).map_or(plain.clone(), |source| plain.with_source(source))
            }
            error => {
                let plain = PluginError::input(error.to_string());
                std::error::Error::source(&error).map_or(plain.clone(), |source| plain.with_source(source))
            }
        }
    }
}
