//! Weights files of every format against what PyTorch read from them, and files that are none.
//! `fixtures/weights/generate.py` made the files.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use lossnet::weights::{ElementType, Format, WeightsError, WeightsFile, write_safetensors};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(name)
}

fn expected() -> serde_json::Map<String, Value> {
    serde_json::from_str(&std::fs::read_to_string(fixture("expected.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn failure(path: &Path) -> String {
    match WeightsFile::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn all_formats_give_the_values_that_pytorch_gives() {
    let expected = expected();
    for (name, format) in [
        ("zip.pth", Format::PytorchZip),
        ("legacy.pth", Format::PytorchLegacy),
        ("plain.safetensors", Format::Safetensors),
    ] {
        let file = WeightsFile::open(&fixture(name)).unwrap();
        assert_eq!((file.format(), file.unwrapped()), (format, None), "{name}");
        let mut names: Vec<&str> = expected.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(file.names().collect::<Vec<_>>(), names, "{name}");
        for (tensor, about) in &expected {
            let shape: Vec<i64> = serde_json::from_value(about["shape"].clone()).unwrap();
            assert_eq!(file.shape(tensor).unwrap(), shape, "{name}: {tensor}");
            assert_eq!(file.element_type(tensor).unwrap().name(), about["type"], "{name}: {tensor}");
            let values = file.to_f32(tensor).unwrap();
            // Bit for bit: the values are float32 written in decimal, which names each of them exactly.
            assert_eq!(values, numbers(&about["values"]), "{name}: {tensor}");
        }
    }
}

#[test]
fn conversions_are_reported_and_missing_names_refused() {
    let file = WeightsFile::open(&fixture("zip.pth")).unwrap();
    let converted: Vec<_> = file.converted().collect();
    let floats = ["half", "bfloat", "bn.running_mean"];
    assert_eq!(converted.iter().filter(|(name, _)| floats.contains(name)).count(), 3);
    assert!(converted.contains(&("bn.num_batches_tracked", ElementType::Int64)));
    assert!(!converted.iter().any(|(name, _)| *name == "features.0.bias"));
    let message = file.to_f32("features.0.wieght").unwrap_err().to_string();
    assert!(message.contains("zip.pth") && message.contains("`features.0.wieght`"), "{message}");
    assert!(file.shape("nothing").is_none() && !file.contains("nothing"));
}

#[test]
fn wrapped_weights_are_taken_out_of_what_wraps_them() {
    let expected = expected();
    for (name, unwrapped) in [
        ("checkpoint.pth", "state_dict"),
        ("parallel.pth", "module"),
        ("parallel_checkpoint.pth", "state_dict.module"),
    ] {
        let file = WeightsFile::open(&fixture(name)).unwrap();
        assert_eq!(file.unwrapped(), Some(unwrapped), "{name}");
        assert_eq!(file.names().collect::<Vec<_>>(), ["features.0.bias", "features.0.weight"], "{name}");
        let bias = file.to_f32("features.0.bias").unwrap();
        assert_eq!(bias, numbers(&expected["features.0.bias"]["values"]), "{name}");
    }
}

#[test]
fn what_is_no_weights_file_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("photo.txt", zip::write::SimpleFileOptions::default()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    for (path, words) in [
        (fixture("torchscript.pt"), "TorchScript"),
        (fixture("two_sets.pth"), "`critic`, `generator`"),
        (fixture("no_tensors.pth"), "no tensor"),
        (fixture("list.pth"), "dictionary"),
        (folder.path().to_path_buf(), "folder"),
        (folder.path().join("absent.pth"), "can't read"),
        (made("empty.pth", b""), "empty"),
        (made("page.pth", b"<!DOCTYPE html><html></html>"), "web page"),
        (made("photo.pth", b"\x89PNG\r\n\x1a\n0000000000000000"), "no known format"),
        (made("photos.pth", &zip), "zip archive without"),
        (made("pickle.pth", b"\x80\x02}q\x00."), "pickle"),
        (made("lfs.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "Git LFS"),
        (made("text.safetensors", b"just some text that is long enough"), "header"),
        (made("code.pth", b"cos\nsystem\n(S'touch ran'\ntR."), "code.pth"),
    ] {
        let message = failure(&path);
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(message.contains(words) && message.contains(&*name), "{message}");
        assert!(!message.contains('\n') && message.matches(&*name).count() == 1, "{message}");
    }
    assert!(!Path::new("ran").exists(), "a pickle was executed");
}

/// Cut anywhere, a file is refused: when it is opened or at the latest when a tensor is read.
#[test]
fn truncated_files_are_refused_wherever_they_end() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["zip.pth", "legacy.pth", "plain.safetensors"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        for length in (1..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = match WeightsFile::open(&path) {
                Err(error) => error,
                Ok(file) => {
                    let names: Vec<String> = file.names().map(str::to_owned).collect();
                    let first = names.iter().find_map(|tensor| file.to_f32(tensor).err());
                    first.unwrap_or_else(|| panic!("{name} cut to {length} bytes was read"))
                }
            };
            assert!(
                matches!(error, WeightsError::Damaged { .. } | WeightsError::NotWeights { .. }),
                "{name} cut to {length}: {error}"
            );
        }
        // What is cut in the middle is called damaged, not foreign.
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(failure(&path).contains("damaged or cut off"), "{}", failure(&path));
    }
}

#[test]
fn a_flipped_bit_in_a_zip_or_a_longer_safetensors_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.pth");
    let mut bytes = std::fs::read(fixture("zip.pth")).unwrap();
    let weight = WeightsFile::open(&fixture("zip.pth")).unwrap().to_f32("features.0.weight").unwrap();
    let first = weight[0].to_le_bytes();
    let at = bytes.windows(4).position(|window| window == first).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let message = WeightsFile::open(&path).unwrap().to_f32("features.0.weight").unwrap_err().to_string();
    assert!(message.contains("damaged") && message.contains("features.0.weight"), "{message}");

    let path = folder.path().join("longer.safetensors");
    let mut bytes = std::fs::read(fixture("plain.safetensors")).unwrap();
    bytes.push(0);
    std::fs::write(&path, &bytes).unwrap();
    assert!(failure(&path).contains("should be"), "{}", failure(&path));
}

#[test]
fn written_safetensors_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.safetensors");
    std::fs::write(&path, "what was there").unwrap();
    let values: Vec<f32> = (0..6).map(|n| n as f32 / 7.0).collect();
    let tensors: [(&str, &[i64], &[f32]); 3] =
        [("1", &[2, 3], &values), ("features.4", &[1, 1, 6], &values), ("scalar", &[], &values[5..])];
    write_safetensors(&path, &tensors, &[("backbone", "alexnet")]).unwrap();
    let file = WeightsFile::open(&path).unwrap();
    assert_eq!(file.format(), Format::Safetensors);
    assert_eq!(file.names().collect::<Vec<_>>(), ["1", "features.4", "scalar"]);
    for (name, shape, values) in tensors {
        assert_eq!(file.shape(name).unwrap(), shape);
        assert_eq!(file.to_f32(name).unwrap(), values);
    }
    assert!(std::fs::read_to_string(&path).is_err() || file.converted().count() == 0);
    assert_eq!(file.sha256().unwrap(), lossnet::fetch::file_sha256(&path).unwrap());

    // A refusal leaves the old file as it was, and no other.
    let before = std::fs::read(&path).unwrap();
    assert!(write_safetensors(&path, &[("1", &[7], &values)], &[]).unwrap_err().to_string().contains("`1`"));
    assert!(write_safetensors(&path, &[("1", &[-1], &values)], &[]).is_err());
    assert!(write_safetensors(&path, &[("1", &[6], &values), ("1", &[6], &values)], &[]).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let unwritable = folder.path().join("no such folder/out.safetensors");
    let message = write_safetensors(&unwritable, &tensors, &[]).unwrap_err().to_string();
    assert!(message.contains("no such folder"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
