//! What `--plan` and `run` find before anything runs.

use crate::datasets::npy;
use crate::support::User;

/// Three groups on triplets of the user's.
fn config(folder: &str) -> String {
    format!(
        r#"
[experiment]
name = "own"
[task]
name = "metric"
[data]
name = "paired-folder"
folder = "{folder}"
[loss_network]
weights = "random:0"
layers = [1]
[run]
device = "cpu"
[sweep]
"loss_network.backbone" = ["alexnet", "squeezenet1_1", "squeezenet1_0"]
"#
    )
}

fn triplets(user: &User, folder: &str, reference: &str) {
    for number in 0..3 {
        for (position, field) in [reference, "p0", "p1"].into_iter().enumerate() {
            user.picture(&format!("{folder}/{field}/{number}.ppm"), 32, 1.0 - 0.2 * position as f64);
        }
        std::fs::create_dir_all(user.path(folder).join("judge")).unwrap();
        std::fs::write(user.path(folder).join(format!("judge/{number}.npy")), npy(0.0)).unwrap();
    }
}

/// `run` and `run --plan` both end with exit code 2 and this sentence once, and leave nothing behind.
fn refused(user: &User, config: &str, sentence: &str) {
    for plan in [&["--plan"][..], &[]] {
        let done = user.run(&[&["run", config][..], plan].concat());
        assert_eq!(done.code, 2, "{}{}", done.out, done.err);
        assert_eq!(done.err.matches(sentence).count(), 1, "`{sentence}` in {}", done.err);
        assert!(!user.path("logs").exists());
    }
}

#[test]
fn a_folder_that_is_not_there_is_said_once_and_before_anything_runs() {
    let user = User::new();
    user.write("in/own.toml", &config("trip"));
    let missing = format!(
        "the directory of the dataset `paired-folder`, {}, does not exist",
        user.path("in/trip").display()
    );
    refused(&user, "in/own.toml", &missing);
    user.write("in/trip", "");
    refused(&user, "in/own.toml", "is not a directory");
}

#[test]
fn splits_fields_and_partners_that_are_missing_are_said_once() {
    let user = User::new();
    user.write("own.toml", &config("trip"));
    triplets(&user, "trip", "reference");
    refused(&user, "own.toml", "have judge, p0, p1, reference, and the task `metric` needs ref or same, too");
    std::fs::rename(user.path("trip/reference"), user.path("trip/ref")).unwrap();
    std::fs::remove_file(user.path("trip/p1/1.ppm")).unwrap();
    refused(&user, "own.toml", "p1");
    let split = user.run(&["run", "own.toml", "--plan", "-s", "data.splits=none"]);
    assert_eq!(split.code, 2, "{}", split.err);
    assert!(split.err.contains("there is no split `none`"), "{}", split.err);
}

/// A broken file is an error of every split that its folder is opened for.
#[test]
fn a_broken_file_is_said_once_of_all_splits_of_its_folder_and_once_of_each_folder() {
    let user = User::new();
    let of_one_folder = "splits = [\"one\", \"two\"]\nsplit = { one = 0.5, two = 0.5 }\nfolder =";
    user.write("own.toml", &config("trip").replace("folder =", of_one_folder));
    triplets(&user, "trip", "ref");
    user.must(&["run", "own.toml", "--plan"]);
    user.write("trip/p1/1.ppm", "P6 not an image");
    refused(&user, "own.toml", &user.path("trip/p1/1.ppm").display().to_string());

    let of_two_folders = config("both").replace("folder =", "splits = [\"one\", \"two\"]\nfolder =");
    user.write("own.toml", &of_two_folders);
    for split in ["one", "two"] {
        triplets(&user, &format!("both/{split}"), "ref");
        user.write(&format!("both/{split}/p1/1.ppm"), "P6 not an image");
    }
    for split in ["one", "two"] {
        refused(&user, "own.toml", &user.path(&format!("both/{split}/p1/1.ppm")).display().to_string());
    }
}

#[test]
fn data_that_is_there_is_planned_with_its_size() {
    let user = User::new();
    user.write("own.toml", &config("trip"));
    triplets(&user, "trip", "ref");
    let plan = user.json(&["run", "own.toml", "--plan", "--calibrate", "--json"]);
    for group in plan["groups"].as_array().unwrap() {
        assert_eq!(group["estimate"]["time"]["source"]["from"], "flops", "{group}");
    }
    user.must(&["run", "own.toml"]);
}

#[test]
fn the_split_that_a_task_trains_on_is_looked_for() {
    let user = User::new();
    user.picture("hr/test/a.ppm", 64, 1.0);
    let config = config("hr")
        .replace("paired-folder", "image-folder")
        .replace("\"metric\"", "\"super-resolution\"")
        .replace("layers = [1]", "layers = [0]");
    user.write(
        "own.toml",
        &(config + "[data.test.mine]\nname = \"image-folder\"\nfolder = \"hr\"\nsplits = [\"test\"]\n"),
    );
    let done = user.run(&["run", "own.toml", "--plan", "-s", "data.splits=test"]);
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    assert!(done.err.contains("there is no split `train`"), "{}", done.err);
}

#[test]
fn a_published_dataset_is_brought_by_the_run_unless_downloads_are_forbidden() {
    let user = User::new();
    let config = config("nowhere")
        .replace("paired-folder", "bapps")
        .replace("folder =", "splits = [\"val\"]\nfolder =");
    user.write("own.toml", &config);
    let done = user.run(&["run", "own.toml", "--plan"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.err.matches("`bapps` is not in").count(), 1, "{}", done.err);
    let offline = user.run(&["run", "own.toml", "--plan", "--offline"]);
    assert_eq!(offline.code, 2, "{}", offline.out);
    assert!(offline.err.contains("run `lossnet fetch bapps` first"), "{}", offline.err);
}

#[test]
fn weights_that_are_not_there_are_found_by_the_plan() {
    let user = User::new();
    user.write("in/own.toml", &config("trip").replace("random:0", "w.pth"));
    triplets(&user, "in/trip", "ref");
    let whole = format!("`w.pth` ({}), which does not exist", user.path("in/w.pth").display());
    refused(&user, "in/own.toml", &whole);
}

#[test]
fn the_version_is_a_command_and_help_has_examples() {
    let user = User::new();
    assert_eq!(user.must(&["version"]), user.must(&["--version"]));
    let help = user.must(&["run", "--help"]);
    assert!(
        help.contains("Options of every command:") && help.contains("Examples:\n  lossnet run"),
        "{help}"
    );
}
