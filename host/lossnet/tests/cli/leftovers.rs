//! What is left when runs are killed at any moment, and when their folders are taken away: nothing that nobody needs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{User, names};

/// Kills in all, shared out among the tasks: `LOSSNET_TEST_KILLS` makes it another number.
const KILLS: usize = 15;

/// Every task in its smallest form, with a checkpoint after every step where it trains.
const TASKS: [(&str, &str); 5] = [
    (
        "metric",
        "[task]\nname = \"metric\"\n[loss_network]\nbackbone = \"squeezenet1_1\"\nlayers = [1]\n\
         [data]\nname = \"photos\"\ntriplets = 2\n",
    ),
    (
        "augmentation",
        "[task]\nname = \"augmentation\"\nvariant = \"lin\"\nsize = 32\n\
         [task.training]\nepochs = 3\nbatch_size = 4\ncheckpoint_minutes = 0.0\n\
         [loss_network]\nbackbone = \"squeezenet1_1\"\nlayers = [1]\n\
         [data]\nname = \"synthetic\"\ncontent = \"shapes\"\nsamples = 12\n",
    ),
    (
        "autoencoder",
        "[task]\nname = \"autoencoder\"\nlatent_dim = 4\npredictors = [[], [8]]\n\
         [task.training]\nepochs = 1\nbatch_size = 4\ncheckpoint_minutes = 0.0\n\
         [task.predictor_training]\nepochs = 4\nbatch_size = 4\ncheckpoint_minutes = 0.0\n\
         [loss_network]\nbackbone = \"pixels\"\nlayers = \"all\"\n\
         [data]\nname = \"synthetic\"\ncontent = \"shapes\"\nsamples = 8\nside = 64\n",
    ),
    (
        "delineation",
        "[task]\nname = \"delineation\"\ncrop = 32\nsize = 32\n\
         [task.training]\nepochs = 5\nbatch_size = 4\ncheckpoint_minutes = 0.0\n\
         [loss_network]\nbackbone = \"squeezenet1_1\"\nlayers = [1]\n\
         [data]\nname = \"synthetic\"\ncontent = \"curves\"\nsamples = 10\nside = 32\n",
    ),
    (
        "super-resolution",
        "[task]\nname = \"super-resolution\"\nsize = 24\ntrain_images = 8\nval_images = 2\nsave_images = 1\n\
         [task.training]\nepochs = 4\nbatch_size = 4\ncheckpoint_minutes = 0.0\n\
         [loss_network]\nbackbone = \"squeezenet1_1\"\nlayers = [1]\n\
         [data]\nname = \"synthetic\"\ncontent = \"shapes\"\nsamples = 8\nside = 24\nsplits = [\"test\"]\n",
    ),
];

const REST: &str = "[experiment]\nname = \"small\"\n[run]\ndevice = \"cpu\"\nnum_workers = 1\nthreads = 1\n";

fn config(task: &str) -> String {
    format!("{REST}{}", task.replace("[loss_network]\n", "[loss_network]\nweights = \"random:0\"\n"))
}

/// All files and folders below a folder.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}

/// Fails if something is there that no complete run leaves.
fn is_tidy(user: &User, kills: usize) {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let strays: Vec<PathBuf> = everything(&user.path(""))
        .into_iter()
        .filter(|path| {
            let name = name(path);
            [".tmp", ".writing-", ".unpacking-", ".nfs"].iter().any(|start| name.starts_with(start))
                || name.contains(".draft-")
                || path.extension().is_some_and(|ending| ending == "part")
        })
        .collect();
    assert!(strays.is_empty(), "left after {kills} kills: {strays:?}");
    assert!(
        names(&user.path("tmp")).is_empty(),
        "left in the temporary folder: {:?}",
        names(&user.path("tmp"))
    );
    // Of each stage: the last checkpoint and the one before, and the best weights that they know.
    let checkpoints = everything(&user.path("checkpoints/small"));
    let mut stages: Vec<&Path> = checkpoints.iter().filter_map(|path| path.parent()).collect();
    stages.sort_unstable();
    stages.dedup();
    for stage in stages {
        for (start, most) in [("step-", 2), ("best-", 2)] {
            let of_kind = names(stage).into_iter().filter(|name| name.starts_with(start));
            let is_header =
                |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "json");
            let (headers, tensors): (Vec<_>, Vec<_>) = of_kind.partition(is_header);
            assert!(headers.len() <= most, "{}: {headers:?} after {kills} kills", stage.display());
            let stem = |name: &String| name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
            let stems = |names: &[String]| {
                let mut stems: Vec<_> = names.iter().filter_map(stem).collect();
                stems.sort_unstable();
                stems
            };
            assert_eq!(stems(&headers), stems(&tensors), "{}", stage.display());
        }
    }
}

/// Numbers that look random, the same every time.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[test]
fn killed_runs_of_every_task_leave_no_stray_file() {
    let kills: usize =
        std::env::var("LOSSNET_TEST_KILLS").map_or(KILLS, |text| text.parse().expect("a number of kills"));
    let mut moments = Moments(20_261_201);
    for (task, text) in TASKS {
        let user = User::new();
        user.write("small.toml", &config(text));
        std::fs::create_dir(user.path("tmp")).unwrap();
        let command = |workers: bool| {
            let workers: &[&str] = if workers { &["--workers", "2"] } else { &[] };
            let mut command = user.command(&[&["-q", "run", "small.toml"], workers].concat());
            command.env("TMPDIR", user.path("tmp")).stdout(std::process::Stdio::null());
            command
        };
        let started = Instant::now();
        assert!(command(false).status().unwrap().success(), "{task}");
        let whole = started.elapsed().as_millis() as u64;
        std::fs::remove_dir_all(user.path("logs")).unwrap();
        let _ = std::fs::remove_dir_all(user.path("checkpoints"));
        let mut killed = 0;
        while killed < kills.div_ceil(TASKS.len()) {
            let workers = moments.next(3) == 0;
            let mut child = command(workers).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(moments.next(whole.max(1))));
            if child.try_wait().unwrap().is_some() {
                // Complete: from the beginning.
                is_tidy(&user, killed);
                std::fs::remove_dir_all(user.path("logs")).unwrap();
                let _ = std::fs::remove_dir_all(user.path("checkpoints"));
                continue;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        // It waits for workers whose parent was killed, and goes on from what they have saved.
        assert!(command(false).status().unwrap().success(), "{task}");
        is_tidy(&user, killed);
        eprintln!("{task}: {killed} kills, {whole} ms for a whole run");
        assert_eq!(names(&user.path("")).iter().filter(|name| name.starts_with('.')).count(), 0);
    }
}

#[test]
fn a_cell_whose_folder_is_deleted_while_it_runs_begins_anew_and_whole() {
    let training = TASKS[3].1.replace("epochs = 5", "epochs = 12");
    let whole = User::new();
    whole.write("small.toml", &config(&training));
    whole.must(&["run", "small.toml"]);
    let cell = |user: &User| {
        let folder = user.path("logs/small");
        let name = user.names("logs/small").into_iter().find(|name| folder.join(name).is_dir());
        name.map(|name| folder.join(name))
    };

    let user = User::new();
    user.write("small.toml", &config(&training));
    let mut child = user.command(&["-q", "run", "small.toml"]).spawn().unwrap();
    let started = Instant::now();
    let folder = loop {
        assert!(started.elapsed() < Duration::from_mins(2) && child.try_wait().unwrap().is_none());
        let of = user.path("logs/small").is_dir().then(|| cell(&user)).flatten();
        if let Some(folder) = of.filter(|folder| {
            std::fs::read_to_string(folder.join("metrics.jsonl")).is_ok_and(|text| text.lines().count() > 4)
        }) {
            break folder;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    std::fs::remove_dir_all(&folder).unwrap();
    child.wait().unwrap();
    user.must(&["run", "small.toml"]);
    // The curves of an undisturbed run, point by point.
    let lines = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(lines(folder), lines(cell(&whole).unwrap()));
}
