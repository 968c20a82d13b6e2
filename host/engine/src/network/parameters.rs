//! Where a network's parameters come from, and the check that they fit.

use std::collections::{HashMap, HashSet};

use lossnet_plugin_protocol::graph::{Graph, Parameter};
use regex::Regex;
use tch::Tensor;

use super::error::{BoxError, NetworkError, WeightsReport, torch};
use super::options::{CheckWeights, Options};

/// Named tensors of 32-bit floats: a weights file, or numbers drawn from a seed.
pub trait ParameterSource {
    /// The names of all tensors.
    fn names(&self) -> Vec<String>;

    /// A tensor's shape, empty for a scalar; `None` if there is no tensor of this name.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;

    /// A tensor's values in row-major order.
    fn values(&self, name: &str) -> Result<Vec<f32>, BoxError>;

    /// What to call them in a sentence: a file's path, or `random:SEED`.
    fn describe(&self) -> String {
        self.identity()
    }

    /// What identifies the values: a file's SHA-256, or `random:SEED`.
    fn identity(&self) -> String;
}

/// Reads parameters that are known to fit onto the device.
pub(super) struct Loader<'a> {
    source: &'a dyn ParameterSource,
    /// The name in the source of each parameter.
    source_names: HashMap<String, String>,
    loaded: HashMap<String, Tensor>,
    options: Options,
    left_out: WeightsReport,
}

/// The names under which a network's parameters may stand in a file, those of old files included.
#[derive(Debug)]
pub struct KnownNames {
    names: HashSet<String>,
    renames: Renames,
}

impl KnownNames {
    /// Those of a network.
    pub fn of(graph: &Graph) -> Result<KnownNames, NetworkError> {
        let names = graph.parameters().map(|(name, _, _)| name).collect();
        Ok(KnownNames { names, renames: Renames::compile(graph)? })
    }

    /// Whether a tensor of this name is a parameter.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name) || self.names.contains(&self.renames.apply(name))
    }
}

/// The outermost module of a parameter.
fn outermost(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether a parameter belongs to a module that only training uses.
fn is_auxiliary(graph: &Graph, name: &str) -> bool {
    graph
        .auxiliary
        .iter()
        .any(|module| name.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with('.')))
}

impl<'a> Loader<'a> {
    /// Compares the names and shapes of all tensors with the network's, before any value is read.
    pub(super) fn check(
        graph: &Graph,
        needed: &[bool],
        source: &'a dyn ParameterSource,
        options: &Options,
    ) -> Result<Self, NetworkError> {
        let mut report = WeightsReport { weights: source.describe(), ..WeightsReport::default() };
        let mut left_out = report.clone();
        let strict = options.check_weights == CheckWeights::All;
        let used: HashSet<String> = graph
            .parameters()
            .filter(|(_, node, _)| needed[node.0])
            .map(|(name, _, _)| outermost(&name).to_owned())
            .collect();
        let known: HashMap<String, Parameter> =
            graph.parameters().map(|(name, _, parameter)| (name, parameter)).collect();
        let mut source_names: HashMap<String, String> = HashMap::new();
        let renames = Renames::compile(graph)?;
        for old in source.names() {
            let name = if known.contains_key(&old) { old.clone() } else { renames.apply(&old) };
            if !known.contains_key(&name) {
                if !is_auxiliary(graph, &name) {
                    // Beside what the wanted layers use it tells that the network is another one.
                    let counts = strict || used.contains(outermost(&name));
                    if counts { &mut report } else { &mut left_out }.unused.push(old);
                }
            } else if source_names.insert(name.clone(), old).is_some() {
                report.ambiguous.push(name);
            }
        }
        let mut seen: HashSet<String> = HashSet::new();
        for (name, node, parameter) in graph.parameters() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let got = source_names.get(&name).and_then(|old| source.shape(old));
            let got: Option<Vec<i64>> = got.map(|shape| shape.into_iter().map(|size| size as i64).collect());
            let report = if strict || needed[node.0] { &mut report } else { &mut left_out };
            match got {
                None if parameter.required => report.missing.push(name),
                Some(got) if got != parameter.shape => {
                    report.misshaped.push((name, parameter.shape, got));
                }
                _ => {}
            }
        }
        if !report.is_empty() {
            return Err(report.into());
        }
        Ok(Loader { source, source_names, loaded: HashMap::new(), options: *options, left_out })
    }

    /// What does not fit and is not used.
    pub(super) fn left_out(&self) -> &WeightsReport {
        &self.left_out
    }

    /// Whether the parameters are to be trained.
    pub(super) fn trainable(&self) -> bool {
        self.options.trainable
    }

    /// How the network is to be built.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// A parameter on the CPU, as the source has it.
    pub(super) fn read(&self, name: &str, shape: &[i64]) -> Result<Tensor, NetworkError> {
        let old = self.source_names.get(name).map_or(name, String::as_str);
        let failed = |source: BoxError| NetworkError::Values {
            name: old.to_owned(),
            weights: self.source.identity(),
            source,
        };
        let values = self.source.values(old).map_err(failed)?;
        let expected: i64 = shape.iter().product();
        if values.len() as i64 != expected {
            return Err(failed(format!("it has {} values instead of {expected}", values.len()).into()));
        }
        Tensor::f_from_slice(&values)
            .and_then(|flat| flat.f_reshape(shape))
            .map_err(torch(format!("making the tensor `{name}`")))
    }

    /// A parameter on the device. In a trainable network all modules of the same name share it.
    pub(super) fn place(&mut self, name: &str, parameter: &Parameter) -> Result<Tensor, NetworkError> {
        if let Some(tensor) = self.loaded.get(name) {
            return Ok(tensor.shallow_clone());
        }
        let context = || torch(format!("taking the tensor `{name}` to the device"));
        let tensor = self.read(name, &parameter.shape)?.f_to(self.options.device).map_err(context())?;
        if self.options.trainable {
            let tensor = tensor.f_set_requires_grad(parameter.trained).map_err(context())?;
            self.loaded.insert(name.to_owned(), tensor.shallow_clone());
            return Ok(tensor);
        }
        Ok(tensor)
    }

    /// The trainable network's parameters and buffers, in the order of its nodes.
    pub(super) fn into_tensors(mut self, graph: &Graph, needed: &[bool]) -> (NamedTensors, NamedTensors) {
        let (mut trained, mut buffers) = (Vec::new(), Vec::new());
        for (name, node, parameter) in graph.parameters() {
            if !needed[node.0] {
                continue;
            }
            if let Some(tensor) = self.loaded.remove(&name) {
                let list = if parameter.trained { &mut trained } else { &mut buffers };
                list.push((name, tensor));
            }
        }
        (trained, buffers)
    }
}

/// Tensors by their published names.
type NamedTensors = Vec<(String, Tensor)>;

/// The graph's rules for names in old files.
#[derive(Debug)]
struct Renames(Vec<(Regex, String)>);

impl Renames {
    fn compile(graph: &Graph) -> Result<Self, NetworkError> {
        let compiled = graph.renames.iter().map(|rule| {
            let pattern = Regex::new(&rule.pattern).map_err(|source| NetworkError::Rename {
                pattern: rule.pattern.clone(),
                source: Box::new(source),
            })?;
            Ok((pattern, rule.replacement.clone()))
        });
        compiled.collect::<Result<_, NetworkError>>().map(Renames)
    }

    fn apply(&self, name: &str) -> String {
        self.0.iter().fold(name.to_owned(), |name, (pattern, replacement)| {
            pattern.replace_all(&name, replacement.as_str()).into_owned()
        })
    }
}
