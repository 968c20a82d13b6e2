//! A user of a cluster.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::support::{Done, User};

/// A user's folder, whose name needs quoting, and a cluster to submit to.
pub(crate) struct Lab {
    pub(crate) user: User,
    // Dropped after the user's folder is of no more use, and before it goes.
    pub(crate) cluster: Cluster,
}

/// Longest time for anything to happen.
const PATIENCE: Duration = Duration::from_mins(3);

impl Lab {
    /// None where Slurm is not installed.
    pub(crate) fn new(most_tasks: u32) -> Option<Lab> {
        let cluster = Cluster::start(most_tasks)?;
        Some(Lab { user: User::new(), cluster })
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.user.command(arguments);
        command.env("SLURM_CONF", self.cluster.config());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().unwrap())
    }

    /// Runs what must work, and returns both of its outputs.
    pub(crate) fn must(&self, arguments: &[&str]) -> Done {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}{}", done.out, done.err, self.cluster.logs());
        done
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let out = self.must(arguments).out;
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error} in {out}"))
    }

    /// The cells of an experiment as `status` has them.
    pub(crate) fn cells(&self, experiment: &str) -> Vec<Value> {
        let status = self.json(&["status", experiment, "--json"]);
        status[0]["cells"].as_array().unwrap().clone()
    }

    /// How many cells are in a state.
    pub(crate) fn count(&self, experiment: &str, state: &str) -> usize {
        self.cells(experiment).iter().filter(|cell| cell["state"] == state).count()
    }

    /// The folder of the newest submission of an experiment.
    pub(crate) fn submission(&self, experiment: &str) -> PathBuf {
        let root = self.user.path(&format!("logs/{experiment}/slurm"));
        let names = crate::support::names(&root);
        root.join(names.iter().rfind(|name| !name.starts_with('.')).unwrap())
    }

    /// How many submissions an experiment has.
    pub(crate) fn submissions(&self, experiment: &str) -> usize {
        let names = self.user.names(&format!("logs/{experiment}/slurm"));
        names.iter().filter(|name| !name.starts_with('.')).count()
    }

    /// The number of the newest submission's job.
    pub(crate) fn job(&self, experiment: &str) -> u64 {
        let text = std::fs::read(self.submission(experiment).join("submission.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["job"]["number"].as_u64().unwrap()
    }

    /// What a task of the newest submission printed.
    pub(crate) fn printed(&self, experiment: &str, task: usize) -> String {
        std::fs::read_to_string(self.submission(experiment).join(format!("task-{task}.log")))
            .unwrap_or_default()
    }

    /// The process of a task's worker, if it has one.
    pub(crate) fn worker(&self, job: u64, task: usize) -> Option<u32> {
        // Jobs of other tests' clusters have the same numbers.
        let cluster = format!("SLURM_CONF={}", self.cluster.config().display());
        let (job, task) = (format!("SLURM_ARRAY_JOB_ID={job}"), format!("SLURM_ARRAY_TASK_ID={task}"));
        std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
            let process = entry.file_name().to_string_lossy().parse().ok()?;
            let arguments = std::fs::read(entry.path().join("cmdline")).ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            let has =
                |text: &[u8], word: &str| text.split(|&byte| byte == 0).any(|part| part == word.as_bytes());
            let is_mine = has(&arguments, "worker")
                && [&cluster, &job, &task].iter().all(|variable| has(&environment, variable));
            is_mine.then_some(process)
        })
    }

    /// What all tasks of all submissions printed.
    fn all_printed(&self) -> String {
        let mut found = Vec::new();
        let mut folders = vec![self.user.path("logs")];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if name.starts_with("task-") {
                    found.push(format!("== {name}\n{}", std::fs::read_to_string(&path).unwrap_or_default()));
                }
            }
        }
        found.concat()
    }

    /// Slurm's word for the state of a task, and its reason.
    pub(crate) fn slurm_state(&self, task: &str) -> String {
        let line = ["--noheader", "--array", "--states=all", "--format=%T %r", "--jobs", task];
        self.cluster.must("squeue", &line)
    }

    pub(crate) fn wait_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            if started.elapsed() > PATIENCE {
                let queue = self.cluster.must("squeue", &["--array", "--states=all"]);
                panic!(
                    "it did not come to it that {what}:\n{queue}\n{}\n{}",
                    self.all_printed(),
                    self.cluster.logs()
                );
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Lets a task go on that waits after it was put into the queue again.
    pub(crate) fn let_go_on(&self, task: &str) {
        self.wait_until("the task waits", || self.slurm_state(task).starts_with("PENDING"));
        // A node does not start a task in the second in which it has killed it.
        std::thread::sleep(Duration::from_secs(2));
        let mut update = self.cluster.command("scontrol");
        let updated = update.args(["update", &format!("jobid={task}"), "starttime=now"]).output().unwrap();
        // It may have begun in the meantime.
        assert!(updated.status.success() || !self.slurm_state(task).starts_with("PENDING"), "{updated:?}");
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
}
