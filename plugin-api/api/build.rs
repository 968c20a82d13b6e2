//! Records the version of the libtorch that the crate is built against, for the handshake.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let folder = PathBuf::from(std::env::var_os("LIBTORCH").unwrap_or_default());
    // Where the version is defined has moved between releases.
    let candidates = ["include/torch/headeronly/version.h", "include/torch/csrc/api/include/torch/version.h"];
    let header = candidates.map(|path| folder.join(path)).into_iter().find(|path| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("define TORCH_VERSION_MAJOR"))
    });
    let Some(header) = header else {
        panic!(
            "no header below `{}` defines TORCH_VERSION_MAJOR: run `cargo xtask libtorch`, or set LIBTORCH to a \
             folder with libtorch's include and lib",
            folder.display()
        );
    };
    println!("cargo:rerun-if-changed={}", header.display());
    let text = std::fs::read_to_string(&header).unwrap_or_default();
    let number = |name: &str| {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix("#define "))
            .filter_map(|define| define.split_once(' '))
            .find(|(key, _)| *key == name)
            .map_or_else(
                || panic!("`{}` does not define {name}", header.display()),
                |(_, value)| value.trim().to_owned(),
            )
    };
    let version = ["MAJOR", "MINOR", "PATCH"].map(|part| number(&format!("TORCH_VERSION_{part}")));
    println!("cargo:rustc-env=LOSSNET_LIBTORCH_VERSION={}", version.join("."));
}
