//! Weights files of every format against what PyTorch read from them, and files that are none.
//! `fixtures/weights/generate.py` made the files.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use lossnet_core::weights::{ElementType, Format, WeightsError, WeightsFile, write_safetensors};
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
        let file = selected(name, None).unwrap();
        assert_eq!(file.unwrapped(), Some(unwrapped), "{name}");
        assert_eq!(file.names().collect::<Vec<_>>(), ["features.0.bias", "features.0.weight"], "{name}");
        let bias = file.to_f32("features.0.bias").unwrap();
        assert_eq!(bias, numbers(&expected["features.0.bias"]["values"]), "{name}");
    }
}

/// What stands in a file for a network with one convolution.
fn selected(name: &str, key: Option<&str>) -> Result<WeightsFile, WeightsError> {
    let known = ["features.0.weight", "features.0.bias"];
    WeightsFile::open(&fixture(name)).unwrap().select(key, &|name| known.contains(&name))
}

/// `fixtures/weights/checkpoints.py` made the files.
#[test]
fn checkpoints_are_taken_as_training_scripts_write_them() {
    for (name, unwrapped, alternatives) in [
        ("imagenet.pth", Some("state_dict.module"), &[][..]),
        ("tutorial.pth", Some("model_state_dict"), &[]),
        ("lightning.ckpt", Some("state_dict.model"), &[]),
        ("compiled.pth", Some("module._orig_mod"), &[]),
        ("compiled_parallel.pth", Some("_orig_mod.module"), &[]),
        ("moco.pth", Some("state_dict.module.encoder_q"), &["state_dict.module.encoder_k"]),
        ("averaged.pth", Some("state_dict"), &["state_dict_ema"]),
        ("nested.pth", Some("a.b.state_dict"), &[]),
        ("module.pth", None, &[]),
        ("module_checkpoint.pth", Some("model"), &[]),
    ] {
        let file = selected(name, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((file.unwrapped(), file.alternatives().len()), (unwrapped, alternatives.len()), "{name}");
        assert!(file.alternatives().iter().zip(alternatives).all(|(other, known)| other == known), "{name}");
        assert_eq!(file.names().collect::<Vec<_>>(), ["features.0.bias", "features.0.weight"], "{name}");
        assert_eq!(file.to_f32("features.0.bias").unwrap(), [0.5, -1.0, 2.0], "{name}");
    }
}

#[test]
fn a_key_chooses_among_several_sets() {
    let wrong = selected("basicsr.pth", None).unwrap_err().to_string();
    for part in ["basicsr.pth holds 2 sets", "`params`, `params_ema`", "basicsr.pth#params_ema"] {
        assert!(wrong.contains(part), "no {part} in {wrong}");
    }
    for (name, key, bias) in [
        ("basicsr.pth", "params", 0.5),
        ("basicsr.pth", "params_ema", 1.0),
        ("averaged.pth", "state_dict_ema", 1.0),
        ("moco.pth", "state_dict.module.encoder_k", 1.0),
        ("imagenet.pth", "state_dict", 0.5),
    ] {
        let file = selected(name, Some(key)).unwrap();
        assert_eq!(file.to_f32("features.0.bias").unwrap()[0], bias, "{name}#{key}");
    }
    let wrong = selected("two_sets.pth", None).unwrap_err().to_string();
    assert!(wrong.contains("`critic`, `generator`"), "{wrong}");
    let wrong = selected("basicsr.pth", Some("param")).unwrap_err().to_string();
    assert!(wrong.contains("`param`") && wrong.contains("`params`, `params_ema`"), "{wrong}");
}

#[test]
fn weights_in_several_files_are_read_by_their_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_safetensors(&path("model-1.safetensors"), &[("a", &[2], &[1.0, 2.0])], &[]).unwrap();
    write_safetensors(&path("model-2.safetensors"), &[("b", &[1], &[3.0]), ("c", &[], &[4.0])], &[]).unwrap();
    let index = path("model.safetensors.index.json");
    let map = |c: &str| {
        format!(
            r#"{{"metadata": {{}}, "weight_map": {{"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "{c}"}}}}"#
        )
    };
    std::fs::write(&index, map("model-2.safetensors")).unwrap();
    for path in [index.as_path(), folder.path()] {
        let file = WeightsFile::open(path).unwrap();
        assert_eq!(file.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((file.to_f32("a").unwrap(), file.to_f32("c").unwrap()), (vec![1.0, 2.0], vec![4.0]));
        assert_eq!(file.parts().len(), 2);
    }
    let before = WeightsFile::open(&index).unwrap().sha256().unwrap();
    write_safetensors(&path("model-1.safetensors"), &[("a", &[2], &[1.0, 5.0])], &[]).unwrap();
    assert_ne!(WeightsFile::open(&index).unwrap().sha256().unwrap(), before);

    std::fs::write(&index, map("model-1.safetensors")).unwrap();
    assert!(failure(&index).contains("no tensor `c`"), "{}", failure(&index));
    std::fs::write(&index, map("../elsewhere.safetensors")).unwrap();
    assert!(failure(&index).contains("not beside it"), "{}", failure(&index));
    std::fs::write(&index, "{}").unwrap();
    assert!(failure(&index).contains("weight_map"), "{}", failure(&index));
    std::fs::remove_file(&index).unwrap();
    assert!(failure(folder.path()).contains("`model-1.safetensors`, `model-2.safetensors`"));
}

#[test]
fn what_is_no_weights_file_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let empty = tempfile::tempdir().unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("photo.txt", zip::write::SimpleFileOptions::default()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    for (path, words) in [
        (fixture("torchscript.pt"), "TorchScript"),
        (fixture("exported.pt2"), "torch.export"),
        (made("net.onnx", b"\x08\x07\x12\x07pytorch"), "ONNX"),
        (made("keras.h5", b"\x89HDF\r\n\x1a\n00000000"), "HDF5"),
        (made("packed.pth.gz", &[0x1f, 0x8b, 8, 0, 0, 0]), "gunzip"),
        (fixture("no_tensors.pth"), "no tensor"),
        (fixture("list.pth"), "dictionary"),
        (empty.path().to_path_buf(), "folder"),
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
    assert_eq!(file.sha256().unwrap(), lossnet_core::fetch::file_sha256(&path).unwrap());

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
