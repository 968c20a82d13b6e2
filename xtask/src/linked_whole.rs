//! Whether a plugin's registrations outlive link-time optimization, which removes what nobody seems to use.

use serde_json::Value;

use crate::cargo::{self, Metadata, Profile, with_libtorch};
use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// The plugin that is built, a workspace of its own, and how many components it registers.
const PLUGIN: (&str, usize) = ("examples/my-plugin", 5);

/// How it is built: as plugin authors do who want it small. Cargo optimizes at link time only what is nothing but a
/// shared library.
const BUILD: [&str; 6] = [
    "rustc",
    "--lib",
    "--crate-type=cdylib",
    "--config=profile.dev.lto='fat'",
    "--config=profile.dev.opt-level=1",
    "--config=profile.dev.debug=false",
];

/// Builds the plugin and has the binary, which must be built, list what it holds.
pub(crate) fn check(workspace: &Workspace, metadata: &Metadata) -> Result<(), Error> {
    let target = metadata.target_directory.join("lto");
    let mut build = cargo::cargo(workspace);
    build.current_dir(workspace.root().join(PLUGIN.0)).env("CARGO_TARGET_DIR", &target).args(BUILD);
    process::run(&mut build)?;

    let built = target.join("debug");
    let mut list = std::process::Command::new(metadata.outputs(Profile::Dev).join("lossnet"));
    list.args(["list", "plugins", "--json", "--plugin-dir"]).arg(&built);
    with_libtorch(&mut list, workspace);
    let listed: Value = serde_json::from_slice(&process::read(&mut list)?)?;
    let components = components_in(&listed, &built.display().to_string());
    if components == PLUGIN.1 {
        return Ok(());
    }
    Err(Error::Missing {
        path: built,
        hint: format!(
            "the plugin there, optimized at link time, shows {components} of its {} components",
            PLUGIN.1
        ),
    })
}

/// Number of components of the plugins below a folder.
fn components_in(listed: &Value, folder: &str) -> usize {
    let plugins = listed["plugins"]["usable"].as_array().into_iter().flatten();
    let of_folder =
        plugins.filter(|plugin| plugin["path"].as_str().is_some_and(|path| path.starts_with(folder)));
    of_folder.map(|plugin| plugin["components"].as_array().map_or(0, Vec::len)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_counted_in_one_folder_only() {
        let plugin =
            |path: &str, count: usize| serde_json::json!({ "path": path, "components": vec![0; count] });
        let listed =
            serde_json::json!({ "plugins": { "usable": [plugin("/a/x.so", 2), plugin("/b/y.so", 3)] } });
        assert_eq!(components_in(&listed, "/b"), 3);
        assert_eq!(components_in(&Value::Null, "/b"), 0);
    }
}
