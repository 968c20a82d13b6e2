//! A sweep as an array job, of which one task is killed and one is put into the queue again.

use crate::lab::{Lab, signal};
use crate::same::assert_same_results;
use crate::support::Done;

const SWEEP: &str = r#"
[experiment]
name = "sweep"

[task]
name = "metric"

[data]
name = "synthetic"
content = "triplets"
samples = 40
splits = ["val"]

[run]
device = "cpu"
threads = 1
num_workers = 1
batch_size = 4

[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1"]
"loss_network.weights" = ["random:0", "random:1", "random:2"]
"loss_network.layers" = ["1", "4"]
"loss_network.comparison" = ["spatial", "mean"]
"#;

const CELLS: usize = 24;
const TASKS: usize = 6;

#[test]
fn a_sweep_of_which_a_task_is_killed_and_one_is_requeued_ends_as_in_one_process() {
    let Some(lab) = Lab::new(1001) else { return };
    lab.user.write("sweep.toml", SWEEP);
    let submit = ["run", "sweep.toml", "--executor", "slurm"];
    // Held, so that nothing moves while it is looked at.
    let held = [&submit[..], &["-s", "executor.slurm.options=[\"--hold\"]"]].concat();

    let plan = lab.must(&[&held[..], &["--plan"]].concat()).out;
    assert!(plan.contains("#SBATCH --array=0-5") && plan.contains("#SBATCH --hold"), "{plan}");
    assert!(!lab.user.path("logs").exists(), "a plan wrote something");

    let told = lab.must(&held).err;
    let job = lab.job("sweep");
    assert!(
        told.contains(&format!("submitted job {job}")) && told.contains("lossnet status sweep"),
        "{told}"
    );
    let status = lab.must(&["status", "sweep"]).out;
    assert!(status.contains("24 queued") && status.contains(&format!("(job {job}_0, PENDING")), "{status}");
    // Slurm takes a moment to say why.
    lab.wait_until("the reason is told", || {
        lab.must(&["status", "sweep"]).out.contains(&format!("(job {job}_0, PENDING: JobHeldUser)"))
    });

    // Where there is no Slurm, what the folders say is shown, and that it is not all.
    let lonely = Done::of(&lab.command(&["status", "sweep"]).env("PATH", "/nowhere").output().unwrap());
    assert!(lonely.code == 0 && lonely.out.contains("24 to do"), "{}{}", lonely.out, lonely.err);
    assert!(lonely.err.contains("what Slurm knows of sweep is not shown"), "{}", lonely.err);

    // Nothing is submitted twice.
    let told = lab.must(&held).err;
    assert!(told.contains("24 of 24 cells wait or run already"), "{told}");
    assert_eq!(lab.submissions("sweep"), 1);

    lab.cluster.must("scontrol", &["release", &job.to_string()]);
    // The system's out-of-memory killer would do the same.
    lab.wait_until("task 0 has a worker", || lab.worker(job, 0).is_some());
    signal(lab.worker(job, 0).unwrap(), "KILL");
    lab.wait_until("task 1 has a worker", || lab.worker(job, 1).is_some());
    let running = lab.must(&["status", "sweep"]).out;
    assert!(running.contains(&format!("job {job}_1, RUNNING on n")), "{running}");
    let requeued = format!("{job}_1");
    lab.cluster.must("scontrol", &["requeue", &requeued]);
    lab.let_go_on(&requeued);
    lab.wait_until("the job is over", || lab.count("sweep", "queued") + lab.count("sweep", "running") == 0);

    let cells = lab.cells("sweep");
    let failed: Vec<_> = cells.iter().filter(|cell| cell["state"] == "failed").collect();
    assert_eq!(failed.len(), CELLS / TASKS, "{cells:?}\n{}", lab.printed("sweep", 1));
    for cell in &failed {
        assert!(cell["detail"].as_str().unwrap().contains("killed by signal 9 (SIGKILL)"), "{cell}");
    }
    assert_eq!(lab.count("sweep", "done"), CELLS - CELLS / TASKS);
    assert!(lab.printed("sweep", 1).contains("attempt 2"), "{}", lab.printed("sweep", 1));

    // The same command does what is left, and shows what was found.
    let done = lab.must(&[&submit[..], &["--wait"]].concat());
    assert_ne!(lab.job("sweep"), job);
    assert!(
        done.err.contains("20 of 24 cells done already") && done.err.contains("in 1 group"),
        "{}",
        done.err
    );
    assert!(done.out.contains("squeezenet1_1"), "{}", done.out);
    assert_eq!(lab.count("sweep", "done"), CELLS);

    let done = lab.must(&[&submit[..], &["--wait"]].concat());
    assert!(done.err.contains("24 of 24 cells done already"), "{}", done.err);
    assert_eq!(lab.submissions("sweep"), 2);

    // Whatever happened to them, cells have the results that they have in one process, and in several of this machine.
    for executor in ["in-process", "local"] {
        lab.must(&["-q", "run", "sweep.toml", "--executor", executor, "--logs", executor]);
        for cell in &cells {
            let id = cell["cell"].as_str().unwrap();
            let folder = |logs: &str| lab.user.path(logs).join("sweep").join(id);
            assert_same_results(&folder("logs"), &folder(executor));
        }
    }
}
