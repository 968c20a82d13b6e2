//! Which version libtorch's headers are of.

use std::path::Path;

use fs_err as fs;

/// Headers that define the version, newest layout first.
const HEADERS: [&str; 3] =
    ["torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h", "torch/version.h"];

/// The version that the headers in a folder `include` state, such as `2.11.0`.
pub(super) fn of_headers(include: &Path) -> Option<String> {
    HEADERS.iter().find_map(|header| parse(&fs::read_to_string(include.join(header)).ok()?))
}

/// The version that a header's text defines.
pub(super) fn parse(header: &str) -> Option<String> {
    let number = |name: &str| -> Option<u32> {
        header.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let defines = words.next() == Some("#define") && words.next() == Some(name);
            words.next().filter(|_| defines)?.parse().ok()
        })
    };
    let part = |name: &str| number(&format!("TORCH_VERSION_{name}"));
    Some(format!("{}.{}.{}", part("MAJOR")?, part("MINOR")?, part("PATCH")?))
}
