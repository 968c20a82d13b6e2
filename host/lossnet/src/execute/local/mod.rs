//! The executor on this machine: a process for each group, several at once.
//!
//! libtorch's random generator and its settings are one per process, and a crash takes its process with it: so a group gets a
//! fresh one, `lossnet worker`. This process holds no tensors; it hands out groups, shows what workers say, and records why
//! one died, which the dead can't do themselves.

mod attempt;
mod exit;
mod pool;
mod process;
mod share;

use std::path::Path;

use serde_json::{Map, Value};

pub(crate) use exit::ended;
pub(crate) use share::bind;

use super::{Job, Tally, Work};
use crate::failure::Failure;
use pool::Pool;

/// How workers share the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Local {
    /// How many there are at once, if that was said.
    pub(crate) workers: Option<usize>,
    /// Their devices, in turn: `cpu`, `cuda`, `cuda:N`. None: what the config says.
    pub(crate) devices: Vec<String>,
}

impl Local {
    /// What is said here, else what `[executor.local]` says.
    pub(crate) fn or(self, config: Option<&Map<String, Value>>) -> Local {
        let workers = || Some(config?.get("workers")?.as_u64()? as usize);
        let devices = || -> Option<Vec<String>> {
            let devices = config?.get("devices")?.as_array()?;
            Some(devices.iter().filter_map(|device| device.as_str().map(str::to_owned)).collect())
        };
        Local {
            workers: self.workers.or_else(workers),
            devices: if self.devices.is_empty() { devices().unwrap_or_default() } else { self.devices },
        }
    }

    /// How many workers are at work at once for so many groups.
    fn workers(&self, groups: usize, device: &str) -> usize {
        let wanted = self.workers.unwrap_or_else(|| match self.devices.len() {
            0 if device != "cpu" && gpus() > 0 => gpus(),
            // libtorch makes good use of a few cores, but not of many.
            0 => share::cores().len() / CORES_EACH,
            given => given,
        });
        wanted.clamp(1, groups.max(1))
    }

    /// The devices, which are all GPUs where nothing was said and there are several workers for them.
    fn devices(&self, workers: usize, device: &str) -> Vec<String> {
        if self.devices.is_empty() && matches!(device, "auto" | "cuda") && gpus() > 1 && workers > 1 {
            return (0..gpus()).map(|gpu| format!("cuda:{gpu}")).collect();
        }
        self.devices.clone()
    }
}

/// Cores for each worker where nothing was said.
const CORES_EACH: usize = 4;

/// How many NVIDIA GPUs can be seen, as far as that can be told without CUDA.
fn gpus() -> usize {
    let there = std::fs::read_dir(Path::new("/proc/driver/nvidia/gpus")).map_or(0, Iterator::count);
    match std::env::var("CUDA_VISIBLE_DEVICES") {
        Ok(visible) => visible.split(',').filter(|name| !name.trim().is_empty()).count().min(there),
        Err(_) => there,
    }
}

/// Runs groups, each in a process of its own.
pub(super) fn run(job: &Job<'_>, work: Vec<Work<'_>>, local: &Local) -> Result<Tally, Failure> {
    let Some(first) = work.first().and_then(|work| work.cells.first()) else { return Ok(Tally::default()) };
    let device = first.config.run.device.clone();
    let workers = local.workers(work.len(), &device);
    let shares = share::shares(workers, &local.devices(workers, &device));
    Pool::new(job, work, shares).run()
}
