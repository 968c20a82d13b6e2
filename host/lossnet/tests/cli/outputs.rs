//! Files that commands write: none destroys what the command reads, all are as open as the umask lets them be.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::User;

const NETWORK: [&str; 6] = ["--backbone", "squeezenet1_1", "--layers", "1", "--weights", "random:0"];

fn with_network<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, &NETWORK, more].concat()
}

#[test]
fn outputs_never_replace_what_is_read() {
    let user = User::new();
    let before = std::fs::read(user.picture("a.png", 64, 1.0)).unwrap();
    user.picture("b.png", 64, 0.5);
    std::fs::hard_link(user.path("a.png"), user.path("linked.png")).unwrap();
    std::os::unix::fs::symlink("a.png", user.path("link.png")).unwrap();
    for map in ["a.png", "./a.png", "linked.png", "link.png"] {
        let parts = ["--map", map, "would overwrite a file that this command reads"];
        user.refused(&with_network(&["compare", "a.png", "b.png"], &["--map", map]), &parts);
    }
    std::fs::copy(user.path("a.png"), user.path("image.safetensors")).unwrap();
    user.refused(
        &with_network(&["features", "image.safetensors"], &["--out", "image.safetensors"]),
        &["--out image.safetensors would overwrite"],
    );
    let weights = ["features", "a.png", "--backbone", "squeezenet1_1", "--layers", "1"];
    user.refused(
        &[&weights[..], &["--weights", "image.safetensors", "--out", "image.safetensors"]].concat(),
        &["--out image.safetensors would overwrite"],
    );
    for name in ["a.png", "image.safetensors"] {
        assert_eq!(std::fs::read(user.path(name)).unwrap(), before, "{name} was changed");
    }
    user.refused(
        &["results", "--csv", "-", "--json"],
        &["--csv - and --json both print to the standard output"],
    );
}

#[test]
fn names_of_outputs_say_what_is_in_them() {
    let user = User::new();
    user.picture("a.png", 64, 1.0);
    user.picture("b.png", 64, 0.5);
    std::fs::create_dir(user.path("folder")).unwrap();
    let compare = |map| with_network(&["compare", "a.png", "b.png"], &["--map", map]);
    let features = |out| with_network(&["features", "a.png"], &["--out", out]);
    for (arguments, parts) in [
        (compare("m.txt"), vec!["--map writes a PNG picture", "name it m.png"]),
        (compare("none/m.png"), vec!["--map none/m.png can't be written", "there is no folder none"]),
        (compare("a.png/m.png"), vec!["--map a.png/m.png can't be written", "a.png is a file"]),
        (features("x.npz"), vec!["--out writes safetensors", "name it x.safetensors"]),
        (features("folder"), vec!["--out folder is a folder", "folder/out.safetensors"]),
        (vec!["results", "--parquet", "-"], vec!["--parquet writes Parquet", "name it out.parquet"]),
        (vec!["results", "--parquet", "folder"], vec!["--parquet folder is a folder"]),
        (vec!["results", "--csv", "t.json"], vec!["--csv writes CSV", "name it t.csv"]),
        (
            vec!["show", "backbone", "alexnet", "--draw", "net.png"],
            vec!["--draw writes an SVG picture", "name it net.svg"],
        ),
    ] {
        user.refused(&arguments, &parts);
    }
    assert_eq!(user.names("."), ["a.png", "b.png", "folder"]);
}

#[test]
fn files_are_as_open_as_the_umask_lets_them_be() {
    let user = User::new();
    user.picture("a.png", 64, 1.0);
    user.picture("b.png", 64, 0.5);
    let mode = |name: &str| std::fs::metadata(user.path(name)).unwrap().permissions().mode() & 0o777;
    for (umask, expected) in [("027", 0o640), ("002", 0o664)] {
        let out = format!("f{umask}.safetensors");
        let map = format!("m{umask}.png");
        for arguments in [
            with_network(&["features", "a.png"], &["--out", &out]),
            with_network(&["compare", "a.png", "b.png"], &["--map", &map]),
        ] {
            let command = user.command(&arguments);
            let mut shell = std::process::Command::new("sh");
            shell.current_dir(user.path(".")).arg("-c").arg(format!("umask {umask}; exec \"$@\""));
            shell.arg("sh").arg(command.get_program()).args(command.get_args());
            for (name, value) in command.get_envs() {
                match value {
                    Some(value) => shell.env(name, value),
                    None => shell.env_remove(name),
                };
            }
            let output = shell.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!((mode(&out), mode(&map)), (expected, expected), "umask {umask}");
    }
}

#[test]
fn last_counts_are_of_all_that_was_done() {
    let user = User::new();
    for number in 0..5 {
        user.picture(&format!("x/{number}.ppm"), 64, 1.0);
        user.picture(&format!("y/{number}.ppm"), 64, 0.5);
    }
    let done = user.run(&with_network(&["compare", "--dir", "x", "--dir", "y"], &[]));
    assert!(done.err.contains("comparing: 5 pairs in "), "{}", done.err);
    let images = ["features", "x/0.ppm", "x/1.ppm", "x/2.ppm"];
    let done = user.run(&with_network(&images, &["--out", "f.safetensors"]));
    assert!(done.err.contains("features: 3 images in "), "{}", done.err);
}

#[test]
fn features_that_are_not_finite_are_refused() {
    let user = User::new();
    user.picture("a.png", 64, 1.0);
    user.picture("b.png", 64, 0.5);
    // Values of the published normalization, divided by nothing.
    let network = ["--backbone", "pixels", "--layers", "all", "--normalize", "0,0,0/1e-45,1e-45,1e-45"];
    let features = [&["features", "a.png", "--out", "f.safetensors"][..], &network].concat();
    user.refused(&features, &["the features of a.png at layer", "are not finite", "what to do: "]);
    assert!(!user.path("f.safetensors").exists());
    user.refused(
        &[&["compare", "a.png", "b.png", "--no-channel-norm"][..], &network].concat(),
        &["the distance at layer", "not finite"],
    );
}
