//! Features as plain numbers, position by position, for work that libtorch does not do in one go.

use std::thread::ScopedJoinHandle;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::tch::{Device, Kind, TchError, Tensor};

/// Fewer values than this are not worth a thread of their own.
const WORTH_A_THREAD: usize = 1 << 16;

/// Whether none of these tensors needs a gradient, and all lie on the CPU as 32-bit floats.
pub(crate) fn plain<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Result<bool, PluginError> {
    for tensor in tensors {
        let kind = tensor.f_kind().map_err(torch_error)?;
        if tensor.device() != Device::Cpu || kind != Kind::Float || tensor.requires_grad() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Threads for work on so many values.
pub(crate) fn threads_for(values: usize) -> usize {
    let threads = usize::try_from(lossnet_plugin_api::tch::get_num_threads()).unwrap_or(1);
    threads.min(values / WORTH_A_THREAD).max(1)
}

/// What a worker found. Its panic, if it had one, goes on here.
pub(crate) fn join<T>(worker: ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The shape of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Height times width.
    pub(crate) positions: usize,
    pub(crate) channels: usize,
}

impl Shape {
    /// Values of a sample.
    pub(crate) fn sample(self) -> usize {
        self.positions * self.channels
    }
}

/// Samples that lie position by position: N×H×W×C in memory, which channels-last features do already.
#[derive(Debug)]
pub(crate) struct Rows(Tensor);

impl Rows {
    /// Those of features N×C×H×W.
    pub(crate) fn of(features: &Tensor) -> Result<Rows, TchError> {
        features.f_permute([0i64, 2, 3, 1].as_slice())?.f_contiguous().map(Rows)
    }

    /// Number of samples.
    pub(crate) fn samples(&self) -> usize {
        self.0.size()[0] as usize
    }

    /// The shape of each.
    pub(crate) fn shape(&self) -> Shape {
        let size = self.0.size();
        Shape { positions: (size[1] * size[2]) as usize, channels: size[3] as usize }
    }

    /// The same in parts of so many samples, the last one perhaps of fewer: to be given to threads.
    pub(crate) fn split(&self, samples: usize) -> Result<Vec<Rows>, TchError> {
        Ok(self.0.f_split(samples as i64, 0)?.into_iter().map(Rows).collect())
    }

    /// Reads samples.
    pub(crate) fn read(&self, first: usize, samples: usize, values: &mut [f32]) -> Result<(), TchError> {
        let count = values.len();
        self.0.f_narrow(0, first as i64, samples as i64)?.f_copy_data(values, count)
    }
}
