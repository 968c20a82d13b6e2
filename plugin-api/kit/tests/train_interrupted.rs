//! Trainings that were cut off at bad moments, by what is left of their checkpoints: they still end with the bits of one that
//! was not; and what the loop tells about sources and trainees that are wrong.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::protocol::sample::{Field, Sample};
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::loader::LoaderOptions;
use lossnet_plugin_kit::samples;
use lossnet_plugin_kit::testing::{MemoryRun, kept_curves};
use lossnet_plugin_kit::train::{
    At, BatchSource, Goal, Loss, SampleSource, TensorSource, TrainSettings, Trained, Trainee, Validation,
    train,
};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// libtorch draws from one generator for all threads: one training at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A linear function, and a parameter that only every third step has to do with.
struct Line {
    weight: Tensor,
    seldom: Tensor,
    /// Whether its pictures can't be drawn.
    unpaintable: bool,
    /// Whether both parameters have one name.
    twins: bool,
    /// Whether the user stops it while it validates.
    stopped: bool,
    /// What its last picture shows.
    painted: f64,
}

impl Line {
    fn new() -> Line {
        let parameter = |values: &[f32]| Tensor::from_slice(values).set_requires_grad(true);
        Line {
            weight: parameter(&[0.5, -0.25, 1.0]),
            seldom: parameter(&[3.0, -2.0]),
            unpaintable: false,
            twins: false,
            stopped: false,
            painted: 0.0,
        }
    }

    fn distance(&self, inputs: &Tensor, targets: &Tensor) -> Tensor {
        (inputs.matmul(&self.weight) - targets).square().mean(Kind::Float)
    }

    fn values(&self) -> Vec<f32> {
        Vec::try_from(Tensor::cat(&[self.weight.detach(), self.seldom.detach()], 0)).unwrap()
    }
}

impl Trainee<(Tensor, Tensor)> for Line {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        let name = if self.twins { "weight" } else { "seldom" };
        Ok(vec![("weight".into(), self.weight.shallow_clone()), (name.into(), self.seldom.shallow_clone())])
    }

    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        // As some do, it changes what it has learned: weights stay within bounds.
        if !training {
            let _ = tch::no_grad(|| self.weight.shallow_clone().clamp_min_(0.0));
        }
        Ok(())
    }

    fn loss(&mut self, (inputs, targets): (Tensor, Tensor), at: &At) -> Result<Loss, PluginError> {
        let loss = self.distance(&inputs, &targets);
        let seldom = self.seldom.square().sum(Kind::Float);
        Ok(if at.step.is_multiple_of(3) { loss + seldom } else { loss }.into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        if self.stopped {
            return Err(PluginError::interrupted());
        }
        let (inputs, targets) = data();
        Ok(self.distance(&inputs, &targets).double_value(&[]).into())
    }

    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        self.painted = Tensor::rand([1], (Kind::Double, Device::Cpu)).double_value(&[0]);
        if self.unpaintable { Err(PluginError::run("no colours")) } else { Ok(Vec::new()) }
    }
}

fn data() -> (Tensor, Tensor) {
    let inputs = (Tensor::arange(60, (Kind::Float, Device::Cpu)) * 1.7).sin().view([20, 3]);
    let targets = inputs.matmul(&Tensor::from_slice(&[1.0f32, 2.0, -1.0]));
    (inputs, targets)
}

/// Three epochs of four steps, with a checkpoint after each.
fn settings() -> TrainSettings {
    TrainSettings {
        epochs: 3,
        batch_size: 5,
        learning_rate: 0.05,
        checkpoint_minutes: 0.0,
        ..TrainSettings::default()
    }
}

fn attempt(line: &mut Line, run: &MemoryRun, settings: &TrainSettings) -> Result<Trained, PluginError> {
    let (inputs, targets) = data();
    train("line", line, &TensorSource { inputs, targets }, settings, Goal::Minimize, run)
}

/// What an undisturbed training ends with.
fn expected(folder: &Path) -> (Line, MemoryRun) {
    let run = MemoryRun::new(&folder.join("whole")).unwrap();
    let mut line = Line::new();
    attempt(&mut line, &run, &settings()).unwrap();
    (line, run)
}

/// A training that the user has stopped after so many questions: one after each step and one after each epoch.
fn stopped(folder: &Path, questions: usize) -> PathBuf {
    let place = folder.join("parts");
    let run = MemoryRun::new(&place).unwrap().cancelled_after(questions);
    let error = attempt(&mut Line::new(), &run, &settings()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted, "{error}");
    place.join("checkpoints/line")
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn without_its_best_weights_no_checkpoint_leaves_a_trace() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (expected, _) = expected(folder.path());
    let checkpoints = stopped(folder.path(), 7);
    std::fs::write(checkpoints.join("best-000000.safetensors"), "something else").unwrap();
    let run = MemoryRun::new(&folder.path().join("parts")).unwrap();
    let mut line = Line::new();
    attempt(&mut line, &run, &settings()).unwrap();
    assert!(run.notices()[0].contains("the training begins anew"), "{:?}", run.notices());
    assert_eq!(line.values(), expected.values());
}

#[test]
fn remains_of_killed_and_damaged_attempts_do_no_harm_and_go() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (expected, whole) = expected(folder.path());
    let checkpoints = stopped(folder.path(), 7);
    std::fs::write(checkpoints.join("step-000000000007.json"), "{").unwrap();
    for remains in [".writing-AbC123", "step-000000000002.safetensors", "best-000009.safetensors"] {
        std::fs::write(checkpoints.join(remains), "cut off").unwrap();
    }
    let run = MemoryRun::new(&folder.path().join("parts")).unwrap();
    let mut line = Line::new();
    // Its checkpoints have other steps than the damaged one.
    let seldom = TrainSettings { checkpoint_minutes: 1e30, ..settings() };
    attempt(&mut line, &run, &seldom).unwrap();
    let told = &run.notices()[0];
    assert!(told.contains("step-000000000007") && told.contains("the one before it is used"), "{told}");
    assert_eq!(line.values(), expected.values());
    let left = files(&checkpoints);
    let sound = ["step-000000000006.", "step-000000000012-finished.", "best-"];
    assert!(left.iter().all(|file| sound.iter().any(|start| file.starts_with(start))), "{left:?}");
    assert_eq!(left.iter().filter(|file| file.starts_with("step-")).count(), 4, "{left:?}");
    assert!(!left.iter().any(|file| file.starts_with("best-000009")), "{left:?}");
    // What a kill has left behind the last checkpoint goes, too.
    std::fs::write(checkpoints.join(".writing-dEf456"), "cut off").unwrap();
    attempt(&mut line, &run, &seldom).unwrap();
    assert_eq!(files(&checkpoints), left);
    let undisturbed = files(&whole.context().cells[0].checkpoints.join("line"));
    assert_eq!(undisturbed.iter().filter(|file| file.starts_with("step-")).count(), 4, "{undisturbed:?}");
}

#[test]
fn what_is_saved_is_not_written_over() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (expected, _) = expected(folder.path());
    // After the last step of the first epoch, before its validation.
    let checkpoints = stopped(folder.path(), 3);
    let contents = |name: &str| std::fs::read(checkpoints.join(name)).unwrap();
    let names = ["step-000000000004.json", "step-000000000004.safetensors"];
    let before = names.map(contents);
    // After its validation: a disk that gets full meanwhile leaves what there was.
    stopped(folder.path(), 0);
    assert_eq!(names.map(contents), before);
    assert_ne!(contents("step-000000000004-epoch.safetensors"), before[1]);
    std::fs::remove_file(checkpoints.join("step-000000000004-epoch.json")).unwrap();
    let run = MemoryRun::new(&folder.path().join("parts")).unwrap();
    let mut line = Line::new();
    attempt(&mut line, &run, &settings()).unwrap();
    assert_eq!(run.notices(), ["line goes on after step 4"]);
    assert_eq!(line.values(), expected.values());
}

#[test]
fn an_epoch_whose_validation_was_told_and_not_saved_is_told_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (_, whole) = expected(folder.path());
    let run = || MemoryRun::new(&folder.path().join("parts")).unwrap();
    let (first, second) = (run(), run());
    let mut line = Line { unpaintable: true, ..Line::new() };
    assert_eq!(attempt(&mut line, &first, &settings()).unwrap_err().to_string(), "no colours");
    assert_eq!(first.curve("line/validation/objective").len(), 1);
    attempt(&mut Line::new(), &second, &settings()).unwrap();
    assert_eq!(kept_curves(&[&first, &second]), kept_curves(&[&whole]));
}

#[test]
fn a_training_that_is_stopped_while_it_validates_has_saved_its_steps() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (expected, whole) = expected(folder.path());
    let run = || MemoryRun::new(&folder.path().join("parts")).unwrap();
    let (first, second) = (run(), run());
    let seldom = TrainSettings { checkpoint_minutes: 1e30, ..settings() };
    let mut line = Line { stopped: true, ..Line::new() };
    assert_eq!(attempt(&mut line, &first, &seldom).unwrap_err().kind, ErrorKind::Interrupted);
    let mut line = Line::new();
    attempt(&mut line, &second, &seldom).unwrap();
    assert_eq!(second.notices(), ["line goes on after step 4"]);
    assert_eq!(line.values(), expected.values());
    assert_eq!(kept_curves(&[&first, &second]), kept_curves(&[&whole]));
}

#[test]
fn parameters_that_few_steps_have_to_do_with_survive_interruptions() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (expected, whole) = expected(folder.path());
    let mut runs = Vec::new();
    let line = loop {
        let run = MemoryRun::new(&folder.path().join("parts")).unwrap().cancelled_after(0);
        let mut line = Line::new();
        // As in a process of its own.
        tch::manual_seed(99);
        let outcome = attempt(&mut line, &run, &settings());
        runs.push(run);
        match outcome {
            Ok(_) => break line,
            Err(error) => assert_eq!(error.kind, ErrorKind::Interrupted, "{error}"),
        }
        assert!(runs.len() < 30);
    };
    assert!(runs.len() > 12, "{} attempts", runs.len());
    assert_eq!(line.values(), expected.values());
    assert_eq!(line.painted, expected.painted, "what is drawn at the end");
    assert_eq!(kept_curves(&runs.iter().collect::<Vec<_>>()), kept_curves(&[&whole]));
}

#[test]
fn a_loss_that_is_no_number_names_the_samples_and_the_gradients() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let sample = |index: u32| Sample {
        id: format!("crack/{index:03}"),
        group: String::new(),
        fields: vec![("label".to_owned(), Field::Number(f64::from(index)))],
    };
    let run = MemoryRun::new(folder.path()).unwrap().with_samples("train", (0..6).map(sample).collect());
    let images = lossnet_plugin_api::component::Run::samples(&run, "train").unwrap();
    let source = SampleSource {
        samples: &*images,
        indices: vec![1, 3, 5],
        seed: 0,
        loader: LoaderOptions::default(),
        prepare: |sample: Sample, _: &mut _| samples::number(&sample, "label"),
        collate: |labels: Vec<f64>| {
            let count = labels.len() as i64;
            let inputs = Tensor::ones([count, 3], (Kind::Float, Device::Cpu)) * f64::NAN;
            Ok((inputs, Tensor::zeros([count], (Kind::Float, Device::Cpu))))
        },
    };
    train("line", &mut Line::new(), &source, &settings(), Goal::Minimize, &run).unwrap_err();
    let report = std::fs::read(run.folder().join("line-not-finite.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let mut names: Vec<&str> =
        report["samples"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["crack/001", "crack/003", "crack/005"]);
    let gradients = report["gradients"].as_array().unwrap();
    let of = |name: &str| &gradients.iter().find(|of| of["parameter"] == name).unwrap()["norm"];
    assert_eq!(of("weight"), "NaN");
    // Twice (3, -2), whose norm is the root of 13.
    let gradient: f64 = of("seldom").as_str().unwrap().parse().unwrap();
    assert!((gradient - 2.0 * 13f64.sqrt()).abs() < 1e-5, "{report:#}");
}

#[test]
fn two_tensors_of_one_name_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let error = attempt(&mut Line { twins: true, ..Line::new() }, &run, &settings()).unwrap_err();
    assert!(error.to_string().contains("two of its tensors have the name parameter/weight"), "{error}");
}

/// Hands out one batch less than it was asked for.
struct Lazy(TensorSource);

impl BatchSource<(Tensor, Tensor)> for Lazy {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn for_each(
        &self,
        epoch: u64,
        batches: &[Vec<usize>],
        consume: &mut dyn FnMut((Tensor, Tensor)) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        self.0.for_each(epoch, &batches[1..], consume)
    }
}

#[test]
fn a_source_that_keeps_batches_back_is_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let (inputs, targets) = data();
    let source = Lazy(TensorSource { inputs, targets });
    let error = train("line", &mut Line::new(), &source, &settings(), Goal::Minimize, &run).unwrap_err();
    assert_eq!(error.to_string(), "fewer batches came than were asked for");
}

#[test]
fn a_checkpoint_of_a_newer_lossnet_is_left_as_it_is() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let stage = folder.path().join("checkpoints/line");
    std::fs::create_dir_all(&stage).unwrap();
    let newer = r#"{ "format": 99, "everything": "is otherwise" }"#;
    std::fs::write(stage.join("step-000000000004.json"), newer).unwrap();
    let error = attempt(&mut Line::new(), &run, &settings()).unwrap_err();
    assert!(error.to_string().contains("is of a newer lossnet"), "{error}");
    assert_eq!(std::fs::read_to_string(stage.join("step-000000000004.json")).unwrap(), newer);
}
