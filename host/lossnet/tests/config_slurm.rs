//! `[executor.slurm]`: what is wrong with it is said before anything is submitted, and none of it is a part of what a cell is.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use config_fixture::{COMPLETE, Configs, plan};
use serde_json::json;

#[test]
fn each_mistake_has_its_sentence() {
    let cases = [
        (
            "partitions = \"gpu\"",
            "test.toml:10: `executor.slurm.partitions` is not a setting of [executor.slurm]; did you mean `partition`?",
        ),
        (
            "partition = \"two words\"",
            "test.toml:10: `executor.slurm.partition` must be a name without spaces, not `two words`",
        ),
        (
            "time = \"12h\"",
            "test.toml:10: `executor.slurm.time` must be a time as Slurm takes it, such as \"90\" (minutes), \"12:30:00\" \
             (hours:minutes:seconds), \"2-12\" (days-hours) or \"2-12:30:00\", not `12h`",
        ),
        (
            "mem = \"16 GB\"",
            "test.toml:10: `executor.slurm.mem` must be memory as Slurm takes it, such as \"16G\" or \"4000M\" (\"0\": all of \
             the node's), not `16 GB`",
        ),
        (
            "gres = \"gpu=1\"",
            "test.toml:10: `executor.slurm.gres` must be resources as Slurm takes them, such as \"gpu:1\" or \
             \"gpu:a100:1\", not `gpu=1`",
        ),
        ("cpus = 0", "test.toml:10: `executor.slurm.cpus` must be a whole number from 1 to 65535, not 0"),
        (
            "options = [\"--array=0-3\"]",
            "test.toml:10: `executor.slurm.options` must be a list; each an option that is left to you, which `--array` is \
             not: lossnet numbers the tasks; set `max_running_tasks` to run fewer at once, not `--array=0-3`",
        ),
        (
            "options = [\"exclusive\"]",
            "test.toml:10: `executor.slurm.options` must be a list; each an option of sbatch in one line, such as \
             \"--constraint=a100\", not `exclusive`",
        ),
        ("setup = 3", "test.toml:10: `executor.slurm.setup` must be a list of texts, not 3"),
        (
            "time = \"2\"",
            "test.toml:10: tasks would be told to save before they begin: `executor.slurm.signal_seconds` is 120, and their \
             time limit `executor.slurm.time` is 2; raise the limit, or lower `signal_seconds`",
        ),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .map(|(line, sentence)| (plan(&format!("{COMPLETE}[executor.slurm]\n{line}")).unwrap_err(), sentence))
        .filter(|(said, sentence)| said != sentence)
        .map(|(said, sentence)| format!("said: {said}\nwant: {sentence}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn settings_reach_the_plan_and_change_no_cell() {
    let configs = Configs::new(&[("test.toml", COMPLETE)]);
    let without = configs.plan("test.toml", &[], &[]).unwrap();
    let with = configs
        .plan(
            "test.toml",
            &[("LOSSNET__EXECUTOR__SLURM__PARTITION", "gpu")],
            &["executor.slurm.time=90", "executor.slurm.setup=module load a, b", "run.executor=slurm"],
        )
        .unwrap();
    let settings = &with.surroundings.executors["slurm"];
    assert_eq!(settings["partition"], "gpu");
    assert_eq!(settings["time"], "90");
    // One line, commas or not.
    assert_eq!(settings["setup"], json!(["module load a, b"]));
    assert_eq!(with.cells[0].id, without.cells[0].id);
}
