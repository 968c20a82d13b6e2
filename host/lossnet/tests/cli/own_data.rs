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
    // Other words for the same, and nothing that brings images to another size unasked.
    user.write("own/votes.csv", "name;ref_path;dist_1;dist_2;Preferred\n");
    let config = user.must(&["init", "triplets", "own"]);
    let fields = r#"fields = { ref = "ref_path", p0 = "dist_1", p1 = "dist_2", judge = "Preferred" }"#;
    assert!(config.contains(fields) && !config.contains("\nsize = "), "{config}");
    user.write("own/votes.csv", "x,z\n1,2\n");
    user.refused(
        &["init", "triplets", "own"],
        &["no column that can be taken for `ref`, `p0`, `p1`, `judge`", "x, z"],
    );
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
    user.write("hr/more/notes.txt", "x");
    let said = [
        "hr: 10 images (10 .ppm), 64×64 pixels",
        "hr: 1 file is left out: 1 .txt",
        "hr: not looked into are the folders more",
    ];
    let small = ["task.training.epochs=1", "loss_network.backbone=pixels", "loss_network.layers=all"];
    runs(&user, "hr", "hr", &said, &small);
    user.refused(&["init", "hr", "nowhere"], &["nowhere can't be read"]);
    user.picture("hr/tiny.ppm", 16, 1.0);
    user.refused(&["init", "hr", "hr"], &["tiny.ppm is 16×16 pixels, and targets need at least 32×32"]);
}

#[test]
fn masks_of_lines() {
    let user = User::new();
    pictures(&user, "own/images", 10, 48);
    masks(&user, "own/masks", 10, 48);
    let small = ["task.training.epochs=1", "task.perceptual_weight=0"];
    runs(&user, "masks", "own", &["images: 10 images", "masks: 10 images"], &small);
}

#[test]
fn masks_say_which_of_their_values_are_lines() {
    let user = User::new();
    pictures(&user, "own/images", 10, 48);
    masks(&user, "own/masks", 10, 48);
    let init = |name: &str, change: &dyn Fn(&str) -> String| {
        for file in user.names("own/masks") {
            let path = format!("own/masks/{file}");
            let text = std::fs::read_to_string(user.path(&path)).unwrap();
            user.write(&path, &change(&text));
        }
        let file = format!("{name}.toml");
        let done = user.run(&["init", "masks", "own", "--out", &file]);
        assert_eq!(done.code, 0, "{}", done.err);
        (done.err, std::fs::read_to_string(user.path(&file)).unwrap())
    };
    let (_, bright) = init("bright", &str::to_owned);
    assert!(bright.contains("# invert") && bright.contains("# foreground"), "{bright}");
    // Membranes are dark: most of a mask is bright.
    let (said, dark) = init("dark", &|text| {
        let (head, pixels) = text.split_at(text.find("255\n").unwrap() + 4);
        let inverted = pixels.lines().map(|value| if value == "0" { "255\n" } else { "0\n" });
        head.to_owned() + &inverted.collect::<String>()
    });
    assert!(
        said.contains("masks have the values 0 (17.") && dark.contains("\ninvert = true "),
        "{said}{dark}"
    );
    // Lines are class 1: such masks look black, and are refused where nothing says what is in them.
    let (said, classes) = init("classes", &|text| {
        let (head, pixels) = text.split_at(text.find("255\n").unwrap() + 4);
        let numbered = pixels.lines().map(|value| if value == "0" { "1\n" } else { "0\n" });
        head.to_owned() + &numbered.collect::<String>()
    });
    assert!(said.contains("masks have the values 0 (82."), "{said}");
    assert!(classes.contains("\nforeground = [1] "), "{classes}");
    let small = [
        "-s",
        "loss_network.weights=random:0",
        "-s",
        "task.training.epochs=1",
        "-s",
        "task.perceptual_weight=0",
    ];
    let done = user.run(&[&["run", "bright.toml"][..], &small].concat());
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("no pixel is bright") && done.err.contains("foreground = [1]"), "{}", done.err);
    user.must(&[&["run", "classes.toml"][..], &small].concat());
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
        "task.latent_dim=4",
    ];
    runs(&user, "images", "own", &["cat: 6 images", "dog: 6 images"], &small);
    user.refused(&["init", "images", "own/cat"], &["needs classes to predict"]);
}

#[test]
fn scores_of_opinions_are_not_there_yet() {
    let user = User::new();
    user.refused(&["init", "mos", "."], &["no task correlates distances with mean opinion scores yet"]);
}
