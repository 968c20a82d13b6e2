//! Where cargo has put the shared libraries that it built together with the tests.

use std::path::PathBuf;

use lossnet_plugin_api::abi::LoadedPlugin;

/// A library in cargo's folder `deps` (a dependency) or `examples` (an example) of this profile.
fn library(folder: &str, name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let path = program.parent().unwrap().parent().unwrap().join(format!("{folder}/lib{name}.so"));
    assert!(path.is_file(), "{} is missing: run this through cargo, which builds it", path.display());
    path
}

/// `plugins/comparisons` as a host loads it.
#[allow(dead_code, reason = "not every program that shares this module asks for it")]
pub(crate) fn comparisons() -> LoadedPlugin {
    LoadedPlugin::load(&library("deps", "lossnet_plugin_comparisons")).unwrap()
}

/// `examples/my-plugin` as a host loads it.
#[allow(dead_code, reason = "not every program that shares this module asks for it")]
pub(crate) fn my_plugin() -> LoadedPlugin {
    LoadedPlugin::load(&library("examples", "my_plugin")).unwrap()
}
