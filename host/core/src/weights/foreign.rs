//! Files that are given as weights and are something else, told by how they begin or what is in the archive.

use std::fs::File;
use std::io;
use std::path::Path;

use super::WeightsError;
use super::error::not_weights;

/// What to do where the weights are inside of something else.
const SAVE_ALONE: &str =
    "save the weights alone in PyTorch with `torch.save(module.state_dict(), \"weights.pth\")`";

/// What a file is, if its first bytes or its name say that it holds no weights that can be read.
pub(super) fn recognize(path: &Path, head: &[u8]) -> Option<WeightsError> {
    let named = |ending: &str| path.extension().is_some_and(|known| known.eq_ignore_ascii_case(ending));
    let text = head.trim_ascii_start();
    let reason = if head.is_empty() {
        "it is empty".to_owned()
    } else if text.starts_with(b"<!") || text.starts_with(b"<h") {
        "it is a web page, maybe what a server sent in place of the file".to_owned()
    } else if text.starts_with(b"version https") {
        "it is a Git LFS pointer, not the file that it stands for: `git lfs pull` brings that".to_owned()
    } else if named("onnx") && !head.starts_with(b"PK") {
        format!("it is an ONNX model, whose weights have lost their names; {SAVE_ALONE}")
    } else if head.starts_with(b"\x89HDF") {
        format!("it is an HDF5 file, such as Keras writes; {SAVE_ALONE}")
    } else if head.starts_with(b"GGUF") {
        "it is a GGUF file, which language models are kept in".to_owned()
    } else if head.starts_with(&[0x1f, 0x8b]) {
        "it is compressed with gzip: unpack it with `gunzip`".to_owned()
    } else if head.starts_with(b"\x93NUMPY") {
        format!("it is a NumPy array; {SAVE_ALONE}")
    } else {
        return None;
    };
    Some(not_weights(path, reason))
}

/// What a zip archive is, if what is in it says that it is not what `torch.save` writes. A broken one is left to the reader
/// to name.
pub(super) fn recognize_archive(path: &Path) -> Option<WeightsError> {
    let archive = zip::ZipArchive::new(io::BufReader::new(File::open(path).ok()?)).ok()?;
    let inner = |name: &str| name.split_once('/').map_or(name, |(_, inner)| inner).to_owned();
    let names: Vec<String> = archive.file_names().map(inner).collect();
    let has = |test: &dyn Fn(&str) -> bool| names.iter().any(|name| test(name));
    if has(&|name| name == "constants.pkl" || name.starts_with("code/")) {
        return Some(WeightsError::TorchScript { path: path.to_path_buf() });
    }
    if has(&|name| name == "archive_format" || name.starts_with("models/")) {
        return Some(not_weights(
            path,
            format!("it is a program that torch.export wrote (.pt2); {SAVE_ALONE}"),
        ));
    }
    if !names.is_empty() && !has(&|name| !is_array(name)) {
        return Some(not_weights(path, format!("it is a NumPy archive (.npz); {SAVE_ALONE}")));
    }
    None
}

/// Whether a file in an archive is a NumPy array.
fn is_array(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
}
