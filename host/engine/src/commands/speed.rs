//! How fast a device computes what loss networks are made of.

use std::time::{Duration, Instant};

use lossnet_core::engine_protocol::SpeedAnswer;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::graph::Conv2d;
use tch::{Device, Tensor};

use crate::network::{NetworkError, Precision, convolution};
use crate::source;

/// How long is measured, after one turn that is not.
const MEASURED: Duration = Duration::from_millis(500);

/// Shapes of convolutions as networks for images have them: channels in, channels out, kernel, side.
const SHAPES: [(i64, i64, i64, i64); 4] =
    [(3, 64, 7, 64), (64, 64, 3, 56), (128, 256, 3, 28), (256, 512, 1, 14)];

/// Images in a batch.
const BATCH: i64 = 8;

/// Computes convolutions for half a second and says how many operations a second they came to.
pub(super) fn measure(device: &str, precision: &str) -> Result<SpeedAnswer, PluginError> {
    let device = source::device(device)?;
    let precision: Precision =
        precision.parse().map_err(|error: NetworkError| PluginError::input(error.to_string()))?;
    let convolutions: Vec<Convolution> =
        SHAPES.iter().map(|shape| Convolution::new(*shape, precision, device)).collect::<Result<_, _>>()?;
    let turn = || -> Result<(), PluginError> {
        tch::no_grad(|| convolutions.iter().try_for_each(Convolution::compute))?;
        source::synchronize(device);
        Ok(())
    };
    // The first turn chooses algorithms and gets memory.
    turn()?;
    let start = Instant::now();
    let mut turns = 0.0;
    while start.elapsed() < MEASURED {
        turn()?;
        turns += 1.0;
    }
    let operations: f64 = convolutions.iter().map(|convolution| convolution.operations).sum();
    let flops_per_second = turns * operations / start.elapsed().as_secs_f64();
    Ok(SpeedAnswer { device: source::device_name(device), flops_per_second })
}

struct Convolution {
    images: Tensor,
    weight: Tensor,
    shape: Conv2d,
    tf32: bool,
    /// Multiplications and additions.
    operations: f64,
}

impl Convolution {
    fn new(
        (from, to, kernel, side): (i64, i64, i64, i64),
        precision: Precision,
        device: Device,
    ) -> Result<Convolution, PluginError> {
        let ones = |shape: [i64; 4]| Tensor::f_ones(shape, (precision.kind(), device)).map_err(torch_error);
        Ok(Convolution {
            images: ones([BATCH, from, side, side])?,
            weight: ones([to, from, kernel, kernel])?,
            shape: Conv2d::new(to, kernel).padding(kernel / 2),
            tf32: precision == Precision::Tf32,
            operations: (2 * BATCH * side * side * from * to * kernel * kernel) as f64,
        })
    }

    fn compute(&self) -> Result<(), PluginError> {
        let value = convolution(&self.images, &self.weight, None, &self.shape, self.tf32);
        value.map(drop).map_err(torch_error)
    }
}
