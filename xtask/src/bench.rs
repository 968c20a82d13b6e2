//! `cargo xtask bench`: the numbers that users wait for.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;

use crate::build::build;
use crate::cargo::{self, Profile, with_libtorch};
use crate::command::{Command, Switch};
use crate::error::Error;
use crate::terminal::{print, say};
use crate::workspace::Workspace;
use crate::{libtorch, process};

/// `cargo xtask bench`
pub(crate) const COMMAND: Command = Command {
    name: "bench",
    summary: "Measures start-up, speed beside eager PyTorch, and memory",
    details: "\
Start-up of commands that need no tensor; the task metric over five comparisons and four layers beside a plain forward
pass in eager PyTorch, and training steps of every task beside the same in eager PyTorch, taken alternately (left out,
saying so, where no Python with torch 2.11 and torchvision is there); with --memory also the peak memory of 2,000 and of
20,000 triplets. It takes a quarter of an hour. docs/internals/benchmarks.md keeps numbers.",
    switches: &[
        Switch { name: "--memory", help: "Also measure the memory of many triplets" },
        Switch { name: "--training", help: "Measure training steps and nothing else" },
    ],
    rest: None,
    run: |workspace, arguments| {
        let binary = build(workspace, Profile::Release)?;
        if arguments.has("--training") {
            return training(workspace, &binary);
        }
        start_up(workspace, &binary)?;
        speed(workspace)?;
        training(workspace, &binary)?;
        if arguments.has("--memory") { memory(workspace, &binary) } else { Ok(()) }
    },
};

/// Runs of each command, the median of which counts.
const RUNS: usize = 21;

/// Commands, and the milliseconds that they may take.
const START_UP: [(&[&str], u32); 3] =
    [(&["--help"], 50), (&["run", "configs/paper/metric.toml", "--plan"], 50), (&["list"], 1000)];

fn start_up(workspace: &Workspace, binary: &Path) -> Result<(), Error> {
    for (arguments, most) in START_UP {
        let mut times = Vec::new();
        // The first run asks the plugins, which are remembered afterwards.
        for _ in 0..=RUNS {
            let mut command = Process::new(binary);
            command.args(arguments).current_dir(workspace.root()).stdout(Stdio::null());
            with_libtorch(&mut command, workspace);
            let begun = Instant::now();
            process::run(&mut command)?;
            times.push(begun.elapsed());
        }
        let middle = median(&mut times[1..]);
        say(&format!(
            "lossnet {}: {:.1} ms (at most {most})",
            arguments.join(" "),
            1e3 * middle.as_secs_f64()
        ));
    }
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn speed(workspace: &Workspace) -> Result<(), Error> {
    let mut example = cargo::cargo(workspace);
    process::run(example.args(["build", "--release", "--package=lossnet-engine", "--example=bench_metric"]))?;
    let program = cargo::metadata(workspace)?.outputs(Profile::Release).join("examples/bench_metric");
    beside_pytorch(workspace, "xtask/bench/metric.py", &program)
}

/// Training steps of every task, data loading included.
fn training(workspace: &Workspace, binary: &Path) -> Result<(), Error> {
    beside_pytorch(workspace, "xtask/bench/training.py", binary)
}

/// Runs a script that compares a program with PyTorch, if a Python that has it is there.
fn beside_pytorch(workspace: &Workspace, script: &str, program: &Path) -> Result<(), Error> {
    let Some(python) = libtorch::python_with_torch() else {
        say(&format!("there is no Python with torch 2.11: {script} is left out"));
        return Ok(());
    };
    let mut compare = Process::new(python);
    compare.current_dir(workspace.root()).arg(script).arg(program);
    with_libtorch(&mut compare, workspace);
    print(&String::from_utf8_lossy(&process::read(&mut compare)?));
    Ok(())
}

/// One small network over generated triplets.
const CONFIG: &str = r#"
[experiment]
name = "memory"
[task]
name = "metric"
[data]
name = "synthetic"
splits = ["val"]
[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
layers = ["1"]
[run]
device = "cpu"
"#;

fn memory(workspace: &Workspace, binary: &Path) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("memory.toml");
    fs::write(&config, CONFIG)?;
    let mut peaks = Vec::new();
    for samples in [2_000_u32, 20_000] {
        let peak =
            peak_memory(workspace, binary, &config, samples, &folder.path().join(samples.to_string()))?;
        say(&format!("{samples} triplets: {peak} MB at most"));
        peaks.push(peak as f64);
    }
    say(&format!("20,000 triplets take {:.3} times the memory of 2,000 (at most 1.1)", peaks[1] / peaks[0]));
    Ok(())
}

/// The largest resident memory of a run, in megabytes, as the system counts it.
fn peak_memory(
    workspace: &Workspace,
    binary: &Path,
    config: &Path,
    samples: u32,
    logs: &Path,
) -> Result<u64, Error> {
    let mut command = Process::new(binary);
    command.arg("-q").arg("run").arg(config).args(["-s", &format!("data.samples={samples}")]);
    command.arg("--logs").arg(logs).stdout(Stdio::null());
    with_libtorch(&mut command, workspace);
    let mut child = command.spawn()?;
    let status: PathBuf = ["/proc", &child.id().to_string(), "status"].iter().collect();
    let mut peak = 0;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            peak = peak.max(kilobytes.unwrap_or(0) / 1000);
        }
        if let Some(status) = child.try_wait()? {
            return if status.success() {
                Ok(peak)
            } else {
                Err(Error::Missing { path: config.to_owned(), hint: "the run for it failed".to_owned() })
            };
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let mut times = [5, 1, 9, 2, 3].map(Duration::from_millis);
        assert_eq!(median(&mut times), Duration::from_millis(3));
        assert_eq!(median(&mut []), Duration::ZERO);
    }
}
