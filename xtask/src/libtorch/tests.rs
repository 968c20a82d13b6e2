//! The making of the folder, on small wheels and a made-up installation.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;

use super::wheel::{Wheel, base64_for_urls, parse_record};
use super::{Error, layout};

/// Writes a wheel with these files; `record` can falsify what RECORD says of one.
fn wheel(folder: &Path, files: &[(&str, &[u8])], record: impl Fn(&str, String) -> String) -> PathBuf {
    let path = folder.join("torch-2.11.0-cp312-none-any.whl");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let mut lines = String::from("torch-2.11.0.dist-info/RECORD,,\n");
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
        let sum = base64_for_urls(&Sha256::digest(bytes));
        lines.push_str(&record(name, format!("{name},sha256={sum},{}\n", bytes.len())));
    }
    zip.start_file("torch-2.11.0.dist-info/RECORD", SimpleFileOptions::default()).unwrap();
    zip.write_all(lines.as_bytes()).unwrap();
    zip.finish().unwrap();
    path
}

const FILES: [(&str, &[u8]); 5] = [
    ("torch/lib/libtorch_cpu.so", b"computes"),
    ("torch/lib/libtorch_cuda.so", b"computes elsewhere"),
    ("torch/lib/libtorch_python.so", b"speaks Python"),
    ("torch/include/torch/version.h", b"#define TORCH_VERSION \"2.11.0\""),
    ("torch/nn/functional.py", b"import torch"),
];

fn honest(_: &str, line: String) -> String {
    line
}

#[test]
fn only_what_is_needed_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let file = wheel(folder.path(), &FILES, honest);
    let out = folder.path().join("libtorch");
    let sizes = Wheel::open(&file).unwrap().unpack(&out, |entry| layout::place(entry, false)).unwrap();
    let names: Vec<&str> = sizes.keys().map(String::as_str).collect();
    assert_eq!(names, ["include/torch/version.h", "torch/lib/libtorch_cpu.so"]);
    assert_eq!(fs::read(out.join("torch/lib/libtorch_cpu.so")).unwrap(), b"computes");

    let sizes = Wheel::open(&file).unwrap().unpack(&out, |entry| layout::place(entry, true)).unwrap();
    assert!(sizes.contains_key("torch/lib/libtorch_cuda.so"));
    assert!(!sizes.contains_key("torch/lib/libtorch_python.so"));
}

#[test]
fn whole_files_are_kept_and_damaged_ones_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = wheel(folder.path(), &FILES, honest);
    let unpack =
        || Wheel::open(&file).unwrap().unpack(folder.path(), |entry| layout::place(entry, false)).unwrap();
    unpack();
    let library = folder.path().join("torch/lib/libtorch_cpu.so");
    let header = folder.path().join("include/torch/version.h");
    let made = fs::metadata(&header).unwrap().modified().unwrap();

    // Damaged without a change of size, and half written.
    for damage in [b"corrupts".as_slice(), b"comp"] {
        fs::write(&library, damage).unwrap();
        unpack();
        assert_eq!(fs::read(&library).unwrap(), b"computes");
    }
    assert_eq!(fs::metadata(&header).unwrap().modified().unwrap(), made, "a whole file was written again");
}

#[test]
fn a_wheel_that_is_not_what_its_record_says_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let falsified = |name: &str, line: String| {
        if name.ends_with("cpu.so") { line.replace("sha256=", "sha256=A") } else { line }
    };
    let file = wheel(folder.path(), &FILES, falsified);
    let out = folder.path().join("out");
    let error = Wheel::open(&file).unwrap().unpack(&out, |entry| layout::place(entry, false)).unwrap_err();
    assert!(matches!(error, Error::InconsistentWheel { .. }), "{error}");
    assert!(!out.join("torch/lib/libtorch_cpu.so").exists(), "a wrong file got its final name");

    let silent = |name: &str, line: String| if name.ends_with("cpu.so") { String::new() } else { line };
    let file = wheel(folder.path(), &FILES, silent);
    let error = Wheel::open(&file).unwrap().unpack(&out, |entry| layout::place(entry, false)).unwrap_err();
    assert!(error.to_string().contains("RECORD does not name"), "{error}");
}

#[test]
fn a_cut_wheel_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = wheel(folder.path(), &FILES, honest);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(Wheel::open(&file), Err(Error::DamagedWheel { .. })));
}

#[test]
fn nothing_is_unpacked_outside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = wheel(folder.path(), &[("torch/include/../../../evil.h", b"evil")], honest);
    let out = folder.path().join("a/b");
    let error = Wheel::open(&file).unwrap().unpack(&out, |entry| layout::place(entry, false)).unwrap_err();
    assert!(error.to_string().contains("would leave the folder"), "{error}");
    assert!(!folder.path().join("evil.h").exists());
}

#[test]
fn records_are_read_with_commas_in_names_and_without_hashes() {
    let record = parse_record("\"a,b.h\",sha256=abc,3\nx/RECORD,,\n");
    assert_eq!(record.len(), 1);
    assert_eq!(record["a,b.h"].size, 3);
}

#[test]
fn the_link_folder_names_no_cuda_library() {
    let folder = tempfile::tempdir().unwrap();
    layout::make_link_folder(folder.path()).unwrap();
    layout::make_link_folder(folder.path()).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.path().join("lib"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["libc10.so", "libtorch.so", "libtorch_cpu.so"]);
    let target = fs::read_link(folder.path().join("lib/libtorch.so")).unwrap();
    assert_eq!(target, Path::new("libtorch_cpu.so"));
}

#[test]
fn clearing_never_follows_links_into_an_installation() {
    let (folder, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(theirs.path().join("keep.h"), "theirs").unwrap();
    layout::symlink(theirs.path(), &folder.path().join("include")).unwrap();
    layout::clear(folder.path()).unwrap();
    assert!(theirs.path().join("keep.h").exists());
    assert!(!folder.path().join("include").exists());
}
