//! How fast this machine computes, measured once and kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::wants_cuda;

use serde::{Deserialize, Serialize};

/// A measured speed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Speed {
    /// Floating-point operations of convolutions in a second.
    pub(crate) flops_per_second: f64,
}

/// A device with its speed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Machine {
    /// `CPU` or `GPU`.
    device: &'static str,
    flops_per_second: f64,
}

impl Machine {
    /// For a device as a config names it.
    pub(crate) fn new(device: &str, speed: Speed) -> Machine {
        let device = if wants_cuda(device) { "GPU" } else { "CPU" };
        Machine { device, flops_per_second: speed.flops_per_second }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gigaflops = self.flops_per_second / 1e9;
        let digits = usize::from(gigaflops < 10.0);
        write!(f, "this {} at {gigaflops:.digits$} GFLOP/s", self.device)
    }
}

/// The speeds of this machine's devices, by device and precision, such as `cpu fp32`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Speeds(BTreeMap<String, Speed>);

const FILE: &str = "speed.json";

impl Speeds {
    /// Those that were kept in a folder; none if there are none, or they can't be read.
    pub(crate) fn read(folder: &Path) -> Speeds {
        let text = std::fs::read(folder.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Keeps them in a folder and returns the file.
    pub(crate) fn write(&self, folder: &Path) -> std::io::Result<PathBuf> {
        let file = folder.join(FILE);
        fs_err::create_dir_all(folder)?;
        lossnet_core::atomic::write(&file, &serde_json::to_vec_pretty(self)?)?;
        Ok(file)
    }

    /// Puts in what was measured.
    pub(crate) fn insert(&mut self, device: &str, precision: &str, speed: Speed) {
        self.0.insert(key(device, precision), speed);
    }

    /// The speed of a device as a config names it.
    pub(crate) fn of(&self, device: &str, precision: &str) -> Option<Speed> {
        self.0.get(&key(device, precision)).copied()
    }
}

fn key(device: &str, precision: &str) -> String {
    format!("{} {precision}", if wants_cuda(device) { "cuda" } else { "cpu" })
}
