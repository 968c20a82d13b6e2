//! Writes a [`Graph`] down in the order in which the network runs.

use std::collections::{HashMap, HashSet};

use super::op::{BatchNorm2d, Conv2d, Op, Pool2d};
use super::{Graph, GraphError, Module, Node, NodeId, Rename, shape};

/// Builds a [`Graph`]; the first mistake is kept and returned by [`GraphBuilder::finish`].
///
/// ```
/// use lossnet_plugin_protocol::graph::{Conv2d, GraphBuilder, Pool2d};
///
/// let mut net = GraphBuilder::new();
/// let image = net.input();
/// net.module("features", "Sequential", |net| {
///     let x = net.conv("0", image, Conv2d::new(16, 3).padding(1));
///     let x = net.relu("1", x);
///     net.max_pool("2", x, Pool2d::new(2, 2))
/// });
/// net.layers(["features.0", "features.1", "features.2"]);
/// let graph = net.finish()?;
/// assert_eq!(graph.shapes(64, 64)?[3].to_string(), "16×32×32");
/// # Ok::<(), lossnet_plugin_protocol::graph::GraphError>(())
/// ```
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    names: HashSet<String>,
    /// How often names were used that may be used again.
    uses: HashMap<String, usize>,
    scope: Vec<String>,
    channels: Vec<Option<i64>>,
    fault: Option<GraphError>,
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl GraphBuilder {
    /// A network of RGB images.
    pub fn new() -> Self {
        let input =
            Node { name: "x".to_owned(), module: None, op: Op::Input { channels: 3 }, inputs: Vec::new() };
        GraphBuilder {
            graph: Graph { nodes: vec![input], ..Graph::default() },
            names: HashSet::from(["x".to_owned()]),
            uses: HashMap::new(),
            scope: Vec::new(),
            channels: vec![Some(3)],
            fault: None,
        }
    }

    /// The image: N×3×H×W.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// The number of channels of a node's value; 0 where only a size could tell.
    pub fn channels(&self, node: NodeId) -> i64 {
        self.channels[node.0].unwrap_or(0)
    }

    /// A group of nodes: what `build` adds is named below `name`, and the group's value is what `build` returns.
    pub fn module(&mut self, name: &str, class: &str, build: impl FnOnce(&mut Self) -> NodeId) -> NodeId {
        self.scope.push(name.to_owned());
        let output = build(self);
        let full = self.scope.join(".");
        self.scope.pop();
        self.claim(&full);
        self.graph.modules.push(Module { name: full, class: class.to_owned(), output });
        output
    }

    /// Any operation done by a module, named inside the current group. The second use of a name, for
    /// modules without parameters, gets `_1`, the third `_2`, and so on.
    pub fn apply(&mut self, name: &str, op: Op, inputs: &[NodeId]) -> NodeId {
        let module = self.qualify(name);
        self.add(module.clone(), Some(module), op, inputs)
    }

    /// An operation done by a plain function, which has no module of its own.
    pub fn call(&mut self, name: &str, op: Op, inputs: &[NodeId]) -> NodeId {
        let name = self.qualify(name);
        self.add(name, None, op, inputs)
    }

    /// A convolution; its input channels are those of `x`.
    pub fn conv(&mut self, name: &str, x: NodeId, conv: Conv2d) -> NodeId {
        let in_channels = self.channels(x);
        self.apply(name, Op::Conv2d(Conv2d { in_channels, ..conv }), &[x])
    }

    /// A batch normalization; its channels are those of `x`.
    pub fn batch_norm(&mut self, name: &str, x: NodeId, norm: BatchNorm2d) -> NodeId {
        let channels = self.channels(x);
        self.apply(name, Op::BatchNorm2d(BatchNorm2d { channels, ..norm }), &[x])
    }

    /// A rectified linear unit.
    pub fn relu(&mut self, name: &str, x: NodeId) -> NodeId {
        self.apply(name, Op::Relu, &[x])
    }

    /// A maximum pooling.
    pub fn max_pool(&mut self, name: &str, x: NodeId, pool: Pool2d) -> NodeId {
        self.apply(name, Op::MaxPool2d(pool), &[x])
    }

    /// A mean pooling.
    pub fn avg_pool(&mut self, name: &str, x: NodeId, pool: Pool2d) -> NodeId {
        self.apply(name, Op::AvgPool2d(pool), &[x])
    }

    /// A fully connected layer with bias.
    pub fn linear(&mut self, name: &str, x: NodeId, in_features: i64, out_features: i64) -> NodeId {
        self.apply(name, Op::Linear { in_features, out_features, bias: true }, &[x])
    }

    /// The sum of two values, named `add`.
    pub fn add_values(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.call("add", Op::Add, &[a, b])
    }

    /// The values one after the other along the channels, named `cat`.
    pub fn concat(&mut self, values: &[NodeId]) -> NodeId {
        self.call("cat", Op::Concat, values)
    }

    /// The indexed layers, in order, by full name.
    pub fn layers<S: Into<String>>(&mut self, names: impl IntoIterator<Item = S>) {
        self.graph.layers = names.into_iter().map(Into::into).collect();
    }

    /// Gives an indexed layer another name, under which papers and other libraries know it.
    pub fn alias(&mut self, alias: &str, layer: &str) {
        self.graph.aliases.insert(alias.to_owned(), layer.to_owned());
    }

    /// The names of the modules directly below `parent` (the network itself if none), in the order in which
    /// the network runs them.
    pub fn children(&self, parent: Option<&str>) -> Vec<String> {
        let prefix = parent.map_or(String::new(), |parent| format!("{parent}."));
        let mut children: Vec<String> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        for node in &self.graph.nodes {
            let Some(rest) = node.module.as_deref().and_then(|module| module.strip_prefix(&prefix)) else {
                continue;
            };
            let child = format!("{prefix}{}", rest.split('.').next().unwrap_or(rest));
            if seen.insert(child.clone()) {
                children.push(child);
            }
        }
        children
    }

    /// Weight files with names that match `pattern` are read as if they had `replacement`.
    pub fn rename(&mut self, pattern: &str, replacement: &str) {
        let rename = Rename { pattern: pattern.to_owned(), replacement: replacement.to_owned() };
        self.graph.renames.push(rename);
    }

    /// Names modules that only training uses: weight files may have parameters for them.
    pub fn auxiliary<S: Into<String>>(&mut self, modules: impl IntoIterator<Item = S>) {
        self.graph.auxiliary = modules.into_iter().map(Into::into).collect();
    }

    /// The finished graph, or the first mistake in it.
    pub fn finish(self) -> Result<Graph, GraphError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.graph.validate()?;
        Ok(self.graph)
    }

    fn qualify(&self, name: &str) -> String {
        if self.scope.is_empty() { name.to_owned() } else { format!("{}.{name}", self.scope.join(".")) }
    }

    fn claim(&mut self, name: &str) {
        if !self.names.insert(name.to_owned()) && self.fault.is_none() {
            self.fault = Some(GraphError::DuplicateName(name.to_owned()));
        }
    }

    fn add(&mut self, name: String, module: Option<String>, op: Op, inputs: &[NodeId]) -> NodeId {
        let name = if op.parameters().is_empty() { self.unused(name) } else { name };
        self.claim(&name);
        let node = Node { name, module, op, inputs: inputs.to_vec() };
        let inputs: Vec<Option<i64>> = inputs.iter().map(|input| self.channels[input.0]).collect();
        let channels = shape::channels_of(&node, &inputs).unwrap_or_else(|fault| {
            self.fault.get_or_insert(fault);
            None
        });
        self.graph.nodes.push(node);
        self.channels.push(channels);
        NodeId(self.graph.nodes.len() - 1)
    }

    fn unused(&mut self, name: String) -> String {
        if !self.names.contains(&name) {
            return name;
        }
        let count = self.uses.entry(name.clone()).or_insert(0);
        loop {
            *count += 1;
            let next = format!("{name}_{count}");
            if !self.names.contains(&next) {
                return next;
            }
        }
    }
}
