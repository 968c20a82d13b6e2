//! What can't be submitted, and why.

use crate::lab::Lab;

const SMALL: &str = r#"
[experiment]
name = "small"
[task]
name = "metric"
[data]
name = "synthetic"
samples = 2
splits = ["val"]
[loss_network]
weights = "random:0"
backbone = "squeezenet1_1"
[run]
device = "cpu"
executor = "slurm"
[sweep]
"loss_network.layers" = ["1", "4"]
"run.seed" = [0, 1, 2, 3, 4]
"#;

/// Exit code 2, these parts, and nothing of a submission.
fn refused(lab: &Lab, arguments: &[&str], parts: &[&str]) {
    let done = lab.run(&[&["run", "small.toml"], arguments].concat());
    assert_eq!(done.code, 2, "{arguments:?}: {}{}", done.out, done.err);
    for part in parts {
        assert!(done.err.contains(part), "{arguments:?}: no `{part}` in {}", done.err);
    }
    assert!(
        !lab.user.path("logs/small/slurm").exists() || lab.submissions("small") == 0,
        "a submission is left"
    );
}

#[test]
fn what_slurm_refuses_is_told_in_its_own_words_and_arrays_keep_to_the_limit() {
    let Some(lab) = Lab::new(4) else { return };
    lab.user.write("small.toml", SMALL);
    refused(
        &lab,
        &["-s", "executor.slurm.partition=gpu"],
        &["sbatch", "invalid partition specified: gpu", "[executor.slurm]"],
    );
    refused(&lab, &["-s", "executor.slurm.options=[\"--no-such-option\"]"], &["sbatch", "no-such-option"]);
    refused(&lab, &["--logs", "back\\slash"], &["backslash", "--logs"]);
    refused(&lab, &["--executor", "slurm", "--workers", "2"], &["--workers", "max_running_tasks"]);

    let mut lonely = lab.command(&["run", "small.toml"]);
    let done = crate::support::Done::of(&lonely.env("PATH", "/nowhere").output().unwrap());
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("not on the PATH") && done.err.contains("no Slurm at hand"), "{}", done.err);

    // Five groups, and arrays of at most four tasks.
    let plan = lab.must(&["run", "small.toml", "--plan"]);
    assert!(plan.out.contains("--array=0-2\n"), "{}", plan.out);
    assert!(plan.err.contains("up to 2 groups") && plan.err.contains("at most 4 tasks"), "{}", plan.err);
    let done = lab.must(&["run", "small.toml", "--wait"]);
    assert!(done.err.contains("10 cells in 5 groups and 3 tasks"), "{}", done.err);
    assert_eq!(lab.count("small", "done"), 10);
}
