//! Where a session's parameters come from.

use std::collections::BTreeMap;

use lossnet_core::weights::WeightsFile;
use lossnet_plugin_protocol::formula::parameter_values;
use lossnet_plugin_protocol::graph::Graph;

use crate::network::{BoxError, ParameterSource};

/// The tensors of a weights file.
#[derive(Debug)]
pub struct FileWeights {
    file: WeightsFile,
    sha256: String,
}

impl FileWeights {
    /// Takes a file that was opened, and reads it once for its checksum.
    pub fn new(file: WeightsFile) -> Result<FileWeights, lossnet_core::weights::WeightsError> {
        let sha256 = file.sha256()?;
        Ok(FileWeights { file, sha256 })
    }
}

impl ParameterSource for FileWeights {
    fn names(&self) -> Vec<String> {
        self.file.names().map(str::to_owned).collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.file.shape(name).map(|shape| shape.iter().map(|&size| size as usize).collect())
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, BoxError> {
        Ok(self.file.to_f32(name)?)
    }

    fn describe(&self) -> String {
        self.file.path().display().to_string()
    }

    fn identity(&self) -> String {
        self.sha256.clone()
    }
}

/// The weights of a backbone that has no parameters.
#[derive(Clone, Copy, Debug)]
pub struct NoWeights;

impl ParameterSource for NoWeights {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn shape(&self, _name: &str) -> Option<Vec<usize>> {
        None
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, BoxError> {
        Err(format!("there is no parameter `{name}` where there are no weights").into())
    }

    fn describe(&self) -> String {
        self.identity()
    }

    fn identity(&self) -> String {
        "none".to_owned()
    }
}

/// Parameters drawn from a seed by the formula that tests in other languages share.
#[derive(Debug)]
pub struct RandomWeights {
    seed: u64,
    shapes: BTreeMap<String, Vec<i64>>,
}

impl RandomWeights {
    /// For all parameters of a network.
    pub fn new(seed: u64, graph: &Graph) -> RandomWeights {
        let shapes = graph.parameters().map(|(name, _, parameter)| (name, parameter.shape)).collect();
        RandomWeights { seed, shapes }
    }
}

impl ParameterSource for RandomWeights {
    fn names(&self) -> Vec<String> {
        self.shapes.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.shapes.get(name).map(|shape| shape.iter().map(|&size| size as usize).collect())
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, BoxError> {
        let shape = self.shapes.get(name).map(Vec::as_slice).unwrap_or_default();
        Ok(parameter_values(self.seed, name, shape))
    }

    fn describe(&self) -> String {
        self.identity()
    }

    fn identity(&self) -> String {
        format!("random:{}", self.seed)
    }
}
