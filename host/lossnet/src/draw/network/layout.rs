//! Where the boxes of a network's picture go.
//!
//! Nodes are gathered into boxes: an indexed layer that is a module shows its children (a block, a branch), any other node
//! is a box of its own. Boxes stand in rows by their longest way from the layer's begin, those of one row side by side; a
//! value that skips rows gets a place in each of them, so that its line has a way through.

use std::collections::HashMap;

use lossnet_plugin_protocol::graph::{Graph, NodeId};

/// More values than this that skip rows of a layer are drawn beside the boxes, as in dense blocks.
const MOST_PASSAGES: usize = 12;

/// An indexed layer, or a node behind the last one.
#[derive(Debug)]
pub(super) struct Group {
    /// Its index, if it has one.
    pub(super) index: Option<usize>,
    pub(super) name: String,
    pub(super) class: String,
    /// The node whose value it gives.
    pub(super) output: NodeId,
    /// The nodes in it.
    pub(super) nodes: std::ops::Range<usize>,
    /// Its boxes by row from top to bottom, each from left to right.
    pub(super) rows: Vec<Vec<Slot>>,
}

impl Group {
    /// Whether it has one part only, which is then all of it.
    pub(super) fn is_single(&self) -> bool {
        matches!(&self.rows[..], [row] if row.len() == 1)
    }
}

/// A place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// A box, by its position in [`Layout::units`].
    Unit(usize),
    /// A value from a box above on its way to a box below.
    Passage { from: usize, to: usize },
}

/// A box.
#[derive(Debug)]
pub(super) struct Unit {
    /// Name below the layer's, such as `branch2` of `inception3a.branch2`.
    pub(super) label: String,
    pub(super) name: String,
    pub(super) class: String,
    pub(super) output: NodeId,
    /// Boxes whose values it takes.
    pub(super) inputs: Vec<usize>,
    /// Which group it is in.
    pub(super) group: usize,
}

/// All boxes with their places.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) units: Vec<Unit>,
    pub(super) groups: Vec<Group>,
}

impl Layout {
    pub(super) fn of(graph: &Graph) -> Layout {
        let groups = groups(graph);
        let units = units(graph, &groups);
        let mut layout = Layout { units, groups };
        for group in 0..layout.groups.len() {
            layout.groups[group].rows = layout.rows(group);
        }
        layout
    }

    /// Whether a value's line goes through places of rows, rather than beside them.
    pub(super) fn has_passage(&self, from: usize, to: usize) -> bool {
        let group = &self.groups[self.units[to].group];
        group.rows.iter().flatten().any(|slot| *slot == Slot::Passage { from, to })
    }

    fn rows(&self, group: usize) -> Vec<Vec<Slot>> {
        let members: Vec<usize> =
            (0..self.units.len()).filter(|unit| self.units[*unit].group == group).collect();
        let mut row_of: HashMap<usize, usize> = HashMap::new();
        for unit in &members {
            let above = self.units[*unit].inputs.iter().filter_map(|input| row_of.get(input));
            let row = above.max().map_or(0, |row| row + 1);
            row_of.insert(*unit, row);
        }
        let mut rows: Vec<Vec<Slot>> = vec![Vec::new(); row_of.values().max().map_or(0, |last| last + 1)];
        for unit in &members {
            rows[row_of[unit]].push(Slot::Unit(*unit));
        }
        let inputs = |to: usize| self.units[to].inputs.iter().map(move |from| (*from, to));
        let skips: Vec<(usize, usize)> = members
            .iter()
            .flat_map(|to| inputs(*to))
            .filter(|(from, to)| row_of.get(from).map_or(row_of[to] > 0, |row| row_of[to] > row + 1))
            .collect();
        if skips.len() <= MOST_PASSAGES {
            for (from, to) in skips {
                let first = row_of.get(&from).map_or(0, |row| row + 1);
                for row in &mut rows[first..row_of[&to]] {
                    row.push(Slot::Passage { from, to });
                }
            }
        }
        self.sort(&mut rows);
        rows
    }

    /// Puts what follows from something below it, as far as that goes.
    fn sort(&self, rows: &mut [Vec<Slot>]) {
        let mut places: HashMap<Slot, f64> = HashMap::new();
        for row in rows {
            let place = |slot: &Slot| -> f64 {
                let above: Vec<f64> = match slot {
                    Slot::Passage { from, to } => {
                        let passage = places.get(&Slot::Passage { from: *from, to: *to });
                        passage.or_else(|| places.get(&Slot::Unit(*from))).copied().into_iter().collect()
                    }
                    Slot::Unit(unit) => self.units[*unit]
                        .inputs
                        .iter()
                        .filter_map(|from| {
                            let passage = places.get(&Slot::Passage { from: *from, to: *unit });
                            passage.or_else(|| places.get(&Slot::Unit(*from))).copied()
                        })
                        .collect(),
                };
                // What comes from outside the layer comes from its middle.
                if above.is_empty() { 0.5 } else { above.iter().sum::<f64>() / above.len() as f64 }
            };
            let mut placed: Vec<(f64, Slot)> = row.iter().map(|slot| (place(slot), *slot)).collect();
            placed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *row = placed.into_iter().map(|(_, slot)| slot).collect();
            let count = row.len() as f64;
            for (position, slot) in row.iter().enumerate() {
                places.insert(*slot, (position as f64 + 0.5) / count);
            }
        }
    }
}

fn groups(graph: &Graph) -> Vec<Group> {
    let mut groups = Vec::new();
    // The image itself is not a box.
    let mut next = 1;
    let mut add = |index, name: &str, class: &str, output: NodeId, next: usize| {
        let (name, class, nodes) = (name.to_owned(), class.to_owned(), next..(output.0 + 1).max(next));
        groups.push(Group { index, name, class, output, nodes, rows: Vec::new() });
    };
    for (index, name) in graph.layers.iter().enumerate() {
        let Some(output) = graph.find(name) else { continue };
        add(Some(index), name, graph.class_of(name).unwrap_or_default(), output, next);
        next = next.max(output.0 + 1);
    }
    for (position, node) in graph.nodes.iter().enumerate().skip(next) {
        add(None, &node.name, node.op.class(), NodeId(position), position);
    }
    groups
}

fn units(graph: &Graph, groups: &[Group]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    for (number, group) in groups.iter().enumerate() {
        let mut known: HashMap<String, usize> = HashMap::new();
        for position in group.nodes.clone() {
            let node = &graph.nodes[position];
            let name = unit_name(group, &node.name);
            let unit = *known.entry(name.clone()).or_insert_with(|| {
                let label = name.strip_prefix(&format!("{}.", group.name)).unwrap_or(&name).to_owned();
                let class = graph.class_of(&name).unwrap_or(node.op.class()).to_owned();
                units.push(Unit {
                    label,
                    name,
                    class,
                    output: NodeId(position),
                    inputs: Vec::new(),
                    group: number,
                });
                units.len() - 1
            });
            unit_of[position] = Some(unit);
            let output = graph.find(&units[unit].name).filter(|output| group.nodes.contains(&output.0));
            units[unit].output = output.unwrap_or(NodeId(position));
            for input in node.inputs.iter().filter_map(|input| unit_of[input.0]) {
                // A value that goes back to a box above, which modules with scattered nodes could have, has no line.
                if input < unit && !units[unit].inputs.contains(&input) {
                    units[unit].inputs.push(input);
                }
            }
        }
    }
    units
}

/// The box a node belongs to: the child of the layer that it is part of.
fn unit_name(group: &Group, node: &str) -> String {
    let below = node.strip_prefix(&group.name).and_then(|rest| rest.strip_prefix('.'));
    let child = below.map(|below| below.split('.').next().unwrap_or(below));
    child.map_or_else(|| node.to_owned(), |child| format!("{}.{child}", group.name))
}
