//! Training tasks over data in the formats in which STL-10 and SVHN are published.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::support::User;

/// A picture of a class: the brighter the higher, with a pattern that is the picture's own. Channel, row, column.
fn value(index: usize, label: usize, channel: usize, row: usize, column: usize) -> u8 {
    let pattern = (row * (index % 5 + 1) + column * (index % 3 + 1) + 40 * channel) % 24;
    (20 * label + pattern) as u8
}

/// Bytes of pictures in STL-10's order: each channel column by column.
fn stl10(count: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for index in 0..count {
        let label = index % 10;
        labels.push(label as u8 + 1);
        for channel in 0..3 {
            for column in 0..96 {
                images.extend((0..96).map(|row| value(index, label, channel, row, column)));
            }
        }
    }
    (images, labels)
}

/// One element of a MATLAB v5 file.
fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(kind.to_le_bytes());
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// A compressed array of bytes, as MATLAB and SciPy write it.
fn array(name: &str, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let integers =
        |values: &[usize]| values.iter().flat_map(|&value| (value as u32).to_le_bytes()).collect::<Vec<u8>>();
    // Class 9 is uint8.
    let body = [
        element(6, &integers(&[9, 0])),
        element(5, &integers(shape)),
        element(1, name.as_bytes()),
        element(2, values),
    ];
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&element(14, &body.concat())).unwrap();
    let compressed = encoder.finish().unwrap();
    // A compressed element is the only kind that is not padded.
    let mut bytes = Vec::new();
    bytes.extend(15_u32.to_le_bytes());
    bytes.extend((compressed.len() as u32).to_le_bytes());
    bytes.extend(compressed);
    bytes
}

/// A file as SVHN has it: `X` of 32 × 32 × 3 × N in column-major order, `y` with 10 for the digit 0.
fn svhn(count: usize) -> Vec<u8> {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for index in 0..count {
        let label = index % 10;
        labels.push(if label == 0 { 10 } else { label as u8 });
        for channel in 0..3 {
            for column in 0..32 {
                images.extend((0..32).map(|row| value(index, label, channel, row, column)));
            }
        }
    }
    let mut bytes = vec![b' '; 124];
    bytes[..10].copy_from_slice(b"MATLAB 5.0");
    bytes.extend(0x0100_u16.to_le_bytes());
    bytes.extend(*b"IM");
    bytes.extend(array("X", &[32, 32, 3, count], &images));
    bytes.extend(array("y", &[count, 1], &labels));
    bytes
}

fn user() -> User {
    let user = User::new();
    let write = |name: &str, bytes: &[u8]| {
        let path = user.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    for (split, count) in [("train", 40), ("test", 20), ("unlabeled", 24)] {
        let (images, labels) = stl10(count);
        write(&format!("datasets/stl10/stl10_binary/{split}_X.bin"), &images);
        if split != "unlabeled" {
            write(&format!("datasets/stl10/stl10_binary/{split}_y.bin"), &labels);
        }
    }
    for (split, count) in [("train", 40), ("test", 20), ("extra", 24)] {
        write(&format!("datasets/svhn/{split}_32x32.mat"), &svhn(count));
    }
    user
}

fn run(user: &User, task: &str, sweep: &str) -> Vec<serde_json::Value> {
    let config = format!(
        r#"
[experiment]
name = "formats"
[run]
device = "cpu"
offline = true
[loss_network]
backbone = "pixels"
layers = "all"
{task}
[sweep]
"data.name" = ["stl10", "svhn"]
{sweep}
"#
    );
    user.write("formats.toml", &config);
    user.must(&["run", "formats.toml"]);
    user.json(&["results", "formats", "--json"]).as_array().unwrap().clone()
}

#[test]
fn autoencoders_and_predictors_learn_from_stl10_and_svhn() {
    let user = user();
    let task = r#"
[task]
name = "autoencoder"
latent_dim = 8
predictors = [[32]]
[task.training]
epochs = 3
batch_size = 8
picture_epochs = 0
[task.predictor_training]
epochs = 40
batch_size = 8
learning_rate = 1e-2
[data]
"#;
    let rows = run(&user, task, "");
    for dataset in ["stl10", "svhn"] {
        let accuracy = rows
            .iter()
            .find(|row| {
                row["dataset"] == dataset && row["metric"] == "accuracy" && row["split"] == "test/best"
            })
            .unwrap_or_else(|| panic!("no accuracy for {dataset} in {rows:#?}"));
        // A tenth is chance; the classes differ in brightness.
        assert!(accuracy["value"].as_f64().unwrap() > 0.2, "{accuracy}");
        assert_eq!(accuracy["samples"], 20);
    }
}

#[test]
fn metrics_adapt_to_rankings_on_stl10_and_svhn() {
    let user = user();
    let task = r#"
[task]
name = "augmentation"
variant = "lin"
[task.training]
epochs = 2
batch_size = 16
[data]
"#;
    let rows = run(&user, task, "");
    for dataset in ["stl10", "svhn"] {
        let score = rows
            .iter()
            .find(|row| row["dataset"] == dataset && row["metric"] == "2afc_score" && row["split"] == "test")
            .unwrap_or_else(|| panic!("no score for {dataset} in {rows:#?}"));
        let value = score["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value) && score["samples"] == 20, "{score}");
    }
}
