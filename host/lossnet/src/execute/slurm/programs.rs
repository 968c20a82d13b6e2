//! Slurm's own programs: `sbatch`, `squeue`, `sacct`, `scancel` and `scontrol`.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use super::state::TaskState;

/// Why Slurm could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SlurmError {
    /// A program is not there.
    #[error(
        "`{program}` is not on the PATH, so there is no Slurm at hand: run this on a machine of the cluster from which \
             jobs are submitted, or load Slurm's module"
    )]
    Absent {
        /// Its name.
        program: &'static str,
    },
    /// A program can't be started.
    #[error("`{program}` can't be started")]
    NotStarted {
        /// Its name.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program refused.
    #[error("`{program}` refused: {said}")]
    Refused {
        /// Its name.
        program: &'static str,
        /// What it printed, in one line.
        said: String,
    },
    /// A program answered what is not understood.
    #[error("`{program}` answered {answer:?}, which is not what Slurm answers")]
    Unreadable {
        /// Its name.
        program: &'static str,
        /// What it printed.
        answer: String,
    },
}

/// An array job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct JobId {
    /// Slurm's number of it.
    pub(crate) number: u64,
    /// The cluster, where there are several.
    pub(crate) cluster: Option<String>,
}

impl JobId {
    /// A task as Slurm calls it, such as `12_3`.
    pub(crate) fn task(&self, task: usize) -> String {
        format!("{}_{task}", self.number)
    }
}

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.number)
    }
}

/// Submits a script.
pub(crate) fn sbatch(script: &Path) -> Result<JobId, SlurmError> {
    let mut command = Command::new("sbatch");
    command.arg("--parsable").arg(script);
    let answer = run("sbatch", &mut command)?;
    // Sites may print greetings before it.
    let line = answer.lines().last().unwrap_or_default().trim();
    let (number, cluster) = line.split_once(';').map_or((line, None), |(number, name)| (number, Some(name)));
    match number.parse() {
        Ok(number) => Ok(JobId { number, cluster: cluster.map(str::to_owned) }),
        Err(_) => Err(SlurmError::Unreadable { program: "sbatch", answer }),
    }
}

/// The most tasks that an array may have.
pub(crate) fn most_tasks() -> Result<usize, SlurmError> {
    let answer = run("scontrol", Command::new("scontrol").args(["show", "config"]))?;
    setting(&answer, "MaxArraySize")
        .and_then(|most| most.parse().ok())
        .ok_or(SlurmError::Unreadable { program: "scontrol", answer })
}

/// A value of `scontrol show config`.
fn setting<'a>(config: &'a str, name: &str) -> Option<&'a str> {
    config.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Puts a task into the queue again.
pub(crate) fn requeue(task: &str) -> Result<(), SlurmError> {
    run("scontrol", Command::new("scontrol").args(["requeue", task])).map(|_| ())
}

/// Cancels all tasks of a job that are not over.
pub(crate) fn scancel(job: &JobId) -> Result<(), SlurmError> {
    let mut command = Command::new("scancel");
    on_cluster(&mut command, job.cluster.as_deref());
    run("scancel", command.arg(job.to_string())).map(|_| ())
}

/// States of tasks, by the number of their job and their own.
pub(crate) type States = HashMap<(u64, usize), TaskState>;

/// What is known of the tasks of jobs, given with how many tasks they have. Slurm forgets tasks some minutes after their
/// end, unless it keeps accounts.
pub(crate) fn states(jobs: &[(JobId, usize)]) -> Result<States, SlurmError> {
    let mut known = States::new();
    for cluster in clusters(jobs) {
        let of_cluster = || jobs.iter().filter(|(job, _)| job.cluster.as_deref() == cluster);
        known.extend(squeue(cluster, &of_cluster().map(|(job, _)| job.number).collect::<Vec<_>>())?);
        let is_whole = |job: &JobId, tasks| (0..tasks).all(|task| known.contains_key(&(job.number, task)));
        let forgotten: Vec<u64> =
            of_cluster().filter(|(job, tasks)| !is_whole(job, *tasks)).map(|(job, _)| job.number).collect();
        if !forgotten.is_empty() {
            for (task, state) in sacct(cluster, &forgotten) {
                known.entry(task).or_insert(state);
            }
        }
    }
    Ok(known)
}

/// The clusters that jobs are on.
fn clusters(jobs: &[(JobId, usize)]) -> BTreeSet<Option<&str>> {
    jobs.iter().map(|(job, _)| job.cluster.as_deref()).collect()
}

fn squeue(cluster: Option<&str>, jobs: &[u64]) -> Result<States, SlurmError> {
    let mut command = Command::new("squeue");
    on_cluster(&mut command, cluster);
    command.args(["--noheader", "--array", "--states=all", "--format=%i|%T|%r|%N", &jobs_option(jobs)]);
    match run("squeue", &mut command) {
        Ok(answer) => Ok(answer.lines().filter_map(task_line).collect()),
        // What it says if none of the jobs is known any more.
        Err(SlurmError::Refused { said, .. }) if said.contains("Invalid job id") => Ok(States::new()),
        Err(error) => Err(error),
    }
}

/// What the cluster's accounts say; nothing where there are none.
fn sacct(cluster: Option<&str>, jobs: &[u64]) -> States {
    let mut command = Command::new("sacct");
    on_cluster(&mut command, cluster);
    command.args([
        "--noheader",
        "--parsable2",
        "--allocations",
        "--format=JobID,State,Reason,NodeList",
        &jobs_option(jobs),
    ]);
    match run("sacct", &mut command) {
        Ok(answer) => answer.lines().filter_map(task_line).collect(),
        Err(error) => {
            tracing::debug!("no accounts: {error}");
            States::new()
        }
    }
}

fn jobs_option(jobs: &[u64]) -> String {
    format!("--jobs={}", jobs.iter().map(u64::to_string).collect::<Vec<_>>().join(","))
}

fn on_cluster(command: &mut Command, cluster: Option<&str>) {
    if let Some(cluster) = cluster {
        command.arg(format!("--clusters={cluster}"));
    }
}

/// A line such as `12_3|RUNNING|None|node7`; none for what is not a task of an array.
fn task_line(line: &str) -> Option<((u64, usize), TaskState)> {
    let mut fields = line.split('|').map(str::trim);
    let (job, task) = fields.next()?.split_once('_')?;
    let (state, reason, nodes) = (fields.next()?, fields.next()?, fields.next()?);
    Some(((job.parse().ok()?, task.parse().ok()?), TaskState::new(state, reason, nodes)))
}

/// Runs a program of Slurm's and returns what it printed.
fn run(program: &'static str, command: &mut Command) -> Result<String, SlurmError> {
    // Messages are looked at.
    let output = command.env("LC_ALL", "C").output().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SlurmError::Absent { program },
        _ => SlurmError::NotStarted { program, source },
    })?;
    tracing::debug!("{program} ended with {}", output.status);
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(SlurmError::Refused { program, said: said(&output) })
}

/// What a program printed to say why, in one line.
fn said(output: &Output) -> String {
    let text = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let lines: Vec<&str> =
        text.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        format!("it ended with {} and said nothing", output.status)
    } else {
        lines.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_and_sacct_are_read() {
        let state = TaskState::new("RUNNING", "None", "node7");
        assert_eq!(task_line("12_3|RUNNING|None|node7"), Some(((12, 3), state)));
        let state = TaskState::new("CANCELLED by 0", "None", "None assigned");
        assert_eq!(task_line("12_0|CANCELLED by 0|None|None assigned"), Some(((12, 0), state)));
        for other in ["", "CLUSTER: big", "12|RUNNING|None|n", "12_[3-5]|PENDING|Resources|", "12_3|RUNNING"]
        {
            assert_eq!(task_line(other), None, "{other}");
        }
    }

    #[test]
    fn settings_are_found() {
        let config =
            "Configuration data as of …\nMaxArraySize            = 1001\nMaxDBDMsgs              = 20000\n";
        assert_eq!(setting(config, "MaxArraySize"), Some("1001"));
        assert_eq!(setting(config, "MaxArray"), None);
    }
}
