//! Runs and loss networks for the tests of tasks: nothing of a host is needed.

mod conv_network;
mod network_parts;
mod normalized_network;
mod recomputed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, Run, Samples, Services, torch_error};
use lossnet_plugin_api::protocol::formula::{parameter_values, uniform};
use lossnet_plugin_api::protocol::report::{
    CellContext, Column, Metric, Progress, Report, RunContext, SampleRows, TestData,
};
use lossnet_plugin_api::protocol::sample::{FetchRequest, Sample};
use serde_json::{Map, Value};
use tch::Tensor;

use crate::train::BatchSource;

pub use conv_network::ConvLossNetwork;
pub use normalized_network::NormalizedLossNetwork;
pub use recomputed::recomputed;

/// Which loss network a task asks a run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// [`Run::loss_network`].
    Frozen,
    /// [`Run::trainable_network`], with the seed of random weights.
    Trainable(Option<u64>),
}

/// Makes the loss networks of a [`MemoryRun`].
type MakeNetwork = Box<dyn Fn(Wanted) -> Result<Box<dyn LossNetwork>, PluginError> + Send + Sync>;

/// A run of one cell over samples in memory, with a [`ConvLossNetwork`] or another, that keeps what is reported.
pub struct MemoryRun {
    context: RunContext,
    samples: BTreeMap<String, Arc<Vec<Sample>>>,
    recorded: BTreeMap<String, SampleRows>,
    reports: Mutex<Vec<Report>>,
    notices: Mutex<Vec<String>>,
    /// Times that [`Services::cancelled`] is answered with no.
    patience: AtomicUsize,
    network: MakeNetwork,
}

impl std::fmt::Debug for MemoryRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryRun").field("context", &self.context).finish_non_exhaustive()
    }
}

impl MemoryRun {
    /// A run on the CPU whose cell's logs and checkpoints go into this folder, with seed 0.
    ///
    /// Fails if the folders can't be made.
    pub fn new(folder: &Path) -> std::io::Result<MemoryRun> {
        let cell = CellContext {
            id: "0123456789abcdef".to_owned(),
            config: Map::new(),
            folder: folder.join("logs"),
            checkpoints: folder.join("checkpoints"),
            recorded: Vec::new(),
        };
        std::fs::create_dir_all(&cell.folder)?;
        let context = RunContext {
            cells: vec![cell],
            device: "cpu".to_owned(),
            batch_size: 8,
            short_of_memory: false,
            num_workers: 2,
            seed: 0,
            splits: Vec::new(),
            known_splits: Vec::new(),
            asks_people: false,
            test: Vec::new(),
        };
        Ok(MemoryRun {
            context,
            samples: BTreeMap::new(),
            recorded: BTreeMap::new(),
            reports: Mutex::default(),
            notices: Mutex::default(),
            patience: AtomicUsize::new(usize::MAX),
            network: Box::new(|wanted| {
                let (seed, trainable) = match wanted {
                    Wanted::Frozen => (0, false),
                    Wanted::Trainable(random) => (random.unwrap_or(0), true),
                };
                Ok(Box::new(ConvLossNetwork::new(seed, trainable)?))
            }),
        })
    }

    /// The same with the samples of a split: of the main dataset, or of another one as `label:split`.
    #[must_use]
    pub fn with_samples(mut self, split: &str, samples: Vec<Sample>) -> MemoryRun {
        match split.split_once(':') {
            None => {
                self.context.splits.push(split.to_owned());
                self.context.known_splits.push(split.to_owned());
            }
            Some((label, part)) => match self.context.test.iter_mut().find(|data| data.label == label) {
                Some(data) => data.splits.push(part.to_owned()),
                None => self.context.test.push(TestData {
                    label: label.to_owned(),
                    dataset: "memory".to_owned(),
                    splits: vec![part.to_owned()],
                    asks_people: false,
                }),
            },
        }
        self.samples.insert(split.to_owned(), Arc::new(samples));
        self
    }

    /// The same with judgements that were asked of people, in all datasets that are there.
    #[must_use]
    pub fn asking_people(mut self) -> MemoryRun {
        self.context.asks_people = true;
        self.context.test.iter_mut().for_each(|data| data.asks_people = true);
        self
    }

    /// The same after an interrupted run that has recorded these scores.
    #[must_use]
    pub fn with_recorded(mut self, rows: SampleRows) -> MemoryRun {
        let recorded = &mut self.context.cells[0].recorded;
        recorded.push((rows.split.clone(), rows.len() as u64));
        self.recorded.insert(rows.split.clone(), rows);
        self
    }

    /// The same with only these splits to be evaluated, of those that there are.
    #[must_use]
    pub fn with_splits(mut self, splits: &[&str]) -> MemoryRun {
        self.context.splits = splits.iter().map(|&split| split.to_owned()).collect();
        self
    }

    /// The same with this config of its cell.
    #[must_use]
    pub fn with_config(mut self, config: Map<String, Value>) -> MemoryRun {
        self.context.cells[0].config = config;
        self
    }

    /// The same with a cell more, of this config, whose folders are beside the first one's.
    #[must_use]
    pub fn with_another_cell(mut self, config: Map<String, Value>) -> MemoryRun {
        let number = self.context.cells.len();
        let first = &self.context.cells[0];
        let beside = |path: &Path, name: &str| path.with_file_name(format!("{name}-{number}"));
        let cell = CellContext {
            id: format!("{number:016x}"),
            config,
            folder: beside(&first.folder, "logs"),
            checkpoints: beside(&first.checkpoints, "checkpoints"),
            recorded: Vec::new(),
        };
        self.context.cells.push(cell);
        self
    }

    /// The same with other loss networks.
    #[must_use]
    pub fn with_networks(
        self,
        make: impl Fn(Wanted) -> Result<Box<dyn LossNetwork>, PluginError> + Send + Sync + 'static,
    ) -> MemoryRun {
        MemoryRun { network: Box::new(make), ..self }
    }

    /// The same with batches of another size, where a task's settings don't say it.
    #[must_use]
    pub fn with_batch_size(mut self, batch_size: usize) -> MemoryRun {
        self.context.batch_size = batch_size;
        self
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> MemoryRun {
        self.context.seed = seed;
        self
    }

    /// The user asks to stop after that many questions whether to.
    #[must_use]
    pub fn cancelled_after(self, questions: usize) -> MemoryRun {
        self.patience.store(questions, Ordering::SeqCst);
        self
    }

    /// The folder of the cell's logs.
    pub fn folder(&self) -> PathBuf {
        self.context.cells[0].folder.clone()
    }

    /// All that was reported.
    pub fn reports(&self) -> Vec<Report> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that the user was told.
    pub fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The results.
    pub fn metrics(&self) -> Vec<Metric> {
        let metric = |report| match report {
            Report::Metric(metric) => Some(metric),
            _ => None,
        };
        self.reports().into_iter().filter_map(metric).collect()
    }

    /// The points of a curve: step and value.
    pub fn curve(&self, name: &str) -> Vec<(u64, f64)> {
        let point = |report| match report {
            Report::Scalar(scalar) if scalar.name == name => Some((scalar.step, scalar.value)),
            _ => None,
        };
        self.reports().into_iter().filter_map(point).collect()
    }
}

/// The points of a stage's curves that count after all of its attempts, as a host keeps them: name, step and value.
pub fn kept_curves(attempts: &[&MemoryRun]) -> Vec<(String, u64, f64)> {
    let mut kept: Vec<(String, u64, f64)> = Vec::new();
    for report in attempts.iter().flat_map(|run| run.reports()) {
        match report {
            Report::Resume { step, .. } => kept.retain(|(_, at, _)| *at <= step),
            Report::Scalar(scalar) => kept.push((scalar.name, scalar.step, scalar.value)),
            _ => {}
        }
    }
    kept
}

struct Listed(Arc<Vec<Sample>>);

impl Samples for Listed {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        self.0.get(index).cloned().ok_or_else(|| PluginError::run(format!("there is no sample {index}")))
    }
}

impl Run for MemoryRun {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn samples(&self, split: &str) -> Result<Box<dyn Samples>, PluginError> {
        match self.samples.get(split) {
            Some(samples) => Ok(Box::new(Listed(Arc::clone(samples)))),
            None => Err(PluginError::input(format!("there is no split `{split}`"))),
        }
    }

    fn loss_network(&self) -> Result<Box<dyn LossNetwork>, PluginError> {
        (self.network)(Wanted::Frozen)
    }

    fn trainable_network(&self, random: Option<u64>) -> Result<Box<dyn LossNetwork>, PluginError> {
        (self.network)(Wanted::Trainable(random))
    }

    fn report(&self, _cell: usize, report: &Report) -> Result<(), PluginError> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).push(report.clone());
        Ok(())
    }

    fn recorded(&self, _: usize, split: &str, first: u64, count: u64) -> Result<SampleRows, PluginError> {
        let Some(rows) = self.recorded.get(split) else {
            return Ok(SampleRows { split: split.to_owned(), ..SampleRows::default() });
        };
        let range = (first as usize).min(rows.len())..((first + count) as usize).min(rows.len());
        let part = |column: &Column| Column {
            name: column.name.clone(),
            values: column.values[range.clone()].to_vec(),
        };
        Ok(SampleRows {
            split: split.to_owned(),
            groups: rows.groups[range.clone()].to_vec(),
            ids: rows.ids[range.clone()].to_vec(),
            columns: rows.columns.iter().map(part).collect(),
        })
    }
}

impl Services for MemoryRun {
    fn fetch(&self, request: &FetchRequest) -> Result<(), PluginError> {
        Err(PluginError::input(format!("{} can't be fetched in a test", request.url)))
    }

    fn unpack(&self, archive: &Path, _into: &Path) -> Result<(), PluginError> {
        Err(PluginError::input(format!("{} can't be unpacked in a test", archive.display())))
    }

    fn notice(&self, message: &str) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
    }

    fn progress(&self, _progress: &Progress) {}

    fn cancelled(&self) -> bool {
        let left = self.patience.load(Ordering::SeqCst);
        if left != usize::MAX {
            self.patience.store(left.saturating_sub(1), Ordering::SeqCst);
        }
        left == 0
    }
}

/// Training examples that are made from the epoch: one batch each, so that every step of a short training sees another
/// one, as the programs do that made the curves to compare with.
pub struct EpochBatches<F> {
    /// Examples in a batch.
    pub examples: usize,
    /// Makes the batch of an epoch.
    pub make: F,
}

impl<F> std::fmt::Debug for EpochBatches<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EpochBatches").field("examples", &self.examples).finish_non_exhaustive()
    }
}

impl<B, F: Fn(u64) -> Result<B, PluginError>> BatchSource<B> for EpochBatches<F> {
    fn len(&self) -> usize {
        self.examples
    }

    /// Fails if the training's batches are smaller than all examples.
    fn for_each(
        &self,
        epoch: u64,
        batches: &[Vec<usize>],
        consume: &mut dyn FnMut(B) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        match batches {
            [] => Ok(()),
            [batch] if batch.len() == self.examples => consume((self.make)(epoch)?),
            _ => Err(PluginError::run("the batch size must be the number of examples")),
        }
    }
}

/// Fills each tensor with the shared formula's values for its name and shape, in place and without a graph.
pub fn set_parameters(tensors: &[(String, Tensor)], seed: u64) -> Result<(), PluginError> {
    tch::no_grad(|| {
        for (name, tensor) in tensors {
            let shape = tensor.size();
            let values = Tensor::f_from_slice(&parameter_values(seed, name, &shape))
                .and_then(|values| values.f_reshape(&shape))
                .map_err(torch_error)?;
            tensor.shallow_clone().f_copy_(&values).map_err(torch_error)?;
        }
        Ok(())
    })
}

/// A batch of images made by the shared formula, in [0, 1]: N×C×H×W for `shape`.
pub fn formula_images(seed: u64, name: &str, shape: &[i64]) -> Result<Tensor, PluginError> {
    let count = shape.iter().product::<i64>().max(0) as usize;
    let values: Vec<f32> = uniform(seed, name, count).map(|value| f32::midpoint(value, 1.0)).collect();
    Tensor::f_from_slice(&values).and_then(|values| values.f_reshape(shape)).map_err(torch_error)
}
