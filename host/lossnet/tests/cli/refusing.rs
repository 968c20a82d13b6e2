//! Plugins that can't be used: each gives its sentence, and the others still work.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Done, User, faulty};

/// A plugin folder of the user's with copies of these libraries.
fn with_plugins(names: &[&str]) -> User {
    let user = User::new();
    std::fs::create_dir(user.path("mine")).unwrap();
    for name in names {
        std::fs::copy(faulty(name), user.path("mine").join(format!("lib{name}.so"))).unwrap();
    }
    user
}

#[test]
fn each_fault_is_told_and_hides_nothing() {
    let user = with_plugins(&[
        "faulty_stranger",
        "faulty_layout",
        "faulty_api_version",
        "faulty_libtorch_version",
        "faulty_constructor",
        "twin_one",
    ]);
    user.write("mine/libtext.so", "this is text");
    let done = user.run(&["list", "plugins", "--plugin-dir", "mine"]);
    assert_eq!(done.code, 0, "{}", done.err);
    for part in [
        "libtext.so can't be used: it is not a shared library",
        "libfaulty_stranger.so can't be used: it is a shared library but no lossnet plugin",
        "libfaulty_layout.so can't be used: its types are not laid out",
        "libfaulty_api_version.so can't be used: it was built for plugin API 0.2.0",
        "libfaulty_libtorch_version.so can't be used: it was built for libtorch 2.4.1",
        "libfaulty_constructor.so can't be used: it failed while it was asked what it holds",
    ] {
        assert!(done.out.contains(part), "no `{part}` in {}", done.out);
        assert!(done.err.contains(part), "no warning `{part}` in {}", done.err);
    }
    // The good ones work, and so do the first-party ones.
    user.must(&["show", "backbone", "only_one", "--plugin-dir", "mine"]);
    user.must(&["show", "backbone", "alexnet", "--plugin-dir", "mine"]);
    // What might be in a broken plugin is a plugin's failure, not the user's.
    assert_eq!(user.run(&["show", "backbone", "nowhere", "--plugin-dir", "mine"]).code, 4);
    assert_eq!(user.run(&["doctor", "--plugin-dir", "mine"]).code, 4);
}

#[test]
fn a_name_that_two_plugins_claim_is_nobodys() {
    let user = with_plugins(&["twin_one", "twin_two"]);
    let done = user.run(&["show", "backbone", "twin", "--plugin-dir", "mine"]);
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(done.err.contains("libtwin_one.so") && done.err.contains("libtwin_two.so"), "{}", done.err);
    user.must(&["show", "backbone", "only_one", "--plugin-dir", "mine"]);
    user.must(&["show", "backbone", "only_two", "--plugin-dir", "mine"]);
}

#[test]
fn what_others_may_write_to_is_not_loaded() {
    let user = with_plugins(&["twin_one"]);
    let allow = |name: &str, mode| {
        std::fs::set_permissions(user.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let told = |sentence: &str| {
        let done = user.run(&["list", "backbones", "--plugin-dir", "mine"]);
        assert!(done.err.contains(sentence), "{}", done.err);
        assert!(!done.out.contains("only_one") && done.out.contains("alexnet"), "{}", done.out);
    };
    allow("mine", 0o755);
    allow("mine/libtwin_one.so", 0o666);
    told("everybody may write to it");
    allow("mine/libtwin_one.so", 0o644);
    allow("mine", 0o777);
    told("everybody may write to its folder");
    allow("mine", 0o755);
    user.must(&["show", "backbone", "only_one", "--plugin-dir", "mine"]);
}

#[test]
fn folders_come_from_the_environment_and_the_user_s_data_folder() {
    let user = with_plugins(&["twin_one"]);
    let mut command = user.command(&["show", "backbone", "only_one"]);
    assert_eq!(Done::of(&command.output().unwrap()).code, 2);
    command.env("LOSSNET_PLUGIN_PATH", user.path("mine"));
    assert_eq!(Done::of(&command.output().unwrap()).code, 0);
    std::fs::create_dir_all(user.path("data/lossnet")).unwrap();
    std::fs::rename(user.path("mine"), user.path("data/lossnet/plugins")).unwrap();
    user.must(&["show", "backbone", "only_one"]);
    // A folder `plugins` where the user happens to be may be anybody's.
    std::fs::rename(user.path("data/lossnet/plugins"), user.path("plugins")).unwrap();
    assert_eq!(user.run(&["show", "backbone", "only_one"]).code, 2);
    user.must(&["show", "backbone", "only_one", "--plugin-dir", "plugins"]);
}

#[test]
fn a_plugin_s_panic_is_one_command_s_failure() {
    let user = with_plugins(&["faulty_panics"]);
    let (a, b) = (user.picture("a.ppm", 64, 1.0), user.picture("b.ppm", 64, 0.5));
    let done = user.run(&[
        "compare",
        a.to_str().unwrap(),
        b.to_str().unwrap(),
        "--backbone",
        "faulty_net",
        "--layers",
        "relu",
        "--comparison",
        "faulty_comparison",
        "--weights",
        "random:0",
        "--plugin-dir",
        "mine",
    ]);
    assert_eq!(done.code, 0, "{}", done.err);
}

#[test]
fn a_library_that_was_cut_is_one_line() {
    let user = with_plugins(&["twin_one"]);
    let whole = std::fs::read(faulty("twin_two")).unwrap();
    for percent in [0, 2, 20, 50, 99] {
        std::fs::write(user.path(&format!("mine/libcut{percent}.so")), &whole[..whole.len() * percent / 100])
            .unwrap();
    }
    let done = user.run(&["list", "plugins", "--plugin-dir", "mine"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.out.contains("libcut0.so can't be used: it is not a shared library: it is empty"),
        "{}",
        done.out
    );
    for percent in [2, 20, 50, 99] {
        let part = format!("libcut{percent}.so can't be used: it is not a whole shared library");
        assert!(done.out.contains(&part), "no `{part}` in {}", done.out);
    }
    user.must(&["show", "backbone", "only_one", "--plugin-dir", "mine"]);
}

#[test]
fn a_plugin_that_ends_its_process_is_one_line_and_remembered() {
    for (how, part) in [
        ("abort", "loading it ended the process, which was killed by signal 6 (SIGABRT)"),
        ("exit", "loading it ended the process, which ended with exit code 0"),
        ("overflow", "loading it ended the process, which was killed by signal 6 (SIGABRT)"),
        ("hang", "it did not say within 20 s what it holds"),
    ] {
        let user = with_plugins(&["faulty_loading", "twin_one"]);
        let mut command = user.command(&["list", "plugins", "--plugin-dir", "mine"]);
        let done = Done::of(&command.env("LOSSNET_TEST_LOADING", how).output().unwrap());
        assert_eq!(done.code, 0, "{how}: {}", done.err);
        let part = format!("libfaulty_loading.so can't be used: {part}");
        assert!(done.out.contains(&part), "no `{part}` in {}", done.out);
        assert!(done.out.contains("libtwin_one.so"), "{how}: {}", done.out);
        // It would do no harm now, but its file has not changed.
        let again = user.must(&["list", "plugins", "--plugin-dir", "mine"]);
        assert!(again.contains(&part), "{again}");
    }
}

#[test]
fn a_faulty_component_does_not_hide_the_others() {
    let user = with_plugins(&["faulty_loading"]);
    let out = user.must(&["list", "plugins", "--plugin-dir", "mine"]);
    for part in [
        "in backbone `speechless` of lossnet-engine 0.1.0: the code panicked: no words today",
        "in backbone `../../evil/x` of lossnet-engine 0.1.0: its name is not one",
        "in backbone `negative` of lossnet-engine 0.1.0: the network's description is wrong: node `conv` (Conv2d): -8 channels",
    ] {
        assert!(out.contains(part), "no `{part}` in {out}");
    }
    user.must(&["show", "backbone", "loading", "--plugin-dir", "mine"]);
    assert_eq!(user.run(&["show", "backbone", "speechless", "--plugin-dir", "mine"]).code, 4);
}
