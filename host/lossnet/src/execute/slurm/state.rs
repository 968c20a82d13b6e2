//! What Slurm says of a task.

use std::fmt;

/// What Slurm says of a task of an array job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskState {
    /// Slurm's word for it, such as `PENDING` or `OUT_OF_MEMORY`.
    pub(crate) name: String,
    /// Why it waits or why it ended, where Slurm says that.
    pub(crate) reason: Option<String>,
    /// Where it runs.
    pub(crate) nodes: Option<String>,
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// In the queue, also if not for the first time.
    Waiting,
    /// On a node.
    Running,
    /// Over.
    Ended,
}

/// The states in which a task is over (`man squeue`, "JOB STATE CODES").
const ENDED: [&str; 11] = [
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "LAUNCH_FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
];

/// The states in which a task has a node.
const RUNNING: [&str; 8] =
    ["RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING", "CONFIGURING"];

impl TaskState {
    /// From the words of `squeue` and `sacct`, which write `None` and `(null)` for nothing.
    pub(crate) fn new(state: &str, reason: &str, nodes: &str) -> TaskState {
        let given = |text: &str| {
            let nothing = ["", "None", "(null)", "None assigned", "N/A", "Unknown"].contains(&text);
            (!nothing).then(|| text.to_owned())
        };
        // `sacct` says who cancelled it: "CANCELLED by 1000".
        let name = state.split_whitespace().next().unwrap_or("UNKNOWN").trim_end_matches('+').to_owned();
        TaskState { name, reason: given(reason), nodes: given(nodes) }
    }

    /// Where the task is in its life.
    pub(crate) fn phase(&self) -> Phase {
        if ENDED.contains(&self.name.as_str()) {
            Phase::Ended
        } else if RUNNING.contains(&self.name.as_str()) {
            Phase::Running
        } else {
            Phase::Waiting
        }
    }

    /// Whether it is not over.
    pub(crate) fn is_live(&self) -> bool {
        self.phase() != Phase::Ended
    }
}

/// "PENDING: Resources", "RUNNING on node7", "TIMEOUT".
impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (self.phase(), &self.reason, &self.nodes) {
            (Phase::Waiting, Some(reason), _) => write!(f, ": {reason}"),
            (Phase::Running | Phase::Ended, _, Some(nodes)) => write!(f, " on {nodes}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_as_slurm_says_them() {
        for (state, reason, nodes, expected, phase) in [
            ("PENDING", "Resources", "", "PENDING: Resources", Phase::Waiting),
            ("PENDING", "None", "", "PENDING", Phase::Waiting),
            (
                "REQUEUE_HOLD",
                "launch failed requeued held",
                "",
                "REQUEUE_HOLD: launch failed requeued held",
                Phase::Waiting,
            ),
            ("RUNNING", "None", "n[1-2]", "RUNNING on n[1-2]", Phase::Running),
            ("COMPLETING", "None", "n1", "COMPLETING on n1", Phase::Running),
            ("OUT_OF_MEMORY", "OutOfMemory", "n1", "OUT_OF_MEMORY on n1", Phase::Ended),
            ("CANCELLED by 1000", "None", "None assigned", "CANCELLED", Phase::Ended),
            ("TIMEOUT", "TimeLimit", "n1", "TIMEOUT on n1", Phase::Ended),
            ("NODE_FAIL", "NodeDown", "n1", "NODE_FAIL on n1", Phase::Ended),
        ] {
            let found = TaskState::new(state, reason, nodes);
            assert_eq!((found.to_string().as_str(), found.phase()), (expected, phase));
        }
    }
}
