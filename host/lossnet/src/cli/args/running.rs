//! Arguments of what runs cells, and of what ends that.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use lossnet_plan::planner::{Condition, Selection, Shard};

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Args)]
pub(in crate::cli) struct RunArguments {
    /// Config files; later files override earlier ones.
    #[arg(required = true)]
    pub(in crate::cli) configs: Vec<PathBuf>,
    /// Set a key of the config, such as -s run.device=cpu or -s loss_network.layers=1,4.
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Print the plan (cells, groups, states) without running anything.
    #[arg(long)]
    pub(in crate::cli) plan: bool,
    /// With --plan: measure the speed of this machine and keep it for estimates.
    #[arg(long, requires = "plan")]
    pub(in crate::cli) calibrate: bool,
    #[command(flatten)]
    pub(in crate::cli) selection: SelectionArguments,
    /// Print JSON: the plan, or the results.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Executor, overriding the config: `in-process`, `local` (worker processes) or `slurm` (a cluster).
    #[arg(long, value_enum)]
    pub(in crate::cli) executor: Option<Executor>,
    /// Number of worker processes. Implies --executor local.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) workers: Option<u16>,
    /// Devices of the workers, assigned in turn: cuda:0,cuda:1 or cpu. Implies --executor local.
    #[arg(long, value_name = "DEVICE", value_delimiter = ',', value_parser = device)]
    pub(in crate::cli) devices: Vec<String>,
    /// Stop after the first failed cell. Running cells save their progress.
    #[arg(long)]
    pub(in crate::cli) fail_fast: bool,
    /// Retry a failed group up to TIMES times (not for input errors).
    #[arg(long, value_name = "TIMES", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub(in crate::cli) retries: u16,
    /// With --executor slurm: wait for the job and show the results. Ctrl-C does not cancel the job.
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// Directory of the results. Checkpoints go beside it: to `checkpoints` for `logs`, otherwise to `FOLDER-checkpoints`.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(in crate::cli) logs: PathBuf,
}

/// Selection of cells. The others stay planned: `lossnet status` counts them.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct SelectionArguments {
    /// Run only cells that meet this condition: backbone=vgg16, 'task.dropout>0.1', 'run.seed=[1, 2]' (one of these).
    /// Repeatable; all conditions must hold.
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse)]
    pub(in crate::cli) only: Vec<Condition>,
    /// Run only this shard of the groups, such as 2/8: the second of eight.
    #[arg(long, value_name = "I/N")]
    pub(in crate::cli) shard: Option<Shard>,
    /// Run at most this many cells that are not done.
    #[arg(long, value_name = "CELLS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) limit: Option<u32>,
}

impl SelectionArguments {
    pub(in crate::cli) fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            shard: self.shard,
            limit: self.limit.map(|limit| limit as usize),
        }
    }
}

/// What runs cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Executor {
    /// This process, one group after the other.
    InProcess,
    /// Processes on this machine, one for each group.
    Local,
    /// A Slurm cluster: an array job is submitted.
    Slurm,
}

/// A device that a worker can be told to use.
fn device(text: &str) -> Result<String, String> {
    let number = text.strip_prefix("cuda:").map(str::parse::<u16>);
    if matches!(text, "cpu" | "cuda") || matches!(number, Some(Ok(_))) {
        return Ok(text.to_owned());
    }
    Err("a worker's device is cpu, cuda or cuda:N".to_owned())
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WorkerArguments {
    /// The plan, as lossnet writes it.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) plan: PathBuf,
    /// Which of its groups, from 0.
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) group: usize,
    /// Directory of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(in crate::cli) logs: PathBuf,
    /// Print events as JSON lines to standard output, and nothing else.
    #[arg(long)]
    pub(in crate::cli) events: bool,
    /// Stop at the end of the step when the standard input ends.
    #[arg(long)]
    pub(in crate::cli) stop_with_input: bool,
    /// Device, overriding the config.
    #[arg(long, value_name = "DEVICE")]
    pub(in crate::cli) device: Option<String>,
    /// Number of compute threads, overriding the config.
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) threads: Option<usize>,
    /// The cores to compute on.
    #[arg(long, value_name = "CORE", value_delimiter = ',')]
    pub(in crate::cli) cores: Vec<usize>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AskPluginsArguments {
    /// Plugin files that were already checked.
    #[arg(value_name = "FILE")]
    pub(in crate::cli) plugins: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SlurmTaskArguments {
    /// The folder of the submission.
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) submission: PathBuf,
    /// Directory of the results.
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) logs: PathBuf,
    /// Cancel the whole job when a cell has failed.
    #[arg(long)]
    pub(in crate::cli) fail_fast: bool,
    /// Retry a failed group up to this many times.
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    pub(in crate::cli) retries: u16,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CancelArguments {
    /// The experiment.
    pub(in crate::cli) experiment: String,
    /// Print JSON.
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Directory of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(in crate::cli) logs: PathBuf,
}
