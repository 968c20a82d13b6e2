//! A plugin that ends its process, or wants more memory than there is, for the tests of workers.

use std::path::Path;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{Device, Kind};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How to end.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Ends {
    /// `abort`, `exit`, `kill`, `segfault`, `fail`, or nothing, to end well.
    how: String,
    /// A file: what ends here ends so once, and leaves the file behind.
    once: String,
}

impl Ends {
    /// Ends the process, or fails, unless it is to end well.
    fn strike(&self) -> Result<(), PluginError> {
        if !self.once.is_empty() {
            let marker = Path::new(&self.once);
            if marker.exists() {
                return Ok(());
            }
            std::fs::write(marker, "").map_err(|error| PluginError::run(error.to_string()))?;
        }
        if !self.how.is_empty() {
            announce(&self.how);
        }
        match self.how.as_str() {
            "abort" => std::process::abort(),
            "exit" => std::process::exit(7),
            "kill" => send(Signal::SIGKILL),
            // The first one only takes away what Rust does about them.
            "segfault" => (0..2).for_each(|_| send(Signal::SIGSEGV)),
            "fail" => return Err(PluginError::run("it was told to fail")),
            _ => {}
        }
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "the last words of a process that ends here")]
fn announce(how: &str) {
    eprintln!("this is the end: {how}");
}

fn send(signal: Signal) {
    let _ = kill(Pid::this(), signal);
    // It comes to whichever thread, at once or nearly so.
    std::thread::sleep(std::time::Duration::from_millis(200));
}

struct EndingTask;

impl Task for EndingTask {
    type Config = Ends;

    fn info(&self) -> Info {
        Info::new("ending_task", "ends as it is told to")
    }

    fn run(&self, ends: Ends, run: &dyn Run) -> Result<(), PluginError> {
        ends.strike()?;
        let metric = Metric::new("survival", "all", 1.0, "share", true, 1);
        (0..run.context().cells.len()).try_for_each(|cell| run.report(cell, &Report::Metric(metric.clone())))
    }
}

/// How much it can take.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Appetite {
    /// Samples that it can compare at once; for more it asks for more memory than there is.
    most: i64,
}

impl Default for Appetite {
    fn default() -> Self {
        Appetite { most: 1 }
    }
}

struct Hungry;

impl Comparison for Hungry {
    type Config = Appetite;

    fn info(&self) -> Info {
        Info::new("hungry", "squared differences, with memory for a few samples only")
    }

    fn build(&self, appetite: Appetite) -> Result<Box<dyn Compare>, PluginError> {
        Ok(Box::new(appetite))
    }
}

impl Compare for Appetite {
    fn map(&self, a: &Tensor, b: &Tensor, _: Option<&Tensor>) -> Result<Tensor, PluginError> {
        if a.size()[0] > self.most {
            let _ = Tensor::f_zeros([1_i64 << 50], (Kind::Float, Device::Cpu)).map_err(torch_error)?;
        }
        Ok((a - b).square().sum_dim_intlist([1i64].as_slice(), true, Kind::Float))
    }
}

submit! { Components::Tasks(|| vec![Box::new(EndingTask)]) }
submit! { Components::Comparisons(|| vec![Box::new(Hungry)]) }
export_plugin!();
