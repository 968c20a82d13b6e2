//! Executors: what runs cells changes no result, and whatever happens to one of them is recorded and survived.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::same::assert_same_results;
use crate::support::{Done, User, faulty};

/// A sweep with one group for each backbone. With one thread, since sums over threads differ in their last bits.
fn sweep(triplets: usize) -> String {
    format!(
        r#"
[experiment]
name = "small"
[task]
name = "metric"
[data]
name = "synthetic"
content = "triplets"
samples = {triplets}
splits = ["val"]
[loss_network]
weights = "random:0"
[run]
device = "cpu"
threads = 1
batch_size = 2
[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1", "resnet18"]
"loss_network.layers" = ["1", "4"]
"#
    )
}

/// A task that ends as each value of `how` says; a group for each.
fn endings(how: &str, rest: &str) -> String {
    format!(
        r#"
[experiment]
name = "small"
[task]
name = "ending_task"
{rest}
[data]
name = "synthetic"
content = "triplets"
samples = 2
splits = ["val"]
[loss_network]
backbone = "squeezenet1_1"
layers = [1]
weights = "random:0"
[run]
device = "cpu"
[sweep]
"task.how" = {how}
"#
    )
}

/// A user with this config and the plugin that ends processes.
fn user(config: &str) -> User {
    let user = User::new();
    user.write("small.toml", config);
    std::fs::create_dir_all(user.path("data/lossnet/plugins")).unwrap();
    std::fs::copy(faulty("faulty_ends"), user.path("data/lossnet/plugins/libfaulty_ends.so")).unwrap();
    user
}

/// The folders of the cells.
fn cells(user: &User) -> Vec<PathBuf> {
    let is_cell = |name: &&String| name.len() == 16 && !name.contains('.');
    let names = user.names("logs/small");
    names.iter().filter(is_cell).map(|name| user.path("logs/small").join(name)).collect()
}

/// How often work on a cell began.
fn beginnings(cell: &Path) -> usize {
    let log = std::fs::read_to_string(cell.join("run.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains(" began ")).count()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn done_cells(user: &User) -> usize {
    if !user.path("logs/small").is_dir() {
        return 0;
    }
    cells(user).iter().filter(|cell| cell.join("result.json").is_file()).count()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_mins(2), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn start(user: &User, arguments: &[&str]) -> Child {
    user.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(signal: &str, process: &Child) {
    let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn end(process: Child) -> Done {
    Done::of(&process.wait_with_output().unwrap())
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let user = User::new();
    user.write("small.toml", &sweep(2));
    user.refused(
        &["run", "small.toml", "--executor", "in-process", "--workers", "2"],
        &["--workers and --devices are for --executor local", "run.device"],
    );
    user.refused(
        &["run", "small.toml", "--executor", "slurm", "--devices", "cpu"],
        &["--workers and --devices are for --executor local", "executor.slurm.max_running_tasks"],
    );
    for executor in [&[][..], &["--executor", "local"], &["--workers", "2"]] {
        let arguments = [&["run", "small.toml", "--wait"], executor].concat();
        user.refused(&arguments, &["--wait is for --executor slurm"]);
    }
    assert!(!user.path("logs").exists());
}

#[test]
fn a_measurement_is_the_same_in_this_process_and_in_others() {
    let (here, there) = (user(&sweep(6)), user(&sweep(6)));
    here.must(&["run", "small.toml"]);
    let done = there.run(&["run", "small.toml", "--workers", "2"]);
    assert_eq!(done.code, 0, "{}", done.err);
    // Which of the two is told of first is up to the system.
    assert!(done.err.contains("worker 1: group ") && done.err.contains("worker 2: group "), "{}", done.err);
    assert!(done.err.contains("all: 6 cells in"), "{}", done.err);
    assert_same_results(&there.path("logs/small"), &here.path("logs/small"));
}

#[test]
fn a_run_with_workers_ends_as_one_in_this_process_does() {
    let ending = |workers: &[&str]| {
        let user = user(&sweep(64));
        let done = user.run(&[&["run", "small.toml"], workers].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(user.path("logs/small/report.html").is_file(), "{}", done.out);
        done.out
    };
    let out = ending(&["--workers", "2"]);
    // The answer, the best five of six with their intervals, the baseline, and where the report is.
    assert!(out.starts_with("On `metric` (synthetic val/mean, 2afc_score), "), "{out}");
    let ranked = out.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(ranked.filter(|line| line.contains('[')).count(), 5, "{out}");
    assert!(out.contains("\nand 1 more contender") && out.contains("\n–  chance "), "{out}");
    assert_eq!(out.trim_end().lines().last(), Some("report: logs/small/report.html"), "{out}");
    // No time is in it: the cheapest is found by multiply-adds.
    assert_eq!(out, ending(&[]));
}

#[test]
fn a_training_is_the_same_in_this_process_and_in_others() {
    let config = r#"
[experiment]
name = "small"
[run]
device = "cpu"
threads = 1
[task]
name = "delineation"
crop = 32
size = 32
[task.training]
epochs = 2
batch_size = 4
[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
layers = [1]
[data]
name = "synthetic"
content = "curves"
samples = 8
side = 32
[sweep]
"task.perceptual_weight" = [0.0, 0.1]
"#;
    let (here, there) = (user(config), user(config));
    here.must(&["run", "small.toml"]);
    there.must(&["run", "small.toml", "-s", "executor.local.workers=2", "-s", "run.executor=local"]);
    // Who runs them is a setting of the run that the cells' configs keep.
    for (user, executor) in [(&here, "in-process"), (&there, "local")] {
        for cell in cells(user) {
            for file in ["config.toml", "result.json"] {
                let text = std::fs::read_to_string(cell.join(file)).unwrap();
                assert!(text.contains(executor), "{text}");
                std::fs::write(cell.join(file), text.replace(executor, "an executor")).unwrap();
            }
        }
    }
    assert_same_results(&there.path("logs/small"), &here.path("logs/small"));
    assert_same_results(&there.path("checkpoints/small"), &here.path("checkpoints/small"));
}

#[test]
fn however_a_worker_dies_the_reason_is_kept_and_the_sweep_goes_on() {
    let user = user(&endings(r#"["", "kill", "segfault", "abort", "exit", "fail"]"#, ""));
    let done = user.run(&["run", "small.toml", "--workers", "2"]);
    assert_eq!(done.code, 3, "{}", done.err);
    let mut reasons = Vec::new();
    for cell in cells(&user) {
        let log = std::fs::read_to_string(cell.join("run.log")).unwrap();
        if cell.join("result.json").is_file() {
            assert!(log.ends_with("complete\n") && !cell.join("failed.json").exists(), "{log}");
            continue;
        }
        let error = json(&cell.join("failed.json"))["error"].clone();
        let message = error["message"].as_str().unwrap().to_owned();
        assert!(log.contains(&format!("failed: {message}")), "{log}");
        assert!(done.err.contains(&message), "{}", done.err);
        if message.starts_with("the worker") {
            assert!(error["causes"].to_string().contains("this is the end: "), "{error}");
        }
        reasons.push(message);
    }
    reasons.sort();
    let expected = [
        "in task `ending_task` of lossnet-engine 0.1.0: it was told to fail",
        "the worker ended with exit code 7 before its cells were done",
        "the worker was killed by signal 11 (SIGSEGV): a bug in a plugin or library, or a file that was cut while in use",
        "the worker was killed by signal 6 (SIGABRT): a plugin or library gave up",
        "the worker was killed by signal 9 (SIGKILL): often the system's out-of-memory killer",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(done_cells(&user), 1);
    let status = user.must(&["status", "small"]);
    assert!(status.contains("out-of-memory killer"), "{status}");
}

#[test]
fn what_failed_is_tried_again_as_often_as_was_asked() {
    for workers in [&["--workers", "1"][..], &[]] {
        let how = if workers.is_empty() { "fail" } else { "kill" };
        let user = user(&endings(&format!("[\"{how}\"]"), "once = \"marker\""));
        let arguments = [&["run", "small.toml", "--retries", "2"], workers].concat();
        let done = user.run(&arguments);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(done.err.contains("is tried again"), "{}", done.err);
        assert_eq!(beginnings(&cells(&user)[0]), 2);
    }
    // Never to end well: the first time and two more.
    let user = user(&endings(r#"["abort"]"#, ""));
    let done = user.run(&["run", "small.toml", "--retries", "2", "--workers", "1"]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert_eq!(beginnings(&cells(&user)[0]), 3);
}

#[test]
fn wrong_input_is_not_tried_again() {
    for executor in ["in-process", "local"] {
        let user = user(&sweep(2).replace("random:0", "broken.pth"));
        user.write("broken.pth", "no weights");
        let done = user.run(&["run", "small.toml", "--retries", "3", "--executor", executor]);
        assert_eq!(done.code, 2, "{}", done.err);
        for cell in cells(&user) {
            assert_eq!(beginnings(&cell), 1);
        }
    }
}

#[test]
fn the_first_failure_ends_a_run_that_is_to_fail_fast() {
    for executor in ["in-process", "local"] {
        let user = user(&endings(r#"["", "fail", "exit", "kill"]"#, ""));
        let arguments = ["run", "small.toml", "--fail-fast", "--executor", executor];
        let done = user.run(&arguments);
        assert_eq!(done.code, 3, "{}", done.err);
        assert!(done.err.contains("left 2 cells undone"), "{}", done.err);
        assert_eq!(cells(&user).len(), 2, "a group was begun after the failure");
    }
}

#[test]
fn workers_stop_when_their_parent_is_killed_and_the_same_command_goes_on() {
    let whole = user(&sweep(40));
    whole.must(&["run", "small.toml"]);
    let cut = user(&sweep(40));
    let mut killed = 0;
    let mut times: Vec<(PathBuf, std::time::SystemTime)> = Vec::new();
    let modified = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    for part in 1..=3_u64 {
        let mut parent = start(&cut, &["-q", "run", "small.toml", "--workers", "2"]);
        // Half-way: scores of a few batches are there, and of other cells perhaps all.
        let mut written = 0;
        wait_until("work", || {
            let sizes = cells_if_any(&cut).into_iter().filter_map(|cell| {
                std::fs::metadata(cell.join("samples.val.csv")).ok().map(|data| data.len())
            });
            written = sizes.sum::<u64>();
            written > part * 1000 || parent.try_wait().unwrap().is_some()
        });
        if parent.try_wait().unwrap().is_some() {
            break;
        }
        parent.kill().unwrap();
        parent.wait().unwrap();
        killed += 1;
        let killed_at = Instant::now();
        wait_until("the end of the workers", || !is_any_running(&cut));
        assert!(killed_at.elapsed() < Duration::from_secs(30));
        // What was complete before is not done again.
        for (result, made) in &times {
            assert_eq!(modified(result), *made, "{} was made again", result.display());
        }
        let complete = cells(&cut).into_iter().map(|cell| cell.join("result.json"));
        times =
            complete.filter(|result| result.is_file()).map(|path| (path.clone(), modified(&path))).collect();
    }
    assert!(killed > 0, "the run was over before it could be killed");
    cut.must(&["run", "small.toml", "--workers", "2"]);
    assert_same_results(&cut.path("logs/small"), &whole.path("logs/small"));
    assert!(cells(&cut).iter().any(|cell| beginnings(cell) > 1), "nothing was continued");
}

fn cells_if_any(user: &User) -> Vec<PathBuf> {
    if user.path("logs/small").is_dir() { cells(user) } else { Vec::new() }
}

/// Whether a process is at a cell.
fn is_any_running(user: &User) -> bool {
    let status = user.json(&["status", "small", "--json"]);
    status[0]["cells"].as_array().unwrap().iter().any(|cell| cell["state"] == "running")
}

#[test]
fn an_interruption_is_passed_on_to_workers() {
    let whole = user(&sweep(40));
    whole.must(&["run", "small.toml"]);
    for signal in ["-INT", "-TERM"] {
        let user = user(&sweep(40));
        let parent = start(&user, &["run", "small.toml", "--workers", "2"]);
        wait_until("work", || {
            cells_if_any(&user).iter().any(|cell| {
                std::fs::metadata(cell.join("samples.val.csv")).is_ok_and(|data| data.len() > 200)
            })
        });
        send(signal, &parent);
        let done = end(parent);
        assert_eq!(done.code, 130, "{}", done.err);
        assert!(done.err.contains("Run the same command to resume"), "{}", done.err);
        assert!(done_cells(&user) < 6, "it was over before it could be interrupted");
        assert!(!is_any_running(&user));
        assert!(cells(&user).iter().all(|cell| !cell.join("failed.json").exists()));
        user.must(&["run", "small.toml", "--workers", "2"]);
        assert_same_results(&user.path("logs/small"), &whole.path("logs/small"));
    }
}

#[test]
fn two_runs_at_once_never_do_a_cell_twice() {
    for (first, second) in [(&[][..], &["--workers", "2"][..]), (&["--workers", "2"], &["--workers", "2"])] {
        let user = user(&sweep(10));
        let one = start(&user, &[&["run", "small.toml"], first].concat());
        let other = start(&user, &[&["run", "small.toml"], second].concat());
        let (one, other) = (end(one), end(other));
        assert_eq!((one.code, other.code), (0, 0), "{}\n{}", one.err, other.err);
        assert_eq!(done_cells(&user), 6);
        for cell in cells(&user) {
            assert_eq!(beginnings(&cell), 1, "{}", cell.display());
        }
    }
}

#[test]
fn what_a_killed_run_leaves_is_taken_over_by_one_that_waits_for_it() {
    let user = user(&sweep(200).replace(r#"["alexnet", "squeezenet1_1", "resnet18"]"#, r#"["resnet18"]"#));
    let mut first = start(&user, &["-q", "run", "small.toml"]);
    wait_until("work", || cells_if_any(&user).len() == 2);
    let mut second = start(&user, &["run", "small.toml", "--workers", "1"]);
    let mut lines = BufReader::new(second.stderr.take().unwrap()).lines().map(Result::unwrap);
    let waits = lines.find(|line| line.contains("waiting for another process that is at 2 cells"));
    assert!(waits.is_some(), "it did not wait");
    assert!(first.try_wait().unwrap().is_none(), "it was over before it could be killed");
    first.kill().unwrap();
    first.wait().unwrap();
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("stopped with 2 cells unfinished")), "{rest:?}");
    assert_eq!(second.wait().unwrap().code(), Some(0), "{rest:?}");
    assert_eq!(done_cells(&user), 2);
}

#[test]
fn an_evaluation_that_needs_too_much_memory_goes_on_in_smaller_batches() {
    let hungry = |batch_size: u32, most: i32| {
        let config = sweep(16)
            .replace("batch_size = 2", &format!("batch_size = {batch_size}"))
            .replace("[run]", &format!("comparison = \"hungry\"\nmost = {most}\n[run]"));
        let user = user(&config.replace(r#""squeezenet1_1", "resnet18""#, ""));
        let done = user.run(&["run", "small.toml"]);
        (user, done)
    };
    let (small, done) = hungry(1, 3);
    assert_eq!(done.code, 0, "{}", done.err);
    let (halved, done) = hungry(8, 3);
    assert_eq!(done.code, 0, "{}", done.err);
    for (batch, smaller) in [(8, 4), (4, 2)] {
        let sentence =
            format!("memory ran out while evaluating {batch} samples at a time: going on with {smaller}");
        assert!(done.err.contains(&sentence), "no `{sentence}` in {}", done.err);
    }
    for (cell, other) in cells(&halved).iter().zip(cells(&small)) {
        let scores = |cell: &Path| std::fs::read_to_string(cell.join("samples.val.csv")).unwrap();
        assert_eq!(scores(cell), scores(&other), "scores depend on the batch's size");
        let metrics = |cell: &Path| json(&cell.join("result.json"))["metrics"].clone();
        assert_eq!(metrics(cell), metrics(&other));
        let log = std::fs::read_to_string(cell.join("run.log")).unwrap();
        assert!(log.contains("memory ran out: going on with batches of 2"), "{log}");
    }
    let (_, done) = hungry(4, 0);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.err.contains("even one sample at a time is too much"), "{}", done.err);
}

#[test]
fn a_worker_says_what_happens_line_by_line_and_how_it_ended() {
    let user = user(&sweep(2));
    let plan = user.json(&["run", "small.toml", "--plan", "--json"]);
    assert!(plan["groups"].as_array().is_some_and(|groups| groups.len() == 3), "{plan}");
    user.must(&["run", "small.toml", "--logs", "whole"]);
    let plan = "whole/small/plan.json";
    let done = user.run(&["worker", "--plan", plan, "--group", "1", "--events"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let events: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<&Value> = events.iter().filter(|event| event["event"] == "cell").collect();
    assert_eq!(outcomes.len(), 2, "{}", done.out);
    assert!(outcomes.iter().all(|event| event["value"]["outcome"] == "Done"), "{}", done.out);
    assert_eq!(done_cells(&user), 2);
    // Done already.
    let done = user.run(&["worker", "--plan", plan, "--group", "1"]);
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    user.refused(&["worker", "--plan", plan, "--group", "3"], &["no group 3"]);
    user.refused(&["worker", "--plan", "nowhere.json", "--group", "0"], &["nowhere.json"]);
    // Asked to stop, by a signal or by the end of its input, before it has begun.
    let mut stopped = user.command(&["worker", "--plan", plan, "--group", "0", "--stop-with-input"]);
    assert_eq!(stopped.stdin(Stdio::null()).status().unwrap().code(), Some(130));
    assert_eq!(done_cells(&user), 2);
}

#[test]
fn what_can_not_be_shared_out_is_refused() {
    let user = user(&sweep(2));
    user.refused(&["run", "small.toml", "--devices", "gpu0"], &["cpu, cuda or cuda:N"]);
    user.refused(&["run", "small.toml", "--workers", "0"], &["0", "workers"]);
    user.refused(&["run", "small.toml", "-s", "executor.local.workrs=2"], &["workrs", "workers"]);
    if Path::new("/proc/driver/nvidia/version").exists() {
        eprintln!("skipped: this machine may well have a CUDA device");
        return;
    }
    // What the config asks for is not there, in this process and in workers.
    for executor in ["in-process", "local"] {
        let done = user.run(&["run", "small.toml", "-s", "run.device=cuda", "--executor", executor]);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains("CUDA"), "{}", done.err);
    }
}
