//! The training loop that tasks share: epochs, validation, early stopping, checkpoints, and resuming.
//!
//! A run that is killed at any moment and started again gives, on the CPU, the bits of one that was not: everything
//! that is random is drawn from seeds that depend on where the training stands and not on how it got there, and all
//! else is in the checkpoint. A task implements [`Trainee`] and calls [`train`]:
//!
//! ```
//! use lossnet_plugin_api::component::{Run, torch_error};
//! use lossnet_plugin_api::prelude::*;
//! use lossnet_plugin_kit::nn;
//! use lossnet_plugin_kit::perceptual::{PerceptualKind, PerceptualLoss, Reduction};
//! use lossnet_plugin_kit::train::{
//!     At, Goal, Loss, SampleSource, TrainSettings, Trainee, Validation, stage_seed, train, validation_split,
//! };
//! use lossnet_plugin_kit::{loader, samples};
//! use tch::nn::{Module, VarStore};
//!
//! /// One convolution that learns to give images back, judged by the configured loss network.
//! struct Copier<'a> {
//!     variables: VarStore,
//!     convolution: tch::nn::Conv2D,
//!     loss: PerceptualLoss<'a>,
//!     validation: Tensor,
//! }
//!
//! impl Copier<'_> {
//!     fn distance(&self, images: &Tensor) -> Result<Tensor, PluginError> {
//!         let target = self.loss.target(images)?;
//!         self.loss.loss(&self.convolution.forward(images), &target)
//!     }
//! }
//!
//! impl Trainee<Tensor> for Copier<'_> {
//!     fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
//!         Ok(nn::parameters(&self.variables))
//!     }
//!
//!     fn set_training(&mut self, _: bool) -> Result<(), PluginError> {
//!         Ok(()) // no dropout, no batch normalization
//!     }
//!
//!     fn loss(&mut self, images: Tensor, _: &At) -> Result<Loss, PluginError> {
//!         Ok(self.distance(&images)?.into())
//!     }
//!
//!     fn validate(&mut self, _: &dyn Run) -> Result<Validation, PluginError> {
//!         let distance = self.distance(&self.validation)?;
//!         Ok(distance.f_double_value(&[]).map_err(torch_error)?.into())
//!     }
//! }
//!
//! fn run(settings: &TrainSettings, run: &dyn Run) -> Result<f64, PluginError> {
//!     let network = run.loss_network()?;
//!     let device = nn::device(&run.context().device)?;
//!     tch::manual_seed((stage_seed(run, "copier") >> 1) as i64);
//!     let variables = VarStore::new(device);
//!     let convolution = nn::conv2d(&variables.root(), 3, 3, 3, tch::nn::ConvConfig { padding: 1, ..Default::default() });
//!
//!     let images = run.samples("train")?;
//!     let (training, validation) = validation_split(images.len(), settings.validation_fraction, run.context().seed);
//!     let image = |index: &usize| samples::image(&images.sample(*index)?, "image");
//!     let validation = validation.iter().map(image).collect::<Result<Vec<_>, _>>()?;
//!     let source = SampleSource {
//!         samples: &*images,
//!         indices: training,
//!         seed: run.context().seed,
//!         loader: loader::LoaderOptions::of(run, settings.batch_size),
//!         prepare: |sample, _: &mut _| samples::image(&sample, "image"),
//!         collate: |images: Vec<_>| Ok(samples::batch(&images)?.to(device)),
//!     };
//!     let mut copier = Copier {
//!         variables,
//!         convolution,
//!         loss: PerceptualLoss::new(&*network, PerceptualKind::Mse, Reduction::Layers),
//!         validation: samples::batch(&validation)?.to(device),
//!     };
//!     let trained = train("copier", &mut copier, &source, settings, Goal::Minimize, run)?;
//!     Ok(trained.best_objective)
//! }
//! # // A run over images in memory.
//! # use lossnet_plugin_api::protocol::sample::{Field, ImageData, Sample};
//! # use lossnet_plugin_kit::testing::MemoryRun;
//! # let folder = tempfile::tempdir().unwrap();
//! # let sample = |index: u8| Sample {
//! #     id: index.to_string(),
//! #     group: String::new(),
//! #     fields: vec![("image".to_owned(), Field::Image(ImageData {
//! #         width: 8, height: 8, channels: 3, data: (0..192).map(|at| (at as u8).wrapping_mul(index)).collect(),
//! #     }))],
//! # };
//! # let memory = MemoryRun::new(folder.path()).unwrap().with_samples("train", (1..9).map(sample).collect());
//! # let settings = |epochs| TrainSettings { epochs, batch_size: 3, ..Default::default() };
//! # assert!(run(&settings(1), &memory).unwrap() > 0.0);
//! ```

mod adam;
mod checkpoint;
mod pictures;
mod progress;
mod settings;
mod source;
mod stage;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::formula::fnv1a;
use serde_json::Value;
use tch::Tensor;

use crate::image::Image;
use checkpoint::Checkpoints;

pub use settings::{Schedule, TrainSettings};
pub use source::{BatchSource, SampleSource, TensorSource, validation_split};

/// What is trained. `B` is a batch of whatever it learns from.
///
/// Its tensors must be the same from call to call: they are changed in place.
pub trait Trainee<B> {
    /// What the optimizer changes, by name.
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError>;

    /// What else makes up its state, such as running statistics of batch normalizations, by name.
    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(Vec::new())
    }

    /// Sets whether it is being trained or evaluated.
    fn set_training(&mut self, training: bool) -> Result<(), PluginError>;

    /// Called before each step, without gradients: to keep parameters within bounds.
    fn before_step(&mut self) -> Result<(), PluginError> {
        Ok(())
    }

    /// The loss of a batch.
    fn loss(&mut self, batch: B, at: &At) -> Result<Loss, PluginError>;

    /// How good it is, after each epoch; in evaluation mode and without gradients. What takes long asks the run between
    /// batches whether the user wants to stop ([`Run::check_cancelled`]): nothing of the epoch is lost.
    fn validate(&mut self, run: &dyn Run) -> Result<Validation, PluginError>;

    /// Whether the numbers of single steps become curves. Those of epochs always do: trainings of very many, very small
    /// steps are well enough described by them.
    fn records_steps(&self) -> bool {
        true
    }

    /// Pictures of what it can do by now, each with a plain name, such as reconstructions beside the images; in evaluation
    /// mode and without gradients. Asked for after the first epoch, then every
    /// [`picture_epochs`](TrainSettings::picture_epochs) epochs, and of the best weights at the end.
    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        Ok(Vec::new())
    }

    /// What it has to remember besides its tensors.
    fn state(&self) -> Value {
        Value::Null
    }

    /// Takes back what [`state`](Trainee::state) gave.
    fn restore(&mut self, _state: &Value) -> Result<(), PluginError> {
        Ok(())
    }
}

/// Where a training stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Steps done before this one.
    pub step: u64,
    /// A seed for this step and part of its batch. libtorch's generator is seeded with it already.
    pub seed: u64,
}

/// The loss of a batch.
#[derive(Debug)]
pub struct Loss {
    /// A single number, with its graph.
    pub loss: Tensor,
    /// Further numbers to be followed.
    pub scalars: Vec<(&'static str, Tensor)>,
}

impl From<Tensor> for Loss {
    fn from(loss: Tensor) -> Loss {
        Loss { loss, scalars: Vec::new() }
    }
}

/// How good a trainee is.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// What the best weights are chosen by.
    pub objective: f64,
    /// Further numbers to be followed.
    pub scalars: Vec<(String, f64)>,
}

impl Validation {
    /// Where there is nothing to validate with: for [`Goal::Last`].
    pub fn none() -> Validation {
        Validation { objective: 0.0, scalars: Vec::new() }
    }
}

impl From<f64> for Validation {
    fn from(objective: f64) -> Validation {
        Validation { objective, scalars: Vec::new() }
    }
}

/// Which objective is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The smaller one.
    Minimize,
    /// The larger one.
    Maximize,
    /// Neither: the weights after the last epoch count, and the objective is not looked at.
    Last,
}

impl Goal {
    fn better(self, new: f64, old: f64) -> bool {
        match self {
            Goal::Minimize => new < old,
            Goal::Maximize => new > old,
            Goal::Last => true,
        }
    }
}

/// How a training went.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The epoch, from 0, after which it was best.
    pub best_epoch: u64,
    /// The objective then.
    pub best_objective: f64,
    /// Epochs that were trained.
    pub epochs: u64,
    /// Steps that were made.
    pub steps: u64,
}

/// Trains `trainee`, or goes on with it where an interrupted run has left off, and leaves it with its best weights, in
/// evaluation mode.
///
/// `stage` names the training among those of the task: the folder of its checkpoints below the cell's, and the beginning
/// of its curves' names: `<stage>/step_loss` for each step, `<stage>/loss`, `<stage>/learning_rate` and
/// `<stage>/validation/…` for each epoch, at the step at its end. It must be a plain word. A stage that is complete is
/// not trained again.
///
/// Pictures become `<stage>-<name>-epoch-N.png` and, at the end, `<stage>-<name>.png` in the cell's folder.
///
/// libtorch's generator is seeded before each step. It is one for the whole process: two trainings at once would disturb
/// each other's dropout.
///
/// Fails as interrupted, with a checkpoint, when the user asks to stop; if a loss is not finite, with what is needed to
/// look into it in `<stage>-not-finite.json` in the cell's folder; if a checkpoint can't be written, with earlier ones
/// intact; and with the errors of the trainee.
pub fn train<B>(
    stage: &str,
    trainee: &mut dyn Trainee<B>,
    source: &dyn BatchSource<B>,
    settings: &TrainSettings,
    goal: Goal,
    run: &dyn Run,
) -> Result<Trained, PluginError> {
    stage::Stage::begin(stage, trainee, source, settings, goal, run)?.run()
}

/// Deletes the checkpoints of a stage that nobody needs any more. Without them it would be trained anew: to be called when
/// all that follows from it is done. Fails if a file can't be deleted.
pub fn discard(stage: &str, run: &dyn Run) -> Result<(), PluginError> {
    Checkpoints::new(run.context().cells[0].checkpoints.join(stage)).remove()
}

/// The seed of what is drawn for a stage before it begins, such as initial weights: the same at every attempt.
pub fn stage_seed(run: &dyn Run, stage: &str) -> u64 {
    source::mix(&[run.context().seed, fnv1a(stage), 0])
}
