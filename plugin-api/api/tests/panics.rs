//! A plugin that can't unwind is refused when it is compiled, since no error of it could be told of at run time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::Command;

/// What the compiler says of a plugin without components, and whether it takes it; nothing is linked.
fn compiled(panic: &str) -> (bool, String) {
    // Tests are in the folder of the libraries that they were linked with.
    let libraries = PathBuf::from(std::env::current_exe().unwrap().parent().unwrap());
    let api = libraries.parent().unwrap().join("liblossnet_plugin_api.rlib");
    assert!(api.is_file(), "{} is missing: run `cargo xtask test`", api.display());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("panics-{panic}"));
    std::fs::create_dir_all(&folder).unwrap();
    let source = folder.join("lib.rs");
    std::fs::write(&source, "lossnet_plugin_api::export_plugin!();\n").unwrap();
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=cdylib", "--emit=metadata"])
        .arg(format!("-Cpanic={panic}"))
        .arg("-L")
        .arg(format!("dependency={}", libraries.display()))
        .arg("--extern")
        .arg(format!("lossnet_plugin_api={}", api.display()))
        .arg("--out-dir")
        .args([&folder, &source])
        .envs([("CARGO_PKG_NAME", "a-plugin"), ("CARGO_PKG_VERSION", "1.0.0")])
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_plugin_that_aborts_when_it_panics_does_not_compile() {
    let (taken, said) = compiled("unwind");
    assert!(taken, "{said}");
    let (taken, said) = compiled("abort");
    assert!(!taken && said.contains("a lossnet plugin must unwind when it panics"), "{said}");
    assert_eq!(said.matches("error: ").count(), 2, "another error than this one and the last line: {said}");
}
