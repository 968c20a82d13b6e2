//! Whether images fit a network.

use lossnet_plugin_protocol::graph::{Graph, GraphError, Op};
use tch::{Kind, Tensor};

use super::NetworkError;

/// Larger networks than this one are not searched for: every network in use takes images of this side.
const LARGEST_MINIMUM: i64 = 1024;

/// Fails with a sentence that names the first layer that can't work on the images.
pub(super) fn check(graph: &Graph, needed: &[bool], images: &Tensor) -> Result<(), NetworkError> {
    let shape = images.size();
    let kind = images.f_kind().unwrap_or(Kind::Int64);
    let Op::Input { channels } = graph.nodes[0].op else {
        return Err(NetworkError::Graph(GraphError::Input));
    };
    let floating = matches!(kind, Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16);
    let [count, found, height, width] = shape[..] else {
        return Err(NetworkError::Images(format!("a tensor of shape {shape:?}")));
    };
    if count == 0 || found != channels || !floating {
        return Err(NetworkError::Images(format!("a tensor of shape {shape:?} and type {kind:?}")));
    }
    let Err(reason) = graph.shapes_of(needed, height, width) else {
        return Ok(());
    };
    let minimum = (1..=LARGEST_MINIMUM).find(|&side| graph.shapes_of(needed, side, side).is_ok());
    match (reason, minimum) {
        (GraphError::Shape { node, .. }, Some(minimum)) if height.min(width) < minimum => {
            Err(NetworkError::TooSmall { layer: node, height, width, minimum })
        }
        (reason, _) => Err(NetworkError::Size { height, width, reason }),
    }
}
