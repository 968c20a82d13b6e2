//! A network as data: named nodes whose parameter names are those of the published weight files.
//!
//! A backbone plugin describes its network with a [`GraphBuilder`]; the host runs the description. Because the
//! description can be looked into, any node can be an extraction layer, only what the deepest requested layer
//! needs is built, and a frozen network can be simplified without the plugin's help.

mod builder;
pub mod cost;
pub mod op;
pub mod shape;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::manifest::LayerName;

pub use builder::GraphBuilder;
pub use op::{BatchNorm2d, Conv2d, Op, Parameter, Pool2d, Size2};
pub use shape::Shape;

/// The position of a node in [`Graph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub usize);

/// A described network. Nodes stand in an order in which they can be run; the first one is the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// The operations, each after those whose values it takes.
    pub nodes: Vec<Node>,
    /// Named groups of nodes, such as `layer1.0`, each with the node whose value it returns.
    #[serde(default)]
    pub modules: Vec<Module>,
    /// The indexed layers: names of nodes or modules, in the order of the reference's layer indices.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Other names of indexed layers, which the literature uses: `relu3_3` for `features.15`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, String>,
    /// How names in old weight files become those of this graph.
    #[serde(default)]
    pub renames: Vec<Rename>,
    /// Modules that only training uses, such as auxiliary classifiers: not part of the network here, but a weights
    /// file may have parameters below these names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auxiliary: Vec<String>,
}

/// One operation with its place in the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Unique dotted name as `torchvision.models.feature_extraction` spells it: the module's name, with `_1`,
    /// `_2`, … for the second, third, … use of the same module; `add`, `cat`, … for functions.
    pub name: String,
    /// The module that does it, which is also the prefix of its parameters' names. None for a plain function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// What it does.
    #[serde(flatten)]
    pub op: Op,
    /// The nodes whose values it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<NodeId>,
}

/// A named group of nodes whose value is that of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Dotted name, such as `layer1.0`.
    pub name: String,
    /// The class's name in the published implementation, such as `BasicBlock`.
    pub class: String,
    /// The node whose value the module returns.
    pub output: NodeId,
}

/// A rule that turns a parameter name of an old weights file into this graph's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// A regular expression (in the syntax of the crate `regex`) that matches the old name.
    pub pattern: String,
    /// The new name; `$1`, `${2}` stand for the pattern's groups.
    pub replacement: String,
}

/// Why a graph is not one that can be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two nodes or modules have the same name.
    #[error("the name `{0}` is given to two nodes or modules")]
    DuplicateName(String),
    /// A node takes a value that does not stand before it.
    #[error("node `{node}` takes node {input}, which does not come before it")]
    NotOrdered {
        /// The node's name.
        node: String,
        /// The input's position.
        input: usize,
    },
    /// A node takes another number of values than its operation does.
    #[error("node `{node}` ({class}) takes {got} values instead of {expected}")]
    Arity {
        /// The node's name.
        node: String,
        /// Its operation.
        class: &'static str,
        /// How many it takes.
        got: usize,
        /// How many it should take.
        expected: usize,
    },
    /// The shapes or settings do not fit.
    #[error("node `{node}` ({class}): {reason}")]
    Shape {
        /// The node's name.
        node: String,
        /// Its operation.
        class: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// An indexed layer names nothing in the graph.
    #[error("the indexed layer `{0}` is not a node or module of the graph")]
    UnknownLayer(String),
    /// Another name of a layer is a name already, or is given to what is not an indexed layer.
    #[error(
        "the name `{0}` can't be another name of an indexed layer: it is taken, or there is no such layer"
    )]
    Alias(String),
    /// There is no image to begin with, or a second one later.
    #[error("a graph begins with exactly one input node")]
    Input,
}

impl Graph {
    /// The node a dotted name or an alias stands for: a node itself, or the output of a module.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        if let Some(index) = self.nodes.iter().position(|node| node.name == name) {
            return Some(NodeId(index));
        }
        self.modules.iter().find(|module| module.name == name).map(|module| module.output)
    }

    /// The class of what a dotted name stands for, such as `Conv2d` or `BasicBlock`.
    pub fn class_of(&self, name: &str) -> Option<&str> {
        if let Some(module) = self.modules.iter().find(|module| module.name == name) {
            return Some(&module.class);
        }
        self.nodes.iter().find(|node| node.name == name).map(|node| node.op.class())
    }

    /// The classes of all names, as [`class_of`](Self::class_of) gives them one by one.
    pub fn classes(&self) -> HashMap<&str, &str> {
        let nodes = self.nodes.iter().map(|node| (node.name.as_str(), node.op.class()));
        nodes.chain(self.modules.iter().map(|module| (module.name.as_str(), module.class.as_str()))).collect()
    }

    /// The indexed layers with their classes and other names.
    pub fn indexed_layers(&self) -> Vec<LayerName> {
        let classes = self.classes();
        let mut aliases: HashMap<&str, Vec<String>> = HashMap::new();
        for (alias, of) in &self.aliases {
            aliases.entry(of).or_default().push(alias.clone());
        }
        let layer = |name: &String| LayerName {
            name: name.clone(),
            class: classes.get(name.as_str()).copied().unwrap_or_default().to_owned(),
            aliases: aliases.get(name.as_str()).cloned().unwrap_or_default(),
        };
        self.layers.iter().map(layer).collect()
    }

    /// The node with this id.
    ///
    /// # Panics
    /// If the id is not from this graph.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// All names that can be asked for, nodes first, without the image itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let nodes = self.nodes.iter().skip(1).map(|node| node.name.as_str());
        nodes.chain(self.modules.iter().map(|module| module.name.as_str()))
    }

    /// For each node whether one of `wanted` needs it.
    pub fn needed_by(&self, wanted: &[NodeId]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        for id in wanted {
            needed[id.0] = true;
        }
        for index in (0..self.nodes.len()).rev() {
            if needed[index] {
                for input in &self.nodes[index].inputs {
                    needed[input.0] = true;
                }
            }
        }
        needed
    }

    /// All parameters as (full name, node, parameter), in the order of the nodes.
    pub fn parameters(&self) -> impl Iterator<Item = (String, NodeId, Parameter)> + '_ {
        self.nodes.iter().enumerate().flat_map(|(index, node)| {
            let prefix = node.module.as_deref().unwrap_or(&node.name);
            node.op
                .parameters()
                .into_iter()
                .map(move |parameter| (format!("{prefix}.{}", parameter.name), NodeId(index), parameter))
        })
    }

    /// Checks everything that does not depend on the image's size: order, names, arity, channels, layers.
    /// A graph that came from a plugin is checked before it is used.
    pub fn validate(&self) -> Result<(), GraphError> {
        let mut names: HashSet<&str> = HashSet::new();
        let all = self.nodes.iter().map(|n| &n.name).chain(self.modules.iter().map(|m| &m.name));
        for name in all {
            if !names.insert(name) {
                return Err(GraphError::DuplicateName(name.clone()));
            }
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if matches!(node.op, Op::Input { .. }) != (index == 0) {
                return Err(GraphError::Input);
            }
            if let Some(input) = node.inputs.iter().find(|input| input.0 >= index) {
                return Err(GraphError::NotOrdered { node: node.name.clone(), input: input.0 });
            }
            let (got, expected) = (node.inputs.len(), node.op.arity().unwrap_or(node.inputs.len().max(1)));
            if got != expected {
                let (node, class) = (node.name.clone(), node.op.class());
                return Err(GraphError::Arity { node, class, got, expected });
            }
        }
        if self.nodes.is_empty() {
            return Err(GraphError::Input);
        }
        if let Some(module) = self.modules.iter().find(|module| module.output.0 >= self.nodes.len()) {
            return Err(GraphError::UnknownLayer(module.name.clone()));
        }
        if let Some(layer) = self.layers.iter().find(|layer| !names.contains(layer.as_str())) {
            return Err(GraphError::UnknownLayer(layer.clone()));
        }
        let wrong = |(alias, layer): &(&String, &String)| {
            names.contains(alias.as_str()) || !self.layers.iter().any(|known| known == *layer)
        };
        if let Some((alias, _)) = self.aliases.iter().find(wrong) {
            return Err(GraphError::Alias(alias.clone()));
        }
        shape::channels(self).map(drop)
    }
}

impl From<GraphError> for crate::PluginError {
    fn from(error: GraphError) -> Self {
        crate::PluginError::run(format!("the network's description is wrong: {error}"))
    }
}
