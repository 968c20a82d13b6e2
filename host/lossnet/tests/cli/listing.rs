//! `list`, `show`, `doctor`, `completions`, help.

use crate::support::User;

#[test]
fn help_and_version_need_nothing() {
    let user = User::new();
    let help = user.must(&["--help"]);
    for command in [
        "list",
        "show",
        "features",
        "compare",
        "run",
        "status",
        "results",
        "report",
        "fetch",
        "doctor",
        "completions",
    ] {
        assert!(help.contains(command), "{command}");
    }
    assert!(user.must(&["--version"]).starts_with("lossnet "));
    assert_eq!(user.run(&["frobnicate"]).code, 2);
}

#[test]
fn the_first_party_components_are_listed() {
    let user = User::new();
    let list = user.json(&["list", "--json"]);
    let names = |kind: &str| -> Vec<String> {
        list[kind].as_array().unwrap().iter().map(|held| held["name"].as_str().unwrap().to_owned()).collect()
    };
    // torchvision's 57, and `pixels`.
    assert_eq!(names("backbones").len(), 58);
    assert_eq!(names("comparisons"), ["mean", "sort", "spatial"]);
    let tasks = ["augmentation", "autoencoder", "delineation", "metric", "super-resolution"];
    assert_eq!(names("tasks"), tasks);
    for dataset in ["bapps", "image-folder", "paired-folder", "photos", "synthetic"] {
        assert!(names("datasets").iter().any(|name| name == dataset), "{dataset}");
    }
    let text = user.must(&["list"]);
    assert!(text.contains("vgg16") && text.contains("plugins"));
    assert!(!user.must(&["list", "tasks"]).contains("vgg16"));
}

#[test]
fn a_backbone_is_shown_with_layers_and_costs() {
    let user = User::new();
    let text = user.must(&["show", "backbone", "alexnet"]);
    assert!(
        text.contains("features.0") && text.contains("64×55×55") && text.contains("IMAGENET1K_V1"),
        "{text}"
    );
    let shown = user.json(&["show", "backbone", "vgg16", "--json", "--size", "64"]);
    assert_eq!(shown["nodes"][0]["shape"], "64×64×64");
    assert_eq!(shown["nodes"][0]["parameters"], 64 * 3 * 9 + 64);
    assert!(user.must(&["show", "backbone", "vgg16", "--nodes"]).contains("features.30"));

    user.must(&["show", "backbone", "alexnet", "--draw", "net.svg"]);
    let drawing = std::fs::read_to_string(user.path("net.svg")).unwrap();
    assert!(drawing.starts_with("<svg") && drawing.contains("features.0"));
}

#[test]
fn settings_are_shown_with_types_and_defaults() {
    let user = User::new();
    let text = user.must(&["show", "comparison", "spatial"]);
    assert!(text.contains("channel_norm") && text.contains("true") && text.contains("f-normalize"), "{text}");
    let text = user.must(&["show", "task", "metric"]);
    // Each nested setting has a line of its own with its dotted key, this task's default and its range.
    let line = text.lines().find(|line| line.starts_with("training.batch_size ")).unwrap();
    assert!(line.contains("256") && line.contains("from 1 to 1000000"), "{line}");
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
}

#[test]
fn unknown_names_get_the_nearest_and_where_it_was_looked() {
    let user = User::new();
    user.refused(&["show", "backbone", "vgg61"], &["vgg61", "vgg16", "plugins"]);
    user.refused(&["show", "task", "metrik"], &["`metrik`", "`metric`"]);
    user.refused(&["list", "--plugin-dir", "nowhere"], &["nowhere", "--plugin-dir"]);
}

#[test]
fn the_doctor_finds_this_build_healthy() {
    let user = User::new();
    let text = user.must(&["doctor"]);
    for part in ["libtorch", "engine", "57 backbones", "CPU"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(user.json(&["doctor", "--json"]).as_array().unwrap().len() > 5);
}

#[test]
fn a_missing_libtorch_is_a_sentence() {
    let user = User::new();
    let mut command = user.command(&["doctor"]);
    // A libtorch of another release, found first.
    let fake = user.path("fake/lib");
    std::fs::create_dir_all(&fake).unwrap();
    std::fs::write(fake.join("libtorch_cpu.so"), "").unwrap();
    user.write("fake/build-version", "2.4.1+cpu");
    command.env("LIBTORCH", user.path("fake"));
    let done = crate::support::Done::of(&command.output().unwrap());
    assert_ne!(done.code, 0);
    assert!(done.out.contains("is 2.4.1+cpu, and this lossnet was built for 2.11.0"), "{}", done.out);
}

#[test]
fn completions_name_the_commands() {
    let user = User::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(user.must(&["completions", shell]).contains("compare"), "{shell}");
    }
}

#[test]
fn options_of_backbones_are_refused_for_other_components() {
    let user = User::new();
    for option in [&["--nodes"][..], &["--size", "64"], &["--draw", "x.svg"]] {
        user.refused(&[&["show", "task", "metric"], option].concat(), &[option[0], "is for backbones"]);
    }
    assert!(!user.path("x.svg").exists());
}
