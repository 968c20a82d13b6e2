//! What each loss network of a group costs as a loss: time and memory for one image, forward and backward.

use std::time::{Duration, Instant};

use lossnet_core::store::Cost;
use lossnet_plugin_api::component::{LossNetwork as _, torch_error};
use lossnet_plugin_protocol::PluginError;
use tch::{Device, Kind, TchError, Tensor};

use super::network::GroupNetwork;
use crate::session::{LossNetworkSpec, Session};
use crate::source::synchronize;

/// Passes are repeated until there are so many, or so much time has gone by.
const PASSES: usize = 5;
const PATIENCE: Duration = Duration::from_millis(100);

/// Measures the loss network of a cell with one image of the size that the task gave to the networks of the group. None if it gave
/// none.
///
/// The quickest of a few passes counts: what disturbs a pass only makes it slower.
pub(super) fn measure(network: &GroupNetwork, cell: usize) -> Result<Option<Cost>, PluginError> {
    let Some((height, width)) = network.given() else { return Ok(None) };
    network.set_training(false)?;
    network.with_spec(cell, |session, spec| {
        let memory = session.network().memory(&spec.layers, height, width)?;
        let images = |seed| noise(seed, height, width, session.device()).map_err(torch_error);
        let target = tch::no_grad(|| session.features_of(&images(1.0)?, spec))?;
        let image = images(2.0)?;
        // The first pass chooses algorithms and gets memory.
        pass(session, spec, &image, &target)?;
        let mut quickest = pass(session, spec, &image, &target)?;
        let began = Instant::now();
        for _ in 2..PASSES {
            if began.elapsed() > PATIENCE {
                break;
            }
            let next = pass(session, spec, &image, &target)?;
            quickest.forward = quickest.forward.min(next.forward);
            quickest.backward = quickest.backward.min(next.backward);
        }
        Ok(Some(Cost {
            height: height as u64,
            width: width as u64,
            forward_seconds: quickest.forward.as_secs_f64(),
            backward_seconds: quickest.backward.map(|backward| backward.as_secs_f64()),
            forward_memory: memory.forward,
            backward_memory: memory.backward,
        }))
    })
}

/// The time of a pass without gradients, and of the one back to the image, if there are gradients.
struct Times {
    forward: Duration,
    backward: Option<Duration>,
}

fn pass(
    session: &Session,
    spec: &LossNetworkSpec,
    image: &Tensor,
    target: &[Tensor],
) -> Result<Times, PluginError> {
    let distance = |image: &Tensor| session.compare_of(&session.features_of(image, spec)?, target, spec);
    let began = started(session);
    drop(tch::no_grad(|| distance(image))?);
    let forward = ended(session, began);
    let image = image.f_detach().map_err(torch_error)?.set_requires_grad(true);
    let sum = distance(&image)?.f_sum(Kind::Float).map_err(torch_error)?;
    if !sum.requires_grad() {
        return Ok(Times { forward, backward: None });
    }
    let began = started(session);
    Tensor::f_run_backward(&[&sum], &[&image], false, false).map_err(torch_error)?;
    Ok(Times { forward, backward: Some(ended(session, began)) })
}

fn started(session: &Session) -> Instant {
    synchronize(session.device());
    Instant::now()
}

fn ended(session: &Session, began: Instant) -> Duration {
    synchronize(session.device());
    began.elapsed()
}

/// An image like noise, without a step of libtorch's random numbers: comparisons that sort take longer for it than for a plain one.
fn noise(seed: f64, height: i64, width: i64, device: Device) -> Result<Tensor, TchError> {
    let count = 3 * height * width;
    let angles =
        Tensor::f_arange(count, (Kind::Double, device))?.f_mul_scalar(12.9898)?.f_add_scalar(seed)?;
    let values = angles.f_sin()?.f_mul_scalar(43758.5453)?.f_frac()?.f_abs()?;
    values.f_to_kind(Kind::Float)?.f_view([1, 3, height, width])
}
