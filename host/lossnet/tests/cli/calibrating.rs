//! A calibration that one task has learned is a comparison for every other.

use std::path::PathBuf;

use crate::support::User;

const LEARN: &str = r#"
[experiment]
name = "learn"
[run]
device = "cpu"
[task]
name = "metric"
variant = "lin"
size = 32
[task.training]
epochs = 2
batch_size = 8
[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
layers = [1, 4]
[data]
name = "synthetic"
content = "triplets"
samples = 16
side = 32
splits = ["val"]
"#;

/// A task that trains with what the first one has learned.
fn use_it(task: &str, content: &str, calibration: Option<&PathBuf>) -> String {
    let calibration =
        calibration.map(|path| format!("calibration = \"{}\"", path.display())).unwrap_or_default();
    format!(
        r#"
[experiment]
name = "{}"
[run]
device = "cpu"
{task}
[loss_network]
backbone = "squeezenet1_1"
weights = "random:0"
normalize = "imagenet"
layers = [1, 4]
{calibration}
[data]
name = "synthetic"
content = "{content}"
samples = 8
side = 64
"#,
        if calibration.is_empty() { "plain" } else { "calibrated" }
    )
}

fn calibration(user: &User) -> PathBuf {
    let cell = user.names("checkpoints/learn").pop().unwrap();
    let path = user.path("checkpoints/learn").join(cell).join("calibration.pth");
    assert!(path.is_file(), "{} is missing", path.display());
    path
}

#[test]
fn a_learned_calibration_is_used_by_other_tasks_and_by_compare() {
    let user = User::new();
    user.write("learn.toml", LEARN);
    user.must(&["run", "learn.toml"]);
    let calibration = calibration(&user);

    let tasks = [
        (
            "[task]\nname = \"delineation\"\ncrop = 32\nsize = 64\nperceptual_weight = 1.0\nperceptual = \"comparison\"\n\
             [task.training]\nepochs = 1\nbatch_size = 4",
            "curves",
            "unet",
        ),
        (
            "[task]\nname = \"autoencoder\"\nlatent_dim = 4\nperceptual = \"comparison\"\npredictors = [[]]\n\
             [task.training]\nepochs = 1\nbatch_size = 4\n[task.predictor_training]\nepochs = 1",
            "shapes",
            "autoencoder",
        ),
    ];
    for (task, content, stage) in tasks {
        let losses = [None, Some(&calibration)].map(|calibration| {
            user.write("use.toml", &use_it(task, content, calibration));
            user.must(&["run", "use.toml"]);
            let experiment = if calibration.is_some() { "calibrated" } else { "plain" };
            let folder = user.path("logs").join(experiment);
            let cell = user.names(&format!("logs/{experiment}")).into_iter().find(|name| {
                let curves = folder.join(name).join("metrics.jsonl");
                std::fs::read_to_string(curves).is_ok_and(|text| text.contains(&format!("\"{stage}/")))
            });
            let text = std::fs::read_to_string(folder.join(cell.unwrap()).join("metrics.jsonl")).unwrap();
            let first = text.lines().find(|line| line.contains(&format!("\"{stage}/step_loss\""))).unwrap();
            serde_json::from_str::<serde_json::Value>(first).unwrap()["value"].as_f64().unwrap()
        });
        // Half of the weights are 0 and all are small, so a calibrated distance is another number.
        assert!(losses[0] > 0.0 && losses[1] > 0.0, "{stage}: {losses:?}");
        assert!((losses[0] - losses[1]).abs() > 1e-4 * losses[0], "{stage}: {losses:?}");
    }

    user.picture("a.ppm", 32, 1.0);
    user.picture("b.ppm", 32, 0.6);
    let calibration = calibration.display().to_string();
    let mut arguments = vec!["compare", "a.ppm", "b.ppm", "--backbone", "squeezenet1_1", "--layers", "1,4"];
    arguments.extend(["--weights", "random:0", "--json"]);
    let plain = user.json(&arguments)["distance"].as_f64().unwrap();
    arguments.extend(["--calibration", &calibration]);
    let calibrated = user.json(&arguments);
    assert!(calibrated["distance"].as_f64().unwrap() < plain, "{calibrated} against {plain}");
    assert!(!calibrated["signature"].as_str().unwrap().contains("calibration=none"), "{calibrated}");
    // It belongs to these layers.
    arguments[6] = "1,4,7";
    user.refused(&arguments, &["calibration"]);
}
