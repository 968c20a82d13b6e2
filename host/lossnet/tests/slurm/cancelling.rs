//! Jobs that are cancelled, given up on, and waited for in vain.

use std::process::{Child, Stdio};

use crate::lab::{Lab, signal};
use crate::support::Done;

/// Three trainings that would take hours, of which two run at once.
const LONG: &str = r#"
[experiment]
name = "long"
repetitions = 3
[run]
device = "cpu"
threads = 1
num_workers = 1
executor = "slurm"
[task]
name = "delineation"
crop = 32
size = 32
[task.training]
epochs = 5000
batch_size = 4
checkpoint_minutes = 60.0
[data]
name = "synthetic"
content = "curves"
samples = 10
side = 32
[loss_network]
weights = "random:0"
backbone = "squeezenet1_1"
layers = [1]
[executor.slurm]
max_running_tasks = 2
"#;

#[test]
fn what_is_cancelled_saves_and_goes_on_when_it_is_submitted_again() {
    let Some(lab) = Lab::new(1001) else { return };
    lab.user.write("long.toml", LONG);
    // Ctrl-C ends the waiting, and nothing else.
    let following = lab
        .command(&["run", "long.toml", "--wait"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let steps = |task| lab.printed("long", task).contains("epoch");
    lab.wait_until("two trainings are at work", || {
        lab.user.path("logs/long/slurm").is_dir() && lab.submissions("long") == 1 && steps(0) && steps(1)
    });
    signal(following.id(), "INT");
    let done = Done::of(&following.wait_with_output().unwrap());
    assert_eq!(done.code, 130, "{}", done.err);
    assert!(
        done.err.contains("goes on without this command") && done.err.contains("lossnet cancel long"),
        "{}",
        done.err
    );
    let job = lab.job("long");
    lab.wait_until("the reason is told", || {
        lab.must(&["status", "long"]).out.contains(&format!("(job {job}_2, PENDING: JobArrayTaskLimit)"))
    });
    let status = lab.must(&["status", "long"]).out;
    assert!(status.contains("2 running, 1 queued"), "{status}");

    let cancelled = lab.must(&["cancel", "long"]).out;
    assert_eq!(cancelled, format!("cancelled job {job}: 2 tasks running, told to save, 1 task waiting\n"));
    lab.wait_until("all is over", || lab.cluster.must("squeue", &["--noheader"]).is_empty());
    let status = lab.must(&["status", "long"]).out;
    assert!(status.contains("0 running, 0 queued, 3 failed"), "{status}");
    assert!(status.contains(&format!("job {job}_2 ended: CANCELLED")), "{status}");
    assert_eq!(lab.must(&["cancel", "long"]).out, "nothing of `long` waits or runs in Slurm\n");
    for task in [0, 1] {
        assert!(
            lab.printed("long", task).contains("all that was computed is saved"),
            "{}",
            lab.printed("long", task)
        );
    }

    // A task goes on from what was saved. Of one that saves nothing new there are three attempts.
    lab.must(&["run", "long.toml", "-s", "executor.slurm.max_running_tasks=1"]);
    let job = lab.job("long");
    lab.wait_until("the training goes on", || lab.printed("long", 0).contains("goes on after step"));
    assert_eq!(lab.json(&["cancel", "long", "--json"])[0]["job"], job);
}

/// A process that ends with this.
struct Idle(Child);

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_task_that_reaches_its_time_limit_without_saving_anything_gives_up() {
    let Some(lab) = Lab::new(1001) else { return };
    lab.user.write("long.toml", LONG);
    let one = ["run", "long.toml", "-s", "experiment.repetitions=1"];
    lab.must(&[&one[..], &["-s", "executor.slurm.options=[\"--hold\"]"]].concat());
    // Somebody else is at the cell and does nothing, so that the task can only wait.
    let idle = Idle(lab.command(&[&one[..], &["--executor", "in-process", "-q"]].concat()).spawn().unwrap());
    lab.wait_until("the other is at the cell", || lab.count("long", "running") == 1);
    signal(idle.0.id(), "STOP");
    let job = lab.job("long");
    let task = format!("{job}_0");
    lab.cluster.must("scontrol", &["release", &job.to_string()]);
    for attempt in 1..=3 {
        if attempt > 1 {
            lab.let_go_on(&task);
        }
        lab.wait_until("the task waits for the other", || {
            lab.printed("long", 0).matches("waiting for another process").count() == attempt
        });
        // As Slurm does before the time limit.
        lab.cluster.must("scancel", &["--batch", "--signal=USR1", &task]);
        lab.wait_until("the attempt ends", || !lab.slurm_state(&task).starts_with("RUNNING"));
    }
    drop(idle);
    lab.wait_until("the job is over", || lab.slurm_state(&task).starts_with("FAILED"));
    let status = lab.must(&["status", "long"]).out;
    assert!(status.contains("1 failed"), "{status}{}", lab.printed("long", 0));
    assert!(
        status.contains("gave up: it reached its time limit 3 times without having saved anything new"),
        "{status}"
    );
}
