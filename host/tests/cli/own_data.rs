//! `init`: from a folder of the user's to a config that runs.

use std::fmt::Write as _;

use crate::support::User;

/// A plain picture, or a mask with a line.
fn pictures(user: &User, folder: &str, count: usize, side: usize) {
    for number in 0..count {
        user.picture(&format!("{folder}/{number}.ppm"), side, 1.0 - number as f64 / (2 * count) as f64);
    }
}

fn masks(user: &User, folder: &str, count: usize, side: usize) {
    for number in 0..count {
        let mut text = format!("P2 {side} {side} 255\n");
        for y in 0..side {
            for x in 0..side {
                let line = (x + number) % 16 < 3 && y > 2;
                writeln!(text, "{}", if line { 255 } else { 0 }).unwrap();
            }
        }
        user.write(&format!("{folder}/{number}.pgm"), &text);
    }
}

/// Writes the config, and runs it with small changes.
fn runs(user: &User, kind: &str, folder: &str, said: &[&str], changes: &[&str]) {
    let done = user.run(&["init", kind, folder, "--out", "mine.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    for part in said {
        assert!(done.err.contains(part), "no `{part}` in {}", done.err);
    }
    user.must(&["run", "mine.toml", "--plan"]);
    let mut arguments = vec!["run", "mine.toml", "-s", "loss_network.weights=random:0"];
    for change in changes {
        arguments.extend(["-s", change]);
    }
    let done = user.run(&arguments);
    assert_eq!(done.code, 0, "{kind}: {}{}", done.out, done.err);
    // Nothing is overwritten.
    user.refused(&["init", kind, folder, "--out", "mine.toml"], &["mine.toml is there already"]);
}

#[test]
fn triplets_of_a_table_or_of_folders() {
    let user = User::new();
    for folder in ["own/Original", "own/a", "own/b"] {
        pictures(&user, folder, 6, 64);
    }
    let mut table = "Reference,left,right,votes_a,votes_b\n".to_owned();
    for number in 0..6 {
        writeln!(table, "Original/{number}.ppm,a/{number}.ppm,b/{number}.ppm,{},{}", number % 3, 2).unwrap();
    }
    user.write("own/votes.csv", &table);
    let small = ["sweep.\"loss_network.backbone\"=[\"squeezenet1_1\"]", "sweep.\"loss_network.layers\"=[1]"];
    runs(
        &user,
        "triplets",
        "own",
        &["a table with the columns Reference, left, right, votes_a, votes_b"],
        &small,
    );
    user.write("own/votes.csv", "x,y\n1,2\n");
    user.refused(&["init", "triplets", "own"], &["no column that can be taken for `ref`", "x, y"]);
    std::fs::remove_file(user.path("own/votes.csv")).unwrap();
    user.refused(
        &["init", "triplets", "own"],
        &["no folder that can be taken for `judge`", "Original, a, b"],
    );
}

#[test]
fn images_to_enlarge() {
    let user = User::new();
    pictures(&user, "hr", 10, 64);
    user.write("hr/notes.txt", "x");
    let said = ["hr: 10 images (10 .ppm), 64×64 pixels", "hr: 1 file is left out: 1 .txt"];
    let small = ["task.training.epochs=1", "loss_network.backbone=pixels", "loss_network.layers=all"];
    runs(&user, "hr", "hr", &said, &small);
    user.refused(&["init", "hr", "nowhere"], &["nowhere can't be read"]);
}

#[test]
fn masks_of_lines() {
    let user = User::new();
    pictures(&user, "own/images", 10, 48);
    masks(&user, "own/masks", 10, 48);
    let small = ["task.training.epochs=1", "task.mu=0"];
    runs(&user, "masks", "own", &["images: 10 images", "masks: 10 images"], &small);
}

#[test]
fn images_in_classes() {
    let user = User::new();
    pictures(&user, "own/cat", 6, 64);
    pictures(&user, "own/dog", 6, 64);
    let small = [
        "task.training.epochs=1",
        "task.predictor_training.epochs=1",
        "task.predictors=[[]]",
        "task.code_size=4",
    ];
    runs(&user, "images", "own", &["cat: 6 images", "dog: 6 images"], &small);
    user.refused(&["init", "images", "own/cat"], &["needs classes to predict"]);
}

#[test]
fn scores_of_opinions_are_not_there_yet() {
    let user = User::new();
    user.refused(&["init", "mos", "."], &["no task correlates distances with mean opinion scores yet"]);
}
