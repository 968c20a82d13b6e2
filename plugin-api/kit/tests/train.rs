//! The training loop: resuming bit for bit, early stopping, damaged checkpoints, losses that are not numbers.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::protocol::report::Report;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::testing::{MemoryRun, kept_curves};
use lossnet_plugin_kit::train::{
    At, Goal, Loss, TensorSource, TrainSettings, Trained, Trainee, Validation, discard, stage_seed, train,
};
use serde_json::{Value, json};
use tch::nn::{ModuleT as _, VarStore};
use tch::{Device, Kind, Reduction, Tensor};

/// libtorch draws from one generator for all threads: one training at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A little network with dropout and batch normalization, so that all kinds of state are there.
struct Model {
    variables: VarStore,
    network: tch::nn::SequentialT,
    training: bool,
    losses: u64,
    /// The loss of this step is not a number.
    broken_at: Option<u64>,
    /// Whether it has a picture to show.
    paints: bool,
    /// What validations find, instead of the truth.
    objectives: Option<Vec<f64>>,
    validated: usize,
}

impl Model {
    fn new() -> Model {
        tch::manual_seed(5);
        let variables = VarStore::new(Device::Cpu);
        let root = variables.root();
        let network = tch::nn::seq_t()
            .add(nn::linear(&(&root / "first"), 3, 8))
            .add(tch::nn::batch_norm1d(&root / "norm", 8, tch::nn::BatchNormConfig::default()))
            .add_fn_t(|x, training| x.relu().dropout(0.3, training))
            .add(nn::linear(&(&root / "second"), 8, 1));
        Model {
            variables,
            network,
            training: true,
            losses: 0,
            broken_at: None,
            paints: false,
            objectives: None,
            validated: 0,
        }
    }
}

impl Trainee<(Tensor, Tensor)> for Model {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(&self.variables))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::buffers(&self.variables))
    }

    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.training = training;
        Ok(())
    }

    fn loss(&mut self, (inputs, targets): (Tensor, Tensor), at: &At) -> Result<Loss, PluginError> {
        assert!(self.training);
        self.losses += 1;
        let loss = self.network.forward_t(&inputs, true).mse_loss(&targets, Reduction::Mean);
        let loss = if self.broken_at == Some(at.step) { loss * f64::NAN } else { loss };
        Ok(Loss { scalars: vec![("twice", loss.detach() * 2.0)], loss })
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        assert!(!self.training);
        self.validated += 1;
        if let Some(objectives) = &self.objectives {
            return Ok(objectives[self.validated - 1].into());
        }
        let (inputs, targets) = data(64, 1);
        let loss = self.network.forward_t(&inputs, false).mse_loss(&targets, Reduction::Mean);
        Ok(loss.double_value(&[]).into())
    }

    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        assert!(!self.training);
        let grey = Image::grey(1, 1, vec![self.validated as u8])?;
        Ok(if self.paints { vec![("dot".to_owned(), grey)] } else { Vec::new() })
    }

    fn state(&self) -> Value {
        json!({ "losses": self.losses })
    }

    fn restore(&mut self, state: &Value) -> Result<(), PluginError> {
        self.losses = state["losses"].as_u64().unwrap();
        Ok(())
    }
}

fn data(count: i64, seed: i64) -> (Tensor, Tensor) {
    tch::manual_seed(seed);
    let inputs = Tensor::randn([count, 3], (Kind::Float, Device::Cpu));
    let targets = (inputs.select(1, 0) * 2.0 - inputs.select(1, 1).square()).unsqueeze(1);
    (inputs, targets)
}

fn settings() -> TrainSettings {
    TrainSettings {
        epochs: 4,
        batch_size: 10,
        checkpoint_minutes: 0.0,
        learning_rate: 0.01,
        ..Default::default()
    }
}

fn attempt(model: &mut Model, run: &MemoryRun, settings: &TrainSettings) -> Result<Trained, PluginError> {
    let (inputs, targets) = data(47, 0);
    train("fit", model, &TensorSource { inputs, targets }, settings, Goal::Minimize, run)
}

fn weights(model: &Model) -> Vec<(String, Vec<f32>)> {
    let values = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().flatten(0, -1)).unwrap();
    let all = [model.parameters().unwrap(), model.buffers().unwrap()].concat_named();
    all.iter().map(|(name, tensor)| (name.clone(), values(tensor))).collect()
}

/// Lists of named tensors, one after the other.
trait ConcatNamed {
    fn concat_named(self) -> Vec<(String, Tensor)>;
}

impl ConcatNamed for [Vec<(String, Tensor)>; 2] {
    fn concat_named(self) -> Vec<(String, Tensor)> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn an_interrupted_training_ends_with_the_bits_of_an_uninterrupted_one() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let whole = MemoryRun::new(&folder.path().join("whole")).unwrap();
    let mut expected = Model::new();
    let trained = attempt(&mut expected, &whole, &settings()).unwrap();
    assert_eq!((trained.epochs, trained.steps), (4, 20));

    // Stopped after every single question, which is asked after each step and each epoch.
    let mut runs = Vec::new();
    let resumed = loop {
        let run = MemoryRun::new(&folder.path().join("parts")).unwrap().cancelled_after(0);
        let mut model = Model::new();
        let outcome = attempt(&mut model, &run, &settings());
        runs.push(run);
        match outcome {
            Ok(trained) => break (model, trained),
            Err(error) => assert_eq!(error.kind, ErrorKind::Interrupted, "{error}"),
        }
        assert!(runs.len() < 50);
    };
    assert!(runs.len() > 20, "{} attempts", runs.len());
    assert_eq!(resumed.1, trained);
    assert_eq!(weights(&resumed.0), weights(&expected));
    assert_eq!(resumed.0.losses, expected.losses);
    assert_eq!(kept_curves(&runs.iter().collect::<Vec<_>>()), kept_curves(&[&whole]));

    // A complete training is not repeated.
    let again = MemoryRun::new(&folder.path().join("parts")).unwrap();
    let mut model = Model::new();
    assert_eq!(attempt(&mut model, &again, &settings()).unwrap(), trained);
    assert_eq!((weights(&model), model.validated), (weights(&expected), 0));
}

#[test]
fn gradients_are_accumulated_to_those_of_the_whole_batch() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| MemoryRun::new(&folder.path().join(name)).unwrap();
    let mut halves = Model::new();
    // Without batch statistics and dropout, halves of a batch add up to it.
    halves.network = tch::nn::seq_t().add(nn::linear(&(halves.variables.root() / "only"), 3, 1));
    let mut wholes = Model::new();
    wholes.network = tch::nn::seq_t().add(nn::linear(&(wholes.variables.root() / "only"), 3, 1));
    tch::no_grad(|| wholes.variables.copy(&halves.variables)).unwrap();
    let (inputs, targets) = data(40, 0);
    let source = TensorSource { inputs, targets };
    let settings = TrainSettings { epochs: 1, batch_size: 20, ..settings() };
    let one = train("a", &mut wholes, &source, &settings, Goal::Minimize, &run("a")).unwrap();
    let settings = TrainSettings { batch_size: 10, grad_accumulation_steps: 2, ..settings };
    // The same stage name, so that the data come in the same order.
    let two = train("a", &mut halves, &source, &settings, Goal::Minimize, &run("b")).unwrap();
    assert_eq!((one.steps, two.steps), (2, 2));
    let (one, two) = (weights(&wholes), weights(&halves));
    for ((name, a), (_, b)) in one.iter().zip(&two) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{name}: {a:?} {b:?}");
    }
}

#[test]
fn training_stops_when_validation_gets_no_better_and_keeps_the_best_weights() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let mut model = Model::new();
    model.objectives = Some(vec![3.0, 1.0, 2.0, 1.5, 0.5]);
    let settings = TrainSettings { epochs: 5, patience: 2, ..settings() };
    let trained = attempt(&mut model, &run, &settings).unwrap();
    assert_eq!((trained.best_epoch, trained.best_objective, trained.epochs), (1, 1.0, 4));
    assert!(!model.training);
    let mut short = Model::new();
    short.objectives = Some(vec![3.0, 1.0]);
    let other = MemoryRun::new(&folder.path().join("short")).unwrap();
    attempt(&mut short, &other, &TrainSettings { epochs: 2, ..settings }).unwrap();
    assert_eq!(weights(&model), weights(&short));
}

#[test]
fn pictures_are_drawn_on_the_way_and_of_the_best_weights() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let mut model = Model::new();
    model.paints = true;
    attempt(&mut model, &run, &TrainSettings { epochs: 5, picture_epochs: 2, ..settings() }).unwrap();
    let entries = std::fs::read_dir(run.folder()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let wanted =
        ["fit-dot-epoch-0001.png", "fit-dot-epoch-0002.png", "fit-dot-epoch-0004.png", "fit-dot.png"];
    assert_eq!(names, wanted);
    let shown = run.reports().into_iter().filter_map(|report| match report {
        Report::Image { name, step, .. } => Some((name, step)),
        _ => None,
    });
    let steps: Vec<Option<u64>> =
        shown.map(|(name, step)| (name == "fit/dot").then_some(step).unwrap()).collect();
    // Where the epochs' curves have their points: behind five steps each.
    assert_eq!(steps, [Some(5), Some(10), Some(20), None]);

    let none = MemoryRun::new(&folder.path().join("none")).unwrap();
    attempt(&mut model, &none, &TrainSettings { epochs: 1, picture_epochs: 0, ..settings() }).unwrap();
    assert_eq!(std::fs::read_dir(none.folder()).unwrap().count(), 0);
}

#[test]
fn discarded_checkpoints_are_gone_and_nothing_else_is() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    attempt(&mut Model::new(), &run, &TrainSettings { epochs: 1, ..settings() }).unwrap();
    let kept = run.context().cells[0].checkpoints.join("network.safetensors");
    std::fs::write(&kept, "mine").unwrap();
    discard("fit", &run).unwrap();
    assert!(kept.is_file() && !kept.with_file_name("fit").exists());
    discard("fit", &run).unwrap();
}

#[test]
fn seeds_of_stages_depend_on_the_run_and_the_stage() {
    let folder = tempfile::tempdir().unwrap();
    let run = |seed| MemoryRun::new(folder.path()).unwrap().with_seed(seed);
    let seed = stage_seed(&run(1), "a");
    assert_eq!(seed, stage_seed(&run(1), "a"));
    assert!(seed != stage_seed(&run(1), "b") && seed != stage_seed(&run(2), "a"));
}

/// A training whose every gradient is known: Adam's steps against `torch.optim.Adam`'s.
struct Scalar(Tensor);

impl Trainee<(Tensor, Tensor)> for Scalar {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(vec![("x".to_owned(), self.0.shallow_clone())])
    }

    fn set_training(&mut self, _: bool) -> Result<(), PluginError> {
        Ok(())
    }

    fn loss(&mut self, (inputs, _): (Tensor, Tensor), _: &At) -> Result<Loss, PluginError> {
        Ok((&self.0 * inputs.select(0, 0)).sin().sum(Kind::Float).into())
    }

    fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
        // The last epoch counts.
        Ok((-self.0.abs().sum(Kind::Float).double_value(&[])).into())
    }
}

#[test]
fn adam_makes_the_steps_of_pytorch() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let start = Tensor::from_slice(&[0.5f32, -1.0, 2.0]).set_requires_grad(true);
    let mut scalar = Scalar(start);
    let inputs = Tensor::from_slice(&[1.0f32, 2.0, 3.0]).unsqueeze(0);
    let source = TensorSource { targets: inputs.shallow_clone(), inputs };
    let settings = TrainSettings {
        epochs: 7,
        learning_rate: 0.1,
        beta1: 0.5,
        weight_decay: 0.01,
        max_grad_norm: 2.0,
        ..settings()
    };
    train("adam", &mut scalar, &source, &settings, Goal::Minimize, &run).unwrap();
    let losses: Vec<f64> = run.curve("adam/step_loss").into_iter().map(|(_, value)| value).collect();
    // x = torch.tensor([.5, -1., 2.], requires_grad=True); a = torch.tensor([1., 2., 3.])
    // adam = torch.optim.Adam([x], lr=.1, betas=(.5, .999), weight_decay=.01); seven times:
    //   adam.zero_grad(); loss = (x * a).sin().sum(); loss.backward()
    //   torch.nn.utils.clip_grad_norm_([x], 2.); adam.step(); print(loss.item())
    let wanted =
        [-0.709_287_3, -1.135_114_9, -1.478_719_7, -1.734_183_8, -1.909_617_9, -2.032_443_3, -2.136_916_4];
    assert!(losses.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{losses:?}");
}

fn checkpoints(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("checkpoints/fit")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_it_used() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let whole = MemoryRun::new(&folder.path().join("whole")).unwrap();
    let mut expected = Model::new();
    attempt(&mut expected, &whole, &settings()).unwrap();

    let place = folder.path().join("parts");
    let run = MemoryRun::new(&place).unwrap().cancelled_after(9);
    attempt(&mut Model::new(), &run, &settings()).unwrap_err();
    let names = checkpoints(&place);
    let steps: Vec<&String> = names.iter().filter(|name| name.starts_with("step-")).collect();
    assert_eq!(steps.len(), 4, "the last two are kept: {names:?}");
    let newest = place.join("checkpoints/fit").join(steps[3]);
    let mut bytes = std::fs::read(&newest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&newest, bytes).unwrap();

    let run = MemoryRun::new(&place).unwrap();
    let mut model = Model::new();
    attempt(&mut model, &run, &settings()).unwrap();
    assert_eq!(weights(&model), weights(&expected));
    let told = run.notices().join("\n");
    assert!(told.contains(steps[3].as_str()) && told.contains("the one before it is used"), "{told}");
}

#[test]
fn a_loss_that_is_no_number_stops_the_training_with_what_is_needed_to_look_into_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let mut model = Model::new();
    model.broken_at = Some(6);
    let error = attempt(&mut model, &run, &settings()).unwrap_err();
    assert_eq!(error.to_string(), "the loss of fit was NaN at step 7 (epoch 2)");
    let report = std::fs::read(run.folder().join("fit-not-finite.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!((report["step"].as_u64(), report["examples"].as_array().unwrap().len()), (Some(7), 10));
    // Nothing that was saved is lost.
    model = Model::new();
    let again = MemoryRun::new(folder.path()).unwrap();
    attempt(&mut model, &again, &settings()).unwrap();
    assert!(again.notices()[0].contains("goes on after step 6"), "{:?}", again.notices());
}

#[test]
fn other_data_than_before_is_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap().cancelled_after(3);
    attempt(&mut Model::new(), &run, &settings()).unwrap_err();
    let (inputs, targets) = data(46, 0);
    let source = TensorSource { inputs, targets };
    let run = MemoryRun::new(folder.path()).unwrap();
    let error = train("fit", &mut Model::new(), &source, &settings(), Goal::Minimize, &run).unwrap_err();
    assert!(error.to_string().contains("belong to other data (47 examples"), "{error}");
}
