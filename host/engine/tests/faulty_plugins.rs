//! Real shared libraries that are wrong in one way each (`engine/examples`): each gives its sentence, none hides the good
//! ones, nothing ends the process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use lossnet_core::engine_protocol::{ComponentRef, Configured};
use lossnet_engine::registry;
use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_api::tch::{Device, Kind, Tensor};
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde_json::{Map, Value, json};

fn library(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join(format!("examples/lib{name}.so"));
    assert!(path.is_file(), "{} is missing: run the tests through cargo, which builds it", path.display());
    path
}

fn refused(name: &str) -> PluginError {
    registry::plugin(&library(name)).err().unwrap_or_else(|| panic!("{name} was loaded"))
}

fn configured(name: &str, at: &str, how: &str) -> Configured {
    let component = ComponentRef { plugin: library("faulty_panics"), name: name.to_owned() };
    let Value::Object(config) = json!({ "at": at, "how": how }) else { unreachable!() };
    Configured { component, config }
}

#[test]
fn each_fault_has_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libtext.so");
    std::fs::write(&text, "this is text").unwrap();
    let error = registry::plugin(&text).unwrap_err();
    assert!(error.message.contains("not a shared library"), "{error}");
    assert!(error.message.contains("libtext.so"), "{error}");
    assert_eq!(error.kind, ErrorKind::Load);

    for (name, part) in [
        ("faulty_stranger", "no lossnet plugin"),
        ("faulty_layout", "not laid out"),
        ("faulty_api_version", "built for plugin API 0.2.0"),
        ("faulty_libtorch_version", "built for libtorch 2.4.1"),
        ("faulty_constructor", "failed while it was asked what it holds"),
    ] {
        let error = refused(name);
        assert!(error.message.contains(part), "{name}: {error}");
        assert_eq!(error.kind, ErrorKind::Load, "{name}");
    }
    assert!(refused("faulty_constructor").causes.join(" ").contains("no components today"));

    // A good plugin that is loaded for the first time is not taken for one that was refused.
    let fresh = folder.path().join("libfresh.so");
    std::fs::copy(library("twin_one"), &fresh).unwrap();
    assert_eq!(registry::plugin(&fresh).unwrap().manifest().components.len(), 2);
    // A good plugin still works after all that.
    let good = configured("faulty_net", "", "");
    assert_eq!(registry::describe(&good).unwrap().layers, ["conv", "relu"]);
}

#[test]
fn what_one_plugin_lacks_is_named() {
    let backbone = ComponentRef { plugin: library("twin_one"), name: "only_two".to_owned() };
    let error = registry::describe(&Configured { component: backbone, config: Map::new() }).unwrap_err();
    assert!(error.message.contains("no longer has a backbone `only_two`"), "{error}");
}

#[test]
fn panics_and_torch_exceptions_are_errors_of_the_call() {
    let image = Tensor::ones([1, 3, 4, 4], (Kind::Float, Device::Cpu));
    for (how, kind) in [("panic", ErrorKind::Panic), ("torch", ErrorKind::Torch)] {
        let backbone = configured("faulty_net", "describe", how);
        assert_eq!(registry::describe(&backbone).unwrap_err().kind, kind);

        for at in ["build", "is_spatial"] {
            let build = registry::comparison(&configured("faulty_comparison", at, how));
            assert_eq!(build.err().unwrap().kind, kind, "{at}");
        }
        let comparison = |at| registry::comparison(&configured("faulty_comparison", at, how)).unwrap();
        assert_eq!(comparison("prepare").prepare(&image).unwrap_err().kind, kind);
        assert_eq!(comparison("map").map(&image, &image, None).unwrap_err().kind, kind);
        assert_eq!(comparison("distance").distance(&image, &image, None).unwrap_err().kind, kind);

        let plugin = registry::plugin(&library("faulty_panics")).unwrap();
        let cell = TrackedCell {
            experiment: "x".to_owned(),
            id: "0".to_owned(),
            config: Map::new(),
            folder: PathBuf::from("."),
            ..TrackedCell::default()
        };
        let start =
            |at: &str| plugin.start_tracker("faulty_tracker", &json!({ "at": at, "how": how }), &cell);
        assert_eq!(start("start").err().unwrap().kind, kind);
        let scalar = lossnet_plugin_protocol::report::Scalar { name: "a".to_owned(), step: 0, value: 1.0 };
        let report = lossnet_plugin_protocol::report::Report::Scalar(scalar);
        assert_eq!(start("report").unwrap().report(&report).unwrap_err().kind, kind);
        assert_eq!(start("finish").unwrap().finish(None).unwrap_err().kind, kind);
    }
    // The plugin goes on working.
    let sound = registry::comparison(&configured("faulty_comparison", "", "")).unwrap();
    assert_eq!(sound.distance(&image, &image, None).unwrap().double_value(&[0]), 0.0);
}

#[test]
fn datasets_fail_where_they_are_opened_and_read() {
    for (how, kind) in [("panic", ErrorKind::Panic), ("torch", ErrorKind::Torch)] {
        let open = |at| {
            let request = lossnet_plugin_protocol::sample::OpenSplit {
                split: "val".to_owned(),
                folder: PathBuf::from("."),
                offline: true,
                seed: 0,
            };
            registry::open_dataset(&configured("faulty_data", at, how), &request, Arc::new(NoServices))
        };
        let error = open("open").err().unwrap();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains("dataset `faulty_data`"), "{error}");
        assert_eq!(open("sample").unwrap().sample(0).unwrap_err().kind, kind);
        assert_eq!(open("").unwrap().sample(0).unwrap().id, "0");
    }
}

/// Nothing is asked of it here.
struct NoServices;

impl lossnet_plugin_api::component::Services for NoServices {
    fn fetch(&self, _: &lossnet_plugin_protocol::sample::FetchRequest) -> Result<(), PluginError> {
        Err(PluginError::run("no downloads in this test"))
    }

    fn unpack(&self, _: &std::path::Path, _: &std::path::Path) -> Result<(), PluginError> {
        Err(PluginError::run("no archives in this test"))
    }

    fn notice(&self, _: &str) {}

    fn progress(&self, _: &lossnet_plugin_protocol::report::Progress) {}

    fn cancelled(&self) -> bool {
        false
    }
}

#[test]
fn a_comparison_s_wrong_answers_are_refused_with_its_name() {
    let image = || Tensor::ones([2, 3, 4, 4], (Kind::Float, Device::Cpu));
    let comparison = |at, how| registry::comparison(&configured("faulty_comparison", at, how)).unwrap();
    let _: Tensor = comparison("", "").distance(&image(), &image(), None).unwrap();
    for (at, how, part) in [
        ("distance", "shape", "it gave a distance of shape [3, 3] where one number for each of 2 samples"),
        ("distance", "nan", "it gave the distance NaN, though all features are numbers"),
        ("distance", "write", "it has written into the prepared features"),
    ] {
        let compare = comparison(at, how);
        for error in [
            compare.distance(&image(), &image(), None).unwrap_err(),
            compare.distances(&image(), &[image()], None).unwrap_err(),
        ] {
            assert!(
                error.message.starts_with("in comparison `faulty_comparison` of lossnet-engine "),
                "{error}"
            );
            assert!(error.message.contains(part), "{how}: {error}");
        }
    }
    let error = comparison("prepare", "write").prepare(&image()).unwrap_err();
    assert!(error.message.contains("it has written into the features, which others read"), "{error}");
}

#[test]
fn a_file_that_is_copied_over_while_it_is_in_use_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libinuse.so");
    std::fs::copy(library("twin_one"), &file).unwrap();
    let backbone = || {
        let component = ComponentRef { plugin: file.clone(), name: "only_one".to_owned() };
        registry::describe(&Configured { component, config: Map::new() })
    };
    // Not more than the header is in memory by now.
    registry::plugin(&file).unwrap();
    // As `cp` does it: the same file gets other bytes, and is shorter for a while.
    std::fs::write(&file, "").unwrap();
    let described = backbone().unwrap();
    std::fs::copy(library("twin_two"), &file).unwrap();
    assert_eq!(backbone().unwrap(), described);
}
